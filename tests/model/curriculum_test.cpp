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
