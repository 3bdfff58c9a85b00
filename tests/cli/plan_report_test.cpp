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
