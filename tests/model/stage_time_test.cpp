#include "model/stage_time.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "model/step.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using test::llama_7b;
using test::sequence;

StepEstimate estimate(const Transformer& m, const Workload& work, const Layout& layout,
                      const Cluster& cluster = test::round_cluster()) {
  const auto e = estimate_step(m, work, cluster, layout);
  EXPECT_TRUE(e) << (e ? "" : why(e.error()));
  return e ? *e : StepEstimate{};
}

Workload batch(std::int64_t sequences) {
  Workload work = sequence(8192);
  work.global_batch = sequences;
  return work;
}

TEST(StageTime, BubbleIsTheOtherStagesOnce) {
  // Without head and embedding (a vocabulary of one word) all stages take the same t: a micro-batch passes pp - 1
  // others while the pipeline fills and drains, so bubble / (compute + exposed) = (pp - 1) / m, messages apart.
  Transformer m = llama_7b();
  m.vocab = 1;
  Workload work = batch(16);
  work.overlap.pipeline = true;
  const StepEstimate e =
      estimate(m, work, {.strategy = Strategy::tensor_parallel, .pp = 4, .zero = 0, .tp_sequence = false});
  EXPECT_NEAR(e.step.bubble / e.step.compute, 3.0 / 16, 2e-3);
  const StepEstimate two = estimate(
      m, work, {.strategy = Strategy::tensor_parallel, .pp = 4, .zero = 0, .virtual_pp = 2, .tp_sequence = false});
  EXPECT_NEAR(two.step.bubble / two.step.compute, 3.0 / 32, 2e-3);  // half of it with two chunks a stage
}

TEST(StageTime, StagesBetweenTheEndsAreAsSlowAsTheSecond) {
  // With its head the last of 4 stages is the slowest: the three others wait for it as long as a stage takes without.
  Transformer m = llama_7b();
  m.vocab = 1;
  Workload work = batch(16);
  work.overlap.pipeline = true;
  const Layout four{.strategy = Strategy::tensor_parallel, .pp = 4, .zero = 0, .tp_sequence = false};
  const Seconds stage = estimate(m, work, four).step.compute / 16;
  m.vocab = 128256;
  const StepEstimate e = estimate(m, work, four);
  ASSERT_GT(e.step.compute / 16 / stage, 1.1);
  EXPECT_NEAR(e.step.bubble / (stage * 3), 1, 0.02);
}

TEST(StageTime, TiedEmbeddingsAddTheirGradientsUpInTheirOwnPrecision) {
  // The first and the last of two stages: 32000 x 1024 weights, of which each of 2 tp ranks has half.
  const Transformer m = test::gpt(1024, 4, 8, 32000);
  const Cluster cluster = test::round_cluster();
  const Layout layout{.strategy = Strategy::megatron_sp, .tp = 2, .pp = 2, .zero = 1};
  Workload work = batch(1);
  const auto reduced = [&](double bytes) {
    return all_reduce_cost(cluster, place(cluster, {2, 2}, 4), Bytes{bytes * 32000 * 1024 / 2}).total().value();
  };
  EXPECT_DOUBLE_EQ(tied_embedding_time(m, work, cluster, layout).value(), reduced(2));
  work.fp32_gradients = true;
  EXPECT_DOUBLE_EQ(tied_embedding_time(m, work, cluster, layout).value(), reduced(4));
  // First and last of three stages of 2 tp x 3 dp ranks are 12 ranks apart. Frozen embeddings have no gradients.
  const Layout three{.strategy = Strategy::megatron_sp, .tp = 2, .pp = 3, .dp = 3, .zero = 1};
  const Bytes half{4.0 * 32000 * 1024 / 2};
  EXPECT_DOUBLE_EQ(tied_embedding_time(m, work, cluster, three).value(),
                   all_reduce_cost(cluster, place(cluster, {2, 12}, 18), half).total().value());
  work.lora_rank = 1;
  EXPECT_EQ(tied_embedding_time(m, work, cluster, three).value(), 0);
}

