#include "cli/plan_levers.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/cli/sample_plan.hpp"

namespace ithaca {
namespace {

const PlanLever* find(const std::vector<PlanLever>& levers, const std::string& what) {
  const auto at = std::find_if(levers.begin(), levers.end(), [&](const PlanLever& l) { return l.what == what; });
  return at == levers.end() ? nullptr : &*at;
}

bool names(const std::vector<std::string>& flags, const std::string& flag) {
  return std::find(flags.begin(), flags.end(), flag) != flags.end();
}

/// One sequence through 8 stages waits for itself: 7 of 8 stages stand idle. Twice the batch nearly doubles the rate:
/// (1 + 7) / 1 passes a sequence against (2 + 7) / 2, 1.78 times.
TEST(PlanLevers, ALargerBatchFillsThePipeline) {
  PlanQuestion q = test::plan_question(8, 8192);
  q.fixed.pp = 8;
  q.fixed.virtual_pp = 1;
  const PlanAnswer answer = plan(q);
  ASSERT_FALSE(answer.best.empty());
  const auto levers = plan_levers(q, answer.best[0]);
  const PlanLever* batch = find(levers, "--global-batch 2");
  ASSERT_NE(batch, nullptr);
  EXPECT_NEAR(batch->gain, 1.78, 0.15);
  EXPECT_EQ(levers.front().what, batch->what);
}

TEST(PlanLevers, TheNetworkWhereItIsTheLimit) {
  PlanQuestion q = test::plan_question(16, 16384);
  for (Domain& d : q.clusters[0].domains) {
    d.achieved = d.achieved / 20;
    d.achieved_all_to_all = d.achieved_all_to_all / 20;
  }
  q.strategies = {Strategy::ulysses};
  q.fixed.ulysses = 16;
  const auto levers = plan_levers(q, plan(q).best.at(0));
  const PlanLever* network = find(levers, "a network twice as fast");
  ASSERT_NE(network, nullptr);
  EXPECT_GT(network->gain, 1.3);
  EXPECT_LE(network->gain, 2);
}

/// 16 bytes for each of 8.03 billion parameters need two GPUs of 80 GB.
TEST(FeasibleWith, MoreGpusOrWhatHostMemoryTakes) {
  const auto flags = feasible_with(test::plan_question(1, 8192));
  EXPECT_TRUE(names(flags, "--gpus 2")) << testing::PrintToString(flags);
}

TEST(FeasibleWith, AShorterSequence) {
  PlanQuestion q = test::plan_question(8, std::int64_t{1} << 24);
  ASSERT_TRUE(plan(q).best.empty());
  const auto flags = feasible_with(q);
  const auto shorter =
      std::find_if(flags.begin(), flags.end(), [](const auto& f) { return f.rfind("--seq ", 0) == 0; });
  ASSERT_NE(shorter, flags.end());
  q.work.seq_len = Tokens{std::stoll(shorter->substr(6))};
  EXPECT_FALSE(plan(q).best.empty());
}

}  // namespace
}  // namespace ithaca
