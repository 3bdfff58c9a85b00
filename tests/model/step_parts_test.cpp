#include "model/step_parts.hpp"

#include <gtest/gtest.h>

#include "model/step.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using test::llama_7b;
using test::round_gpu;
using test::sequence;

constexpr std::int64_t kMi = 1048576;

TEST(StepParts, ShardCallsByStage) {
  // 32 layers, 4 sequences over dp 2 in micro-batches of one: 2 micro-batches, 64 passes of a layer.
  Workload work = sequence(65536);
  work.global_batch = 4;
  Layout layout{.strategy = Strategy::ulysses, .dp = 2, .ulysses = 4};
  const auto calls = [&](int zero) {
    layout.zero = zero;
    return shard_calls(llama_7b(), work, layout, split_rank(llama_7b(), work, layout));
  };
  const ShardCalls three = calls(3);
  EXPECT_EQ(three.gather.count, 128);  // forward and backward
  EXPECT_EQ(three.gather_ends.count, 4);
  EXPECT_EQ(three.reduce.count, 64);
  EXPECT_EQ(three.reduce_ends.count, 2);
  EXPECT_EQ(three.reduce_all.count + three.gather_all.count, 0);
  const ShardCalls two = calls(2);
  EXPECT_EQ(two.gather.count, 0);
  EXPECT_EQ(two.reduce.count, 64);
  EXPECT_EQ(two.gather_all.count, 1);
  EXPECT_EQ(calls(1).reduce_all.op, Op::reduce_scatter);
  EXPECT_EQ(calls(0).reduce_all.op, Op::all_reduce);
  EXPECT_EQ(calls(0).gather_all.count, 0);
  // Two bytes of every parameter once, in pieces or at once.
  const double all = 2.0 * static_cast<double>(parameter_count(llama_7b()));
  EXPECT_DOUBLE_EQ((three.gather.message * 32 + three.gather_ends.message).value(), all);
  EXPECT_DOUBLE_EQ(two.gather_all.message.value(), all);
}

TEST(StepParts, NothingToShardOnOneRank) {
  const Layout layout{.strategy = Strategy::megatron_sp, .tp = 8};
  const ShardCalls calls =
      shard_calls(llama_7b(), sequence(kMi), layout, split_rank(llama_7b(), sequence(kMi), layout));
  EXPECT_EQ(calls.gather.count + calls.reduce.count + calls.reduce_all.count + calls.gather_all.count, 0);
}

TEST(StepParts, RepeatedKernelsByPolicy) {
  const Layout layout{.strategy = Strategy::ulysses, .ulysses = 8};
  Workload work = sequence(65536);
  const auto kernels = [&] {
    return layer_kernels(llama_7b(), work, round_gpu(), layout, split_rank(llama_7b(), work, layout));
  };
  EXPECT_EQ(kernels().repeated.total(), kernels().forward.total());
  work.recompute = Recompute::selective;  // FlashAttention keeps no scores: nothing to repeat
  EXPECT_EQ(kernels().repeated.total(), Seconds{});
  work.flash = false;
  EXPECT_EQ(kernels().repeated.total(), kernels().forward.attention);
  work.recompute = Recompute::none;
  EXPECT_EQ(kernels().repeated.total(), Seconds{});
}

TEST(StepParts, OptimizerReadsAndWritesThirtyFourBytesAParameter) {
  // bf16: master weight and two moments read and written (24), gradient read (2), weight written (2), the gradient
  // scaled (4) and its norm taken (2), at 2.7 TB/s, and a launch of 3 us; ZeRO-1 over 8 ranks does an eighth.
  const double all = static_cast<double>(parameter_count(llama_7b())) * 34 / 2.7e12;
  const auto time = [&](int zero) {
    const Layout layout{.strategy = Strategy::ulysses, .ulysses = 8, .zero = zero};
    return optimizer_time(sequence(kMi), round_gpu(), layout, {static_cast<double>(parameter_count(llama_7b())), 0});
  };
  EXPECT_NEAR(time(0).value(), all + 3e-6, 1e-12);
  EXPECT_NEAR(time(1).value(), all / 8 + 3e-6, 1e-12);
}

