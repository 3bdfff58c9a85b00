#include "cli/plan_report.hpp"

#include <gtest/gtest.h>

#include "tests/cli/sample_plan.hpp"

namespace ithaca {
namespace {

TEST(Answer, RowsAreThoseOfCompareWithTheirOwnSettings) {
  const PlanReport report = test::planned(test::plan_question(8, 262144));
  ASSERT_EQ(report.rows.size(), report.answer.best.size() + report.answer.others.size());
  for (const PlanRow& row : report.rows) {
    ASSERT_TRUE(row.row.estimate);
    EXPECT_EQ(row.row.layout, row.planned.layout);
    EXPECT_EQ(row.question.work.recompute, row.planned.recompute);
    EXPECT_EQ(row.row.estimate->step.time.value(), row.planned.score.first);
  }
  EXPECT_EQ(report.rows[0].why, "");
  for (std::size_t i = 1; i < report.rows.size(); ++i) EXPECT_NE(report.rows[i].why, "");
  EXPECT_EQ(report.launches.size(), 3u);
  EXPECT_FALSE(report.verdict.empty());
}

/// Heads dealt unevenly: neither Megatron-LM nor DeepSpeed takes Ulysses 24 of 32 heads, so that each is asked for the
/// first layout that it can run.
TEST(Answer, AsksAFrameworkForTheFirstLayoutThatItCanRun) {
  PlanQuestion q = test::plan_question(24, 262144);
  q.strategies = {Strategy::ulysses, Strategy::ring};
  q.fixed.pp = q.fixed.tp = 1;
  const PlanReport report = test::planned(q);
  for (const PlanLaunch& l : report.launches) {
    for (std::size_t row = 0; row < l.row; ++row) {
      const PlanRow& before = report.rows[row];
      for (const LaunchCommand& other : launches(q.model, before.question.work, q.clusters[0], before.planned.layout))
        EXPECT_TRUE(other.framework != l.launch.framework || other.words.empty());
    }
    EXPECT_EQ(l.why_not.empty(), l.row == 0 && !l.launch.words.empty());
  }
}

TEST(PlanWords, NamesWhatIsNotPlain) {
  PlanRow row;
  row.planned.layout = {.strategy = Strategy::ulysses, .pp = 2, .ulysses = 4, .zero = 1, .virtual_pp = 4};
  row.planned.micro_batch = 2;
  row.planned.recompute = Recompute::none;
  row.planned.offload.checkpoints = row.planned.offload.optimizer = true;
  row.row.strategy = Strategy::ulysses;
  row.row.layout = row.planned.layout;
  EXPECT_EQ(plan_words(row),
            "ulysses 4 x pp 2, ZeRO 1, recompute none, micro-batch 2, virtual pp 4, checkpoints and optimizer in host "
            "memory");
  EXPECT_EQ(offload_words({}), "");
}

}  // namespace
}  // namespace ithaca
