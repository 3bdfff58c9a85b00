#include "model/curriculum.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

TEST(SequencesIn, KeepsTheTokensAndManyFactorsOfTwo) {
  EXPECT_EQ(sequences_in(4194304, Tokens{8192}), 512);
  // 4M / 8,192 = 488.3: of 479 to 488 the multiple of most factors of two is 480 = 2^5 x 15.
  EXPECT_EQ(sequences_in(4000000, Tokens{8192}), 480);
  EXPECT_EQ(sequences_in(1048576, Tokens{1048576}), 1);
  EXPECT_EQ(sequences_in(1000, Tokens{1048576}), 1);
  EXPECT_EQ(sequences_in(7 * 1024, Tokens{1024}), 7);  // 6 would lose more than 2 %
}

CurriculumQuestion ask(std::vector<int> gpus) {
  CurriculumQuestion q;
  q.plan.model = test::llama3_8b();
  q.plan.work = test::sequence(1);
  q.plan.clusters = {test::round_cluster()};
  q.plan.gpus = std::move(gpus);
  q.stages = {{Tokens{8192}, 1'000'000'000}, {Tokens{131072}, 100'000'000}};
  q.batch_tokens = 1048576;
  return q;
}

/// Of the counts that leave at least 98 % of the tokens the one with most factors of two, tried one by one.
TEST(SequencesIn, TriedOneByOne) {
  const auto twos = [](std::int64_t n) { return n & -n; };
  for (std::int64_t most = 1; most <= 600; ++most) {
    std::int64_t best = most;
    for (std::int64_t n = most; 100 * n >= 98 * most; --n)
      if (twos(n) > twos(best)) best = n;
    EXPECT_EQ(sequences_in(most * 1024 + 1023, Tokens{1024}), best) << most;
  }
}

TEST(PlanCurriculum, EachStageHasItsOwnBestLayout) {
  const CurriculumQuestion q = ask({64});
  const auto offers = plan_curriculum(q);
  ASSERT_EQ(offers.size(), 1u);
  ASSERT_TRUE(offers[0].feasible);
  Seconds time;
  for (std::size_t i = 0; i < q.stages.size(); ++i) {
    const StageAnswer& stage = offers[0].stages[i];
    PlanQuestion alone = q.plan;
    alone.work.seq_len = q.stages[i].seq_len;
    alone.work.global_batch = 1048576 / q.stages[i].seq_len.count;
    EXPECT_EQ(stage.global_batch, alone.work.global_batch);
    const PlannedLayout best = plan(alone).best.front();
    EXPECT_EQ(stage.planned->layout, best.layout);
    EXPECT_DOUBLE_EQ(stage.step.value(), best.score.first);
    // 10^9 and 10^8 tokens by 1,048,576 a step are 953.7 and 95.4 steps.
    EXPECT_EQ(stage.steps, i == 0 ? 954 : 96);
    EXPECT_DOUBLE_EQ(stage.time.value(), stage.step.value() * static_cast<double>(stage.steps));
    EXPECT_DOUBLE_EQ(stage.cost.value(), 2.0 * 64 * stage.time.value() / 3600);
    time += stage.time;
  }
  EXPECT_EQ(offers[0].time, time);
}

TEST(PlanCurriculum, RanksOffersByTheGoal) {
  CurriculumQuestion q = ask({16, 64});
  EXPECT_EQ(plan_curriculum(q).front().gpus, 64);
  q.plan.goal = Goal::cheapest;
  const auto offers = plan_curriculum(q);
  EXPECT_LE(offers[0].cost, offers[1].cost);
  // 10^8 tokens in one sequence fit no 16 GPUs: the offer comes last whatever the goal.
  q.stages.push_back({Tokens{100'000'000}, 100'000'000});
  q.batch_tokens = 100'000'000;
  for (const CurriculumOffer& offer : plan_curriculum(q)) EXPECT_FALSE(offer.feasible);
}

// One GPU holds no 8B model, and so takes no time at all; it comes last. The second cluster costs a tenth more.
TEST(PlanCurriculum, WhatCannotTrainComesLast) {
  CurriculumQuestion q = ask({1, 32, 16});
  q.plan.strategies = {Strategy::ulysses};
  q.plan.clusters.push_back(q.plan.clusters[0]);
  q.plan.clusters[0].price_per_gpu_hour = Dollars{2.2};
  q.plan.goal = Goal::cheapest;
  q.failures = Failures{Seconds{1e6}, Seconds{5}, Seconds{300}, std::nullopt};
  const auto offers = plan_curriculum(q);
  ASSERT_EQ(offers.size(), 6u);
  EXPECT_TRUE(offers[3].feasible);
  EXPECT_EQ(offers[4].gpus, 1);
  for (std::size_t i = 4; i < 6; ++i) {
    EXPECT_FALSE(offers[i].feasible);
    EXPECT_EQ(offers[i].wall, Seconds{});
    EXPECT_EQ(offers[i].paid, Dollars{});
  }
  for (std::size_t i = 0; i < 4; ++i) {
    const CurriculumOffer& offer = offers[i];
    EXPECT_GE(offer.paid, offers[i == 0 ? 0 : i - 1].paid);
    Dollars cost, paid;
    for (std::size_t stage = 0; stage < 2; ++stage) {
      const StageAnswer& answer = offer.stages[stage];
      EXPECT_EQ(answer.planned->cluster, offer.cluster);
      const double price = offer.cluster == 0 ? 2.2 : 2.0;
      EXPECT_DOUBLE_EQ(answer.cost.value(), price * offer.gpus * answer.time.value() / 3600);
      cost += answer.cost;
      paid += answer.cost / answer.goodput.trained;
      // What the planner's layout makes of a step.
      Workload work = q.plan.work;
      work.seq_len = q.stages[stage].seq_len;
      work.global_batch = answer.global_batch;
      work.micro_batch = answer.planned->micro_batch;
      work.recompute = answer.planned->recompute;
      const auto step = estimate_step(q.plan.model, work, q.plan.clusters[offer.cluster], answer.planned->layout);
      ASSERT_TRUE(step);
      EXPECT_EQ(answer.step, step->step.time);
      EXPECT_EQ(answer.peak, step->memory.peak());
      EXPECT_DOUBLE_EQ(answer.mfu, step->model_flops / Flop{step->step.time.value() * offer.gpus * 1000e12});
    }
    EXPECT_DOUBLE_EQ(offer.cost.value(), cost.value());
    EXPECT_DOUBLE_EQ(offer.paid.value(), paid.value());
  }
}

TEST(PlanCurriculum, OffersWithinAPriceLimit) {
  CurriculumQuestion q = ask({32, 64});
  q.plan.strategies = {Strategy::ulysses};
  q.plan.limits.price_per_hour = Dollars{128};  // 2 an hour
  EXPECT_EQ(plan_curriculum(q).size(), 2u);
  q.plan.limits.price_per_hour = Dollars{127};
  ASSERT_EQ(plan_curriculum(q).size(), 1u);
  EXPECT_EQ(plan_curriculum(q)[0].gpus, 32);
  q.plan.clusters[0].max_gpus = 1;
  EXPECT_TRUE(plan_curriculum(q).empty());
}

TEST(PlanCurriculum, OffersUpToAllGpusOfAnInstallation) {
  CurriculumQuestion q = ask({32, 64, 128});
  q.plan.clusters[0].max_gpus = 64;
  const auto offers = plan_curriculum(q);
  ASSERT_EQ(offers.size(), 2u);
  EXPECT_EQ(offers[0].gpus, 64);
}

TEST(PlanCurriculum, FailuresTakeTimeAndMayTurnTheOrder) {
  CurriculumQuestion q = ask({64, 128});
  const auto calm = plan_curriculum(q);
  EXPECT_EQ(calm.front().gpus, 128);
  EXPECT_EQ(calm.front().wall, calm.front().time);
  EXPECT_EQ(calm.front().paid, calm.front().cost);
  // GPUs that fail every 4 h are 128 of them a failure every 113 s, against restarts of 300 s: e^2.7 against e^1.3.
  q.failures = Failures{Seconds{4 * 3600.0}, Seconds{5}, Seconds{300}, std::nullopt};
  const auto offers = plan_curriculum(q);
  ASSERT_TRUE(offers.front().feasible);
  EXPECT_EQ(offers.front().gpus, 64);
  Seconds wall;
  for (const StageAnswer& stage : offers.front().stages) {
    EXPECT_EQ(stage.goodput, goodput(*q.failures, stage.planned->layout.gpus()));
    wall += stage.time / stage.goodput.trained;
  }
  EXPECT_DOUBLE_EQ(offers.front().wall.value(), wall.value());
  EXPECT_GT(offers.front().paid, offers.front().cost);
  // Every 4 s, no job ends.
  q.failures->gpu_mtbf = Seconds{4};
  for (const CurriculumOffer& offer : plan_curriculum(q)) EXPECT_FALSE(offer.feasible);
}

}  // namespace
}  // namespace ithaca