TEST(StageTime, ASingleLayerWithExpertsCostsWhatEachOfManyDoes) {
  Transformer m = llama_7b();
  const Layout layout{.zero = 1};
  const Cluster cluster = test::round_cluster();
  const auto experts = [&](std::int64_t dense_layers) {
    m.experts = {.count = 8, .top_k = 2, .ffn = 1024, .dense_layers = dense_layers};
    const Workload work = batch(1);
    return layer_costs(m, work, cluster, layout, split_rank(m, work, layout), place_groups(cluster, layout))[1]
        .kernels.forward.total();
  };
  EXPECT_GT(experts(31), Seconds{});  // of 32
  EXPECT_EQ(experts(31), experts(0));
  // What the model has no layer of costs nothing.
  m.experts.dense_layers = 0;
  const Workload work = batch(1);
  const auto costs = [&](const Transformer& of) {
    return layer_costs(of, work, cluster, layout, split_rank(of, work, layout), place_groups(cluster, layout));
  };
  EXPECT_EQ(costs(m)[0].passes.forward.compute.value(), 0);
  EXPECT_EQ(costs(llama_7b())[1].passes.forward.compute.value(), 0);
  Transformer one = m;
  one.experts.dense_layers = 1;
  EXPECT_GT(costs(one)[0].passes.forward.compute.value(), 0);
}

TEST(StageTime, StageMessagesCarryOneShareOfTheHiddenStates) {
  // 16 micro-batches of 8192 tokens x 4096 x 2 B go both ways: 32 x 64 MiB, a quarter of it at each of 4 tp ranks.
  const StepEstimate e =
      estimate(llama_7b(), batch(16), {.strategy = Strategy::megatron_sp, .tp = 4, .pp = 2, .zero = 1});
  EXPECT_EQ(e.pipeline.sent.value(), 32.0 * 8192 * 4096 * 2 / 4);
}

TEST(StageTime, HostNeverHidesAndNeverAddsMoreThanItNeeds) {
  // The norm of power 3 lies between the larger of the two and their sum.
  const Layout layout{.strategy = Strategy::tensor_parallel, .zero = 0, .tp_sequence = false};
  Cluster slow = test::round_cluster();
  slow.gpu.host = {Seconds{1e-3}, Seconds{2e-3}};
  for (const std::int64_t tokens : {128, 1024, 8192}) {
    const Seconds alone = estimate(llama_7b(), sequence(tokens), layout).step.time;
    const Seconds both = estimate(llama_7b(), sequence(tokens), layout, slow).step.time;
    const Seconds host{(1e-3 * 2 + 2e-3) * 32};  // forward, the same recomputed, backward
    EXPECT_GE(both, max(alone, host));
    EXPECT_LE(both, alone + host);
  }
  // One that takes seconds a layer leaves only the update and the ends beside it: less than a whole step without.
  slow.gpu.host = {Seconds{1}, Seconds{2}};
  const double host = (1.0 * 2 + 2) * 32;
  const Seconds both = estimate(llama_7b(), sequence(128), layout, slow).step.time;
  EXPECT_NEAR(both.value(), host, estimate(llama_7b(), sequence(128), layout).step.time.value());
}

TEST(StageTime, PlainTensorParallelismReducesWhatMegatronSpGathersAndReduces) {
  // Two all-reduces each way instead of a gather and a reduction each: 2 x 2 x 2 (t-1)/t and 4 (t-1)/t forward, the
  // same bytes; backward Megatron-SP gathers its two inputs once more (6 + 4 against 8 units in all).
  Workload work = batch(1);
  work.recompute = Recompute::none;
  const Layout sp{.strategy = Strategy::megatron_sp, .tp = 8, .zero = 1};
  Layout plain = sp;
  plain.strategy = Strategy::tensor_parallel;
  plain.tp_sequence = false;
  const StepEstimate a = estimate(llama_7b(), work, sp), b = estimate(llama_7b(), work, plain);
  EXPECT_DOUBLE_EQ(b.forward.sent.value(), a.forward.sent.value());
  EXPECT_DOUBLE_EQ(b.backward.sent.value(), a.backward.sent.value() * 4 / 6);
}

