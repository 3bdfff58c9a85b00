#include "model/plan_space.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

PlanQuestion question(std::int64_t batch) {
  PlanQuestion q;
  q.model = test::llama3_8b();
  q.work = test::sequence(65536);
  q.work.global_batch = batch;
  q.clusters = {test::round_cluster()};
  return q;
}

std::vector<Split> splits(const PlanQuestion& q, int gpus, Strategy strategy) {
  std::vector<Split> all;
  list_splits(q, gpus, strategy, all);
  return all;
}

/// 4 GPUs under Megatron-SP: tp 2 and 4, each with one micro-batch size.
TEST(ListSplits, AStrategyHasItsOwnDegreesAboveOne) {
  const auto all = splits(question(1), 4, Strategy::megatron_sp);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].layout.tp, 2);
  EXPECT_EQ(all[0].layout.dp, 2);  // for dp and pp
  EXPECT_EQ(all[1].layout.tp, 4);
}

/// Without any split of a layer the layout is the first strategy's.
TEST(ListSplits, PlainDataParallelismIsTheFirstStrategys) {
  const PlanQuestion q = question(1);
  EXPECT_EQ(splits(q, 1, Strategy::ulysses).size(), 1u);
  EXPECT_EQ(splits(q, 1, Strategy::ring).size(), 0u);
}

/// usp on 8 GPUs with both degrees above one: (2,2), (2,4), (4,2) for tp 1 and (2,2) for tp 2; times micro-batches of a
/// batch of 6: 1, 2, 3, 6.
TEST(ListSplits, AllDivisors) {
  EXPECT_EQ(splits(question(6), 8, Strategy::usp).size(), 4u * 4);
  PlanQuestion fixed = question(6);
  fixed.fixed.ulysses = 4;
  fixed.fixed.micro_batch = 3;
  const auto one = splits(fixed, 8, Strategy::usp);
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].layout.ring, 2);
  EXPECT_EQ(one[0].micro_batch, 3);
}

TEST(ListSplits, ExpertsInnerRingsAndChunks) {
  PlanQuestion q = question(1);
  const auto degrees = [&](Strategy s, int Layout::*degree) {
    std::set<int> found;
    for (const Split& split : splits(q, 16, s)) found.insert(split.layout.*degree);
    return found;
  };
  EXPECT_EQ(degrees(Strategy::ring, &Layout::ep), (std::set<int>{1}));
  EXPECT_EQ(degrees(Strategy::loongtrain, &Layout::inner_ring), (std::set<int>{1, 2, 4, 8}));
  EXPECT_EQ(degrees(Strategy::fpdt, &Layout::chunks), (std::set<int>{1, 2, 4, 8, 16, 32, 64}));
  q.model.experts = {8, 2, 1024, 0, 0, 1};
  EXPECT_EQ(degrees(Strategy::ring, &Layout::ep), (std::set<int>{1, 2, 4, 8}));
}

/// 32 layers on 12 GPUs: pp 1, 2, 3, 4, 6, 12; several chunks only where they are equal: 2 stages x 2, 4, 8, 16 chunks,
/// 4 x 2, 4, 8.
TEST(ListPipelines, InterleavesWithEqualChunks) {
  std::vector<Pipeline> all;
  list_pipelines(question(1), 12, all);
  ASSERT_EQ(all.size(), 6u + 4 + 3);
  EXPECT_EQ(all[0].pp, 1);
  const Pipeline& last = all.back();  // 12 stages: eight of 3 layers, then four of 2
  EXPECT_EQ(last.pp, 12);
  EXPECT_EQ(last.stages[0].layers(), 3);
  EXPECT_EQ(last.stages[1].layers(), 3);
  EXPECT_EQ(last.stages[2].layers(), 2);
}

TEST(Join, DealsTheRestBetweenPipelineAndData) {
  const PlanQuestion q = question(8);
  const Split split{Layout{.tp = 2, .dp = 8}, 1};
  Layout layout = split.layout;
  EXPECT_EQ(join(q, split, {2, 1, {}}, layout), 2);  // 8 sequences over dp 4
  EXPECT_EQ(layout.dp, 4);
  EXPECT_EQ(layout.pp, 2);
  EXPECT_EQ(join(q, split, {3, 1, {}}, layout), 0);                 // 3 does not divide 8
  EXPECT_EQ(join(q, split, {4, 2, {}}, layout), 4);                 // dp 2: 4 micro-batches, a multiple of 4 stages
  EXPECT_EQ(join(q, {Layout{.dp = 8}, 2}, {4, 2, {}}, layout), 0);  // dp 2: 2 micro-batches are none
  PlanQuestion two = q;
  two.fixed.dp = 2;
  EXPECT_EQ(join(two, split, {2, 1, {}}, layout), 0);  // leaves dp 4
  EXPECT_EQ(join(two, split, {4, 1, {}}, layout), 4);  // 8 sequences over dp 2
}

TEST(Choices, FixedOrAll) {
  PlanQuestion q = question(1);
  EXPECT_EQ(zero_choices(q).size(), 4u);
  EXPECT_EQ(recompute_choices(q).size(), 3u);
  EXPECT_EQ(offload_choices(q).size(), 1u);
  q.work.offload = {true, true, false};
  EXPECT_EQ(offload_choices(q).size(), 4u);
  q.fixed.zero = 2;
  q.fixed.recompute = Recompute::full;
  EXPECT_EQ(zero_choices(q), std::vector<int>{2});
  EXPECT_EQ(recompute_choices(q), std::vector<Recompute>{Recompute::full});
}

/// 32 layers in 4 stages of 8: 3 chunks a stage do not divide them and are taken only where they are asked for.
TEST(ListPipelines, TheChunksAskedForAndNoOthers) {
  PlanQuestion q = question(8);
  q.fixed.pp = 4;
  q.fixed.virtual_pp = 3;
  std::vector<Pipeline> all;
  list_pipelines(q, 16, all);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].virtual_pp, 3);
}

}  // namespace
}  // namespace ithaca
