#include "cli/remarks.hpp"

#include "tests/cli/sample_report.hpp"
#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

using test::contains;

std::string all(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(IdleRemark, NamesTheBatchThatUsesThemAndTheRing) {
  const Report report = test::sample_report();
  // Ulysses stops at 32 heads; two sequences make dp 2 and use all 64.
  const std::string idle = idle_remark(report, report.rows[0]);
  EXPECT_TRUE(contains(idle, "32 of 64 GPUs are idle (32 query heads allow no more)")) << idle;
  EXPECT_TRUE(contains(idle, "--global-batch 2 (dp 2) uses 64")) << idle;
  EXPECT_TRUE(contains(idle, "uses 64 as it is")) << idle;
  EXPECT_EQ(idle_remark(report, report.rows[3]), "");
}

TEST(IdleRemark, WithoutARingRowPointsToOne) {
  Question q = test::question(test::llama_7b(), 48, 1048576);
  q.strategies = {Strategy::ulysses};
  const Report report = test::answer(q);
  // 48 / 32 leaves 16: one replica only, so a larger batch uses no more.
  ASSERT_EQ(report.rows[0].idle_gpus, 16);
  const std::string idle = idle_remark(report, report.rows[0]);
  EXPECT_FALSE(contains(idle, "--global-batch")) << idle;
  EXPECT_TRUE(contains(idle, "--strategies usp")) << idle;
}

TEST(Remarks, CopiedKvHeadsAreNamed) {
  const Report report = test::answer(test::question(test::llama3_8b(), 32, 1048576));
  const std::string text = all(remarks(report));
  // 8 KV heads over tp 32: four copies of each.
  EXPECT_TRUE(contains(text,
                       "megatron_sp: tp 32 is above the 8 KV heads, so each KV head's weights, gradients and work "
                       "exist 4 times"))
      << text;
  EXPECT_TRUE(contains(text, "ulysses: ulysses 32 is above the 8 KV heads")) << text;
}

TEST(Remarks, PaddingIsNamed) {
  Question q = test::question(test::llama_7b(), 32, 1048577);
  q.strategies = {Strategy::ulysses};
  // The next multiple of 32 is 1,048,608: 31 tokens more.
  EXPECT_TRUE(contains(all(remarks(test::answer(q))), "padded by 31 to 1,048,608 tokens"));
}

TEST(Remarks, WaitingIsNamedWithItsReason) {
  Question q = test::question(test::llama_7b(), 8, 1048576);
  q.strategies = {Strategy::ring};
  q.degrees.zigzag = false;
  EXPECT_TRUE(contains(all(remarks(test::answer(q))), "(the causal mask without zigzag)"));
  q = test::question(test::qwen25_14b(), 12, 1048576);
  q.strategies = {Strategy::ulysses};
  q.degrees.ulysses = 12;  // 40 heads over 12: ranks with 4 and with 3
  EXPECT_TRUE(contains(all(remarks(test::answer(q))), "(uneven heads)"));
}

TEST(Remarks, TheBestRowsIdleGpusBelongToTheVerdict) {
  Question q = test::question(test::llama_7b(), 64, 1048576);
  q.strategies = {Strategy::ulysses};
  const Report report = test::answer(q);
  ASSERT_TRUE(report.best);
  EXPECT_FALSE(contains(all(remarks(report)), "idle"));
}

TEST(FrameworkRemarks, SayWhoRunsASplitAndWhoRefusesIt) {
  const Report report = test::answer(test::question(test::llama3_8b(), 32, 1048576));
  const auto lines = framework_remarks(report);
  ASSERT_EQ(lines.size(), 4u);
  // 8 KV heads do not divide by 32, so Megatron-Core's all-to-all refuses.
  EXPECT_TRUE(contains(lines[0], "ulysses 32: runs in deepspeed")) << lines[0];
  EXPECT_TRUE(contains(lines[0], "not in megatron-core (")) << lines[0];
}

TEST(RowWords, NameTheStrategyOnce) {
  const Report report = test::sample_report();
  EXPECT_EQ(row_words(report.rows[0]), "ulysses 32");
  EXPECT_EQ(row_words(report.rows[1]), "megatron_sp (tp 32)");
  EXPECT_EQ(row_words(report.rows[2]), "ring 64");
}

}  // namespace
}  // namespace ithaca