TEST(StageTime, ExpertsMoveEveryTokenToItsTopKAndBack) {
  // b N / (dp x sp) tokens x top_k x h x 2 B x (ep-1)/ep, twice each way.
  Transformer m = llama_7b();
  m.experts = {.count = 64, .top_k = 4, .ffn = 1024, .dense_layers = 0};
  Workload work = batch(8);
  work.recompute = Recompute::none;
  const Layout layout{.strategy = Strategy::tensor_parallel, .dp = 8, .zero = 1, .ep = 8, .tp_sequence = false};
  const StepEstimate e = estimate(m, work, layout);
  const double once = 8192.0 * 4 * 4096 * 2 * 7 / 8;
  EXPECT_DOUBLE_EQ(e.forward.sent.value(), 2 * once);
  EXPECT_DOUBLE_EQ(e.backward.sent.value(), 2 * once);
}

constexpr double kMilli = 1e-3;

Seconds ms(double value) { return Seconds{value * kMilli}; }

/// A dense layer and one with experts in round milliseconds; half of the latter run again.
LayerCosts round_costs() {
  LayerCosts costs{};
  costs[0].kernels = {{ms(1), ms(2), ms(3)}, {ms(2), ms(4), ms(6)}, {ms(1), ms(1), ms(1)}, 0.25};
  costs[0].passes = {{ms(6), ms(5), ms(1)}, {ms(15), ms(8), ms(2)}};
  costs[1].kernels = {{ms(10), ms(20), ms(30)}, {ms(20), ms(40), ms(60)}, {ms(5), ms(5), ms(5)}, 0.5};
  costs[1].passes = {{ms(60), ms(20), ms(4)}, {ms(135), ms(40), ms(8)}};
  return costs;
}

ShardTimes round_shards() {
  ShardTimes shard;
  shard.gather = {ms(7), ms(50)};
  shard.reduce = {ms(3), ms(70)};
  shard.ends = ms(1000);
  return shard;
}

Transformer with_experts() {
  Transformer m = llama_7b();
  m.experts = {.count = 6, .top_k = 2, .ffn = 1024, .dense_layers = 2};
  m.layers = 5;
  return m;
}

struct StageAsked {
  Layout layout{};
  Stage stage{.dense = 2, .moe = 3, .first = false, .last = false};
  ShardTimes shard = round_shards();
  Host host{};
  bool overlap = true;
};
StageTime time_of(const StageAsked& asked) {
  Workload work = batch(1);
  work.overlap.parameters = asked.overlap;
  Cluster cluster = test::round_cluster();
  cluster.gpu.host = asked.host;
  const Transformer m = with_experts();
  return stage_time(m, work, cluster, asked.layout, split_rank(m, work, asked.layout),
                    place_groups(cluster, asked.layout), round_costs(), asked.shard, asked.stage);
}

TEST(StageTime, AddsUpItsLayersAndWhatTheyWaitFor) {
  const auto expect = [](const StageTime& t, double exposed, double backward) {
    // 2 x (forward + backward + repeated) + 3 x the same; comm 2 x (5 + 8) + 3 x (20 + 40).
    EXPECT_NEAR(t.kernels.gemm / ms(2 * (1 + 2 + 1) + 3 * (10 + 20 + 5)), 1, 1e-12);
    EXPECT_NEAR(t.kernels.attention / ms(2 * (2 + 4 + 1) + 3 * (20 + 40 + 5)), 1, 1e-12);
    EXPECT_NEAR(t.kernels.memory_bound / ms(2 * (3 + 6 + 1) + 3 * (30 + 60 + 5)), 1, 1e-12);
    EXPECT_NEAR(t.comm / ms(206), 1, 1e-12);
    EXPECT_NEAR(t.exposed / ms(exposed), 1, 1e-12);
    EXPECT_NEAR(t.backward / ms(backward), 1, 1e-12);
    EXPECT_EQ(t.host().value(), 0);
  };
  // Beside compute a layer waits for what shards and strategy leave of the wires, or for the strategy alone: dense
  // max(1, 7 + 5 - 6) = 6 and max(2, 7 + 3 + 8 - 15) = 3, experts max(4, 50 + 20 - 60) = 10 and
  // max(8, 50 + 70 + 40 - 135) = 25.
  expect(time_of({}), 2 * (6 + 3) + 3 * (10 + 25), 2 * (15 + 3) + 3 * (135 + 25));
  expect(time_of({.shard = {}}), 2 * (1 + 2) + 3 * (4 + 8), 2 * (15 + 2) + 3 * (135 + 8));
  // Not beside it all of the shards' time is added.
  expect(time_of({.overlap = false}), 2 * (8 + 12) + 3 * (54 + 128), 2 * (15 + 12) + 3 * (135 + 128));
}

