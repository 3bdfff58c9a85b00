#include "cli/table_writer.hpp"

#include "tests/cli/sample_report.hpp"
#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

using test::contains;
using test::unwrapped;

const Style kPlain{80, false};

TEST(WriteTable, FitsIntoEightyColumns) {
  test::expect_no_wider(write_table(test::sample_report(), kPlain), 80);
  test::expect_no_wider(write_table(test::report_with_refusals(), kPlain), 80);
  test::expect_no_wider(write_table(test::report_of_nothing(), kPlain), 80);
  Question q = test::question(test::qwen25_14b(), 999'999, 987'654'321);
  q.work.global_batch = 1'000'000;
  q.model.name = std::string(60, 'x');
  test::expect_no_wider(write_table(test::answer(q), kPlain), 80);
}

TEST(WriteTable, NarrowTerminalsGetMoreBlocks) {
  const std::string table = write_table(test::sample_report(), Style{54, false});
  test::expect_no_wider(table, 54);
  for (const Strategy s : kStrategies) EXPECT_TRUE(contains(table, std::string(name(s))));
}

// In columns of 13, broken behind the last underscore that leaves room for a gap.
TEST(WriteTable, LongNamesTakeTwoLines) {
  Question q = test::question(test::llama_7b(), 8, 65536);
  q.strategies = {Strategy::cp_all_gather, Strategy::tensor_parallel, Strategy::ring};
  const std::string table = write_table(test::answer(q), kPlain);
  EXPECT_TRUE(contains(table, "      cp_all_      tensor_\n")) << table;
  EXPECT_TRUE(contains(table, "       gather     parallel         ring\n"));
}

TEST(WriteTable, ShowsThePapersCountsBesideTheBytes) {
  const std::string table = unwrapped(write_table(test::sample_report(), kPlain));
  // GiB sent forward: Ulysses 1040187392 / 2^30 = 0.969, Megatron-SP 33285996544 / 2^30 = 31.0, ring over 64
  // 16911433728 / 2^30 = 15.8, USP 32 x 2 (520093696 + 268435456) / 2^30 = 0.734
  EXPECT_TRUE(contains(table, "forward sends, GiB 0.969 31.0 15.8 0.734")) << table;
  // 4Nh/P = 0.537e9, 4Nh = 17.2e9, ring 2N a_kv d = 8.59e9, USP 4Nh/64 + 2Nh/32 = 0.268e9 + 0.268e9
  EXPECT_TRUE(contains(table, "paper's elements, 10^9 0.537 17.2 8.59 0.537")) << table;
  EXPECT_TRUE(contains(table, "paper's formula 4Nh/P 4Nh 2N*a_kv*d 4Nh/P + ring"));
}

TEST(WriteTable, NamesIdleGpusAndWhatWouldUseThem) {
  const std::string table = unwrapped(write_table(test::sample_report(), kPlain));
  EXPECT_TRUE(contains(table, "GPUs idle 32 32 0 0")) << table;
  EXPECT_TRUE(contains(table,
                       "ulysses: 32 of 64 GPUs are idle (32 query heads allow no more) and paid for; "
                       "--global-batch 2 (dp 2) uses 64"))
      << table;
}

TEST(WriteTable, RefusedRowsGiveReasonAndWayOut) {
  const std::string table = write_table(test::report_with_refusals(), kPlain);
  EXPECT_TRUE(contains(table, "ring and usp are refused (ring.flash): ")) << table;
  EXPECT_TRUE(contains(table, "  instead: take --attention flash"));
  EXPECT_TRUE(contains(table, "refused      refused\n"));
}

TEST(WriteTable, SaysNoWhereItDoesNotFit) {
  const Report report = test::answer(test::question(test::llama_7b(), 1, 1048576));
  const std::string table = unwrapped(write_table(report, kPlain));
  EXPECT_TRUE(contains(table, "fits NO")) << table;
}

TEST(WriteTable, ColorOnlyRepeatsTheWords) {
  const Report report = test::sample_report();
  const std::string colored = write_table(report, Style{80, true});
  std::string stripped;
  for (std::size_t i = 0; i < colored.size(); ++i) {
    if (colored[i] == '\x1b') {
      i = colored.find('m', i);
    } else {
      stripped += colored[i];
    }
  }
  EXPECT_NE(colored, stripped);
  EXPECT_EQ(stripped, write_table(report, kPlain));
}

TEST(WriteTable, NoPriceNoCostLine) {
  Report report = test::sample_report();
  EXPECT_TRUE(contains(write_table(report, kPlain), "USD per 10^6 tokens"));
  report.question.cluster.price_per_gpu_hour = {};
  EXPECT_FALSE(contains(write_table(report, kPlain), "USD"));
}

TEST(WriteHeading, StatesTheQuestionAsUnderstood) {
  Report report = test::sample_report();
  report.defaults = {"--zero 3"};
  const std::string heading = unwrapped(write_heading(report, kPlain));
  EXPECT_TRUE(contains(heading, "llama-7b (6.74 billion parameters), sequences of 1,048,576 tokens, 1 a step"));
  EXPECT_TRUE(contains(heading, "64 round GPUs of round, 2.00 USD per GPU-hour (price list of 2025-10)"));
  EXPECT_TRUE(contains(heading, "bf16, causal flash attention (fa3), recompute full, micro-batch 1"));
  EXPECT_TRUE(contains(heading, "chosen: --zero 3"));
  EXPECT_TRUE(contains(heading, "attention extrapolated, links datasheet")) << heading;
}

}  // namespace
}  // namespace ithaca
