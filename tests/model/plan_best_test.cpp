#include "model/plan_best.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

PlanQuestion question(std::size_t top, std::vector<int> gpus = {8}) {
  PlanQuestion q;
  q.clusters = {test::round_cluster()};
  q.gpus = std::move(gpus);
  q.top = top;
  return q;
}

PlannedLayout planned(Strategy strategy, int dp, double seconds, int gpus = 8) {
  PlannedLayout p;
  p.gpus = gpus;
  p.layout = Layout{.strategy = strategy, .dp = dp};
  p.score = {seconds, 8};
  return p;
}

TEST(BestPlans, KeepsTheBestSettingsOfEachSplit) {
  const PlanQuestion q = question(2);
  BestPlans best(q);
  best.take(planned(Strategy::ulysses, 1, 3));
  best.take(planned(Strategy::ulysses, 1, 2));
  best.take(planned(Strategy::ulysses, 2, 5));
  best.take(planned(Strategy::ulysses, 4, 4));
  PlanAnswer answer;
  best.write(answer);
  ASSERT_EQ(answer.best.size(), 2u);
  EXPECT_EQ(answer.best[0].score.first, 2);
  EXPECT_EQ(answer.best[1].score.first, 4);
}

TEST(BestPlans, WantsWhatCouldStillChangeTheAnswer) {
  const PlanQuestion q = question(1);
  BestPlans best(q);
  EXPECT_TRUE(best.wants({1e9, 8}, planned(Strategy::ulysses, 1, 0)));
  best.take(planned(Strategy::ulysses, 1, 2));
  EXPECT_TRUE(best.wants({2, 8}, planned(Strategy::ulysses, 2, 0)));  // the order of ties decides
  EXPECT_FALSE(best.wants({2.1, 8}, planned(Strategy::ulysses, 2, 0)));
  EXPECT_TRUE(best.wants({2.1, 8}, planned(Strategy::ring, 2, 0)));  // the best of its strategy so far
}

TEST(BestPlans, OneOfEachOfferWhereThereAreSeveral) {
  const PlanQuestion q = question(3, {8, 16});
  BestPlans best(q);
  best.take(planned(Strategy::ulysses, 1, 3));
  best.take(planned(Strategy::ring, 2, 2));
  best.take(planned(Strategy::ulysses, 1, 4, 16));
  EXPECT_FALSE(best.wants({2.5, 8}, planned(Strategy::usp, 1, 0)));
  EXPECT_TRUE(best.wants({3.5, 8}, planned(Strategy::usp, 1, 0, 16)));
  PlanAnswer answer;
  best.write(answer);
  ASSERT_EQ(answer.best.size(), 2u);
  EXPECT_EQ(answer.best[0].layout.strategy, Strategy::ring);
  EXPECT_TRUE(answer.others.empty());
}

TEST(BestPlans, TiesGoByTheLeastOffloading) {
  // Parameters before the optimizer, both before checkpoints.
  const PlanQuestion q = question(1);
  std::vector<PlannedLayout> rising(5, planned(Strategy::ulysses, 1, 1));
  rising[1].offload.parameters = true;
  rising[2].offload.optimizer = true;
  rising[3].offload.optimizer = rising[3].offload.parameters = true;
  rising[4].offload.checkpoints = true;
  for (std::size_t i = 1; i < rising.size(); ++i) EXPECT_TRUE(comes_before(q, rising[i - 1], rising[i])) << i;
}

TEST(BestPlans, TiesGoByTheQuestionsOrderThenBySmallerDegrees) {
  PlanQuestion q = question(1);
  q.strategies = {Strategy::ring, Strategy::ulysses};
  EXPECT_TRUE(comes_before(q, planned(Strategy::ring, 4, 1), planned(Strategy::ulysses, 1, 1)));
  EXPECT_TRUE(comes_before(q, planned(Strategy::ring, 1, 1), planned(Strategy::ring, 2, 1)));
  EXPECT_TRUE(comes_before(q, planned(Strategy::ulysses, 9, 1), planned(Strategy::ring, 1, 2)));
}

}  // namespace
}  // namespace ithaca