TEST(StageTime, WaitsForAHostByANormOfPowerThree) {
  // 5 layers issued in 60 and 100 ms each; half of those with experts, the main kind, are issued again. On the device
  // they take 2 x (6 + 6) + 3 x (60 + 10) = 234 and 2 x 18 + 3 x 160 = 516 ms.
  const StageTime t = time_of({.host = {ms(60), ms(100)}});
  EXPECT_NEAR(t.host_forward / ms(std::cbrt(std::pow(300, 3) + std::pow(234, 3)) - 234), 1, 1e-9);
  EXPECT_NEAR(t.host_backward / ms(std::cbrt(std::pow(500 + 150, 3) + std::pow(516, 3)) - 516), 1, 1e-9);
}

TEST(StageTime, EmbeddingAndHeadExchangeHiddenStatesOverTp) {
  // 4096 tokens of 4096 x 2 B. Embedding: a reduction forward, a gather backward; head: two gathers and a reduction.
  // Plain tensor parallelism adds the embedding's output up, and the gradient of the head's input.
  Layout tp{.strategy = Strategy::megatron_sp, .tp = 2};
  const Cluster cluster = test::round_cluster();
  const Placement pair = place(cluster, {2, 1}, 2);
  const Bytes hidden{2.0 * 8192 * 4096};
  const double one = all_gather_cost(cluster, pair, hidden).total().value();
  const double sum = all_reduce_cost(cluster, pair, hidden).total().value();
  const StageTime between = time_of({.layout = tp});
  const auto added = [&](bool first, bool last) {
    const Stage stage{.dense = 2, .moe = 3, .first = first, .last = last};
    const StageTime t = time_of({.layout = tp, .stage = stage});
    const Workload work = batch(1);
    const RankSplit rank = split_rank(with_experts(), work, tp);
    const Seconds embedding = embedding_both_ways(with_experts(), work, cluster.gpu, rank).memory_bound;
    const KernelTimes head = head_and_loss_both_ways(with_experts(), work, cluster.gpu, rank);
    EXPECT_NEAR((t.kernels.memory_bound - between.kernels.memory_bound).value(),
                (first ? embedding.value() : 0) + (last ? head.memory_bound.value() : 0), 1e-12);
    EXPECT_NEAR((t.kernels.gemm - between.kernels.gemm).value(), last ? head.gemm.value() : 0, 1e-12);
    EXPECT_NEAR((t.exposed - between.exposed - (t.comm - between.comm)).value(), first ? 1 : 0, 1e-12);  // shard.ends
    return (t.comm - between.comm).value();
  };
  EXPECT_NEAR(added(true, false), 2 * one, 1e-12);
  EXPECT_NEAR(added(false, true), 3 * one, 1e-12);
  EXPECT_NEAR(added(true, true), 5 * one, 1e-12);
  tp.tp_sequence = false;
  EXPECT_NEAR(added(true, false), sum, 1e-12);
  EXPECT_NEAR(added(true, true), 2 * sum, 1e-12);
  tp = {};
  EXPECT_EQ(added(true, true), 0);
}

}  // namespace
}  // namespace ithaca