TEST(StepParts, GradientsTravelInTheTrainingTypeOrFp32) {
  // 100 weights of a stage, reduced once a step: 2 bytes each in bf16, 4 in fp32.
  const ShardedWeights stage{0, 0, 100, 0, 0, 0, 100};
  Workload work = sequence(kMi);
  const Layout layout{.strategy = Strategy::ulysses, .ulysses = 8, .zero = 1};
  EXPECT_EQ(shard_calls(work, layout, 8, stage).reduce_all.message, Bytes{200});
  work.fp32_gradients = true;
  EXPECT_EQ(shard_calls(work, layout, 8, stage).reduce_all.message, Bytes{400});
}

TEST(StepParts, PassesMakeTheStep) {
  // Without sharding and tensor parallelism a step is its layers' passes, the ends, the optimizer and one layer's share
  // of the gradients' all-reduce, which stays exposed.
  const Layout layout{.strategy = Strategy::ulysses, .ulysses = 8, .zero = 0};
  const Workload work = sequence(kMi);
  const auto e = estimate_step(llama_7b(), work, test::round_cluster(), layout);
  ASSERT_TRUE(e);
  const RankSplit rank = split_rank(llama_7b(), work, layout);
  const auto [forward, backward] =
      layer_passes(work, layout, e->forward, e->backward, layer_kernels(llama_7b(), work, round_gpu(), layout, rank));
  const Seconds layer = forward.compute + forward.exposed + backward.compute + backward.exposed;
  const Seconds ends = embedding_both_ways(llama_7b(), work, round_gpu(), rank).total() +
                       head_and_loss_both_ways(llama_7b(), work, round_gpu(), rank).total();
  EXPECT_NEAR(e->step.time.value(), (layer * 32 + ends + e->step.optimizer + e->parameters.time / 32).value(), 1e-9);
}

TEST(StepParts, EveryKthLayerWaitsForWhatItRepeats) {
  // Ulysses' all-to-alls show, whatever the kernels take: those that every 4th layer repeats a quarter as long.
  const Layout layout{.strategy = Strategy::ulysses, .ulysses = 8, .zero = 0};
  const Cluster cluster = test::round_cluster();
  Workload work = sequence(65536);
  const auto backward = [&](Recompute recompute, int every) {
    work.recompute = recompute;
    work.recompute_every = every;
    const RankSplit rank = split_rank(llama_7b(), work, layout);
    const TrainingTraffic t =
        layer_traffic(llama_7b(), work, cluster, layout, rank, place_groups(cluster, layout), LayerKind::dense);
    return layer_passes(work, layout, t.forward, t.backward, layer_kernels(llama_7b(), work, round_gpu(), layout, rank))
        .backward;
  };
  const Pass none = backward(Recompute::none, 1), all = backward(Recompute::full, 1),
             some = backward(Recompute::full, 4);
  EXPECT_GT(all.exposed, none.exposed);
  EXPECT_NEAR((some.exposed - none.exposed) / (all.exposed - none.exposed), 0.25, 1e-9);
  EXPECT_NEAR((some.comm - none.comm) / (all.comm - none.comm), 0.25, 1e-9);
}

TEST(StepParts, TensorTrafficHidesBesideItsProductsButForOneChunk) {
  // Megatron-SP over 4: two gathers and two scatters forward, two gathers more backward, each of M. In chunks beside
  // products that last longer, three of four quarters are hidden: 4 M / 4 and 6 M / 4 are left. Where products are
  // short, three quarters of them hide traffic.
  const Layout layout{.strategy = Strategy::megatron_sp, .tp = 4, .zero = 0, .tp_sequence = true};
  Workload work = sequence(kMi);
  work.recompute = Recompute::none;
  work.overlap.tensor = true;
  const RankSplit rank = split_rank(llama_7b(), work, layout);
  const Cluster cluster = test::round_cluster();
  const TrainingTraffic traffic = layer_traffic(llama_7b(), work, cluster, layout, rank, place_groups(cluster, layout));
  LayerKernels kernels = layer_kernels(llama_7b(), work, round_gpu(), layout, rank);
  const Seconds once = traffic.forward.time / 4;
  ASSERT_GT(kernels.forward.gemm, once * 4);
  const LayerPasses hidden = layer_passes(work, layout, traffic.forward, traffic.backward, kernels);
  EXPECT_DOUBLE_EQ(hidden.forward.exposed.value(), once.value());
  EXPECT_DOUBLE_EQ(hidden.backward.exposed.value(), 1.5 * once.value());
  kernels.forward.gemm = once;
  const LayerPasses bare = layer_passes(work, layout, traffic.forward, traffic.backward, kernels);
  EXPECT_DOUBLE_EQ(bare.forward.exposed.value(), 3.25 * once.value());
}

}  // namespace
}  // namespace ithaca
