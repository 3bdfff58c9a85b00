#include "cli/explain_writer.hpp"

#include "tests/cli/sample_report.hpp"
#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

using test::contains;
using test::unwrapped;

TEST(WriteExplanation, FitsIntoEightyColumns) {
  test::expect_no_wider(write_explanation(test::sample_report(), {80, false}), 80);
  test::expect_no_wider(write_explanation(test::report_with_refusals(), {80, false}), 80);
}

TEST(WriteExplanation, ShowsFormulaNumbersResultAndSource) {
  const std::string text = unwrapped(write_explanation(test::sample_report(), {80, false}));
  // 2 bytes * 32,768 tokens * 128 * 93 slices = 780,140,544, the three quarters of 1,040,187,392 that Q, K, V take
  EXPECT_TRUE(contains(text, "sent = e * T * d * [(a-q) + 2(K-k)] = 2 * 32,768 * 128 * 93 = 780,140,544 bytes"));
  // Megatron-SP: 2 * 2^20 * 4096 * 31/32 per collective
  EXPECT_TRUE(contains(text, "sent = e * T * h * (t-1)/t = 2 * 1,048,576 * 4,096 * 31/32 = 8,321,499,136 bytes"));
  EXPECT_TRUE(contains(text, "limited by NICs"));
  EXPECT_TRUE(contains(text, "[arXiv 2205.05198 section 4]"));
  EXPECT_TRUE(contains(text, "gpu.memory = 80GB (datasheet) a data sheet"));
}

TEST(WriteExplanation, EveryMemoryTermAppears) {
  const Report report = test::sample_report();
  const std::string text = write_explanation(report, {80, false});
  for (const MemoryTerm& term : report.rows[0].estimate->memory.terms) {
    EXPECT_TRUE(contains(text, std::string(term.name))) << term.name;
  }
}

TEST(WriteExplanation, ARefusedRowHasItsReason) {
  const std::string text = unwrapped(write_explanation(test::report_with_refusals(), {80, false}));
  EXPECT_TRUE(contains(text, "refused: a ring works block by block")) << text.substr(text.size() - 500);
}

}  // namespace
}  // namespace ithaca
