#include "model/step.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "model/model_flops.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using test::llama_7b;
using test::round_cluster;
using test::sequence;

constexpr std::int64_t kMi = 1048576;

StepEstimate estimate(const Transformer& model, const Workload& work, const Layout& layout,
                      const Cluster& cluster = round_cluster()) {
  auto result = estimate_step(model, work, cluster, layout);
  EXPECT_TRUE(result) << (result ? "" : why(result.error()));
  return *result;
}

TEST(Step, PartsAddUp) {
  const StepEstimate e = estimate(llama_7b(), sequence(kMi), {.strategy = Strategy::ulysses, .ulysses = 32});
  EXPECT_DOUBLE_EQ((e.parts.gemm + e.parts.attention + e.parts.memory_bound).value(), e.step.compute.value());
  EXPECT_DOUBLE_EQ((e.step.compute + e.step.exposed_comm + e.step.bubble + e.step.optimizer).value(),
                   e.step.time.value());
}

TEST(Step, UlyssesExposesItsAllToAlls) {
  // On one node with ZeRO off and one replica group the only traffic is the all-to-alls and the gradients' reduction,
  // which hides behind the backward but for the last layer: exposed = L (forward + backward) + reduction / L.
  const StepEstimate e = estimate(llama_7b(), sequence(kMi), {.strategy = Strategy::ulysses, .ulysses = 8, .zero = 0});
  const Seconds expected = (e.forward.time + e.backward.time) * 32 + e.parameters.time / 32;
  EXPECT_NEAR(e.step.exposed_comm.value(), expected.value(), 1e-9);
}

/// A strategy whose layers move nothing.
TrainingTraffic nothing(const Transformer&, const Workload&, const Cluster&, const Layout&, const RankSplit&,
                        const RankGroups&, LayerKind) {
  return {};
}

TEST(Step, TakesARuleOfTrafficOfOnesOwn) {
  // What was exposed above, without the all-to-alls: the reduction of the last layer's gradients. Kernels, memory and
  // the reduction are Ulysses's, of which the bound is then that of its FLOPs.
  const Layout layout{.strategy = Strategy::ulysses, .ulysses = 8, .zero = 0};
  const StepEstimate known = estimate(llama_7b(), sequence(kMi), layout);
  const auto own = estimate_step(llama_7b(), sequence(kMi), round_cluster(), layout, nothing);
  ASSERT_TRUE(own);
  EXPECT_EQ(own->forward.sent, Bytes{});
  EXPECT_NEAR(own->step.exposed_comm.value(), known.parameters.time.value() / 32, 1e-12);
  EXPECT_EQ(own->step.compute, known.step.compute);
  EXPECT_EQ(own->memory.peak(), known.memory.peak());
  EXPECT_LE(own->step.bound, known.step.bound);
}

TEST(Step, EveryKthLayerRepeatsItsTraffic) {
  // Fully recomputed a layer has forward + (forward again + backward) = 3 forwards' all-to-alls, in every 4th 2 + 1/4.
  Workload work = sequence(64 * 1024);
  work.recompute_every = 4;
  const StepEstimate e = estimate(llama_7b(), work, {.strategy = Strategy::ulysses, .ulysses = 8, .zero = 0});
  EXPECT_NEAR(e.step.comm.value(), (e.forward.time * 2.25 * 32 + e.parameters.time).value(), 1e-9);
  // On wires a million times slower than the products they bound the step, by the same count.
  Cluster slow = round_cluster();
  slow.port_peak = slow.port_peak * 1e-6;
  const StepEstimate s = estimate(llama_7b(), work, {.strategy = Strategy::ulysses, .ulysses = 8, .zero = 0}, slow);
  EXPECT_NEAR(s.step.bound / (s.forward.bound * 2.25 * 32), 1, 1e-12);
  // Two stages have 16 layers each, and 3 sequences pass through them.
  work.global_batch = 3;
  const StepEstimate p =
      estimate(llama_7b(), work, {.strategy = Strategy::ulysses, .pp = 2, .ulysses = 4, .zero = 0}, slow);
  EXPECT_NEAR(p.step.bound / (p.forward.bound * 2.25 * 16 * 3), 1, 1e-12);
}

TEST(Step, StagesWaitForTheirFirstAndLastMessages) {
  // 4 stages in 4 nodes: where a message between them takes 1 ms longer (NCCL's Simple counts a NIC's latency twice),
  // so do each of a stage's 5 forward and 5 backward ones, and 3 there and 3 back fill and drain the pipeline.
  Cluster slow = round_cluster();
  slow.nic_latency = Seconds{0.5e-3};
  Workload work = sequence(64 * 1024);
  work.global_batch = 5;
  const Layout layout{.strategy = Strategy::ulysses, .pp = 4, .ulysses = 8, .zero = 0};
  const auto fast = estimate(llama_7b(), work, layout).step, late = estimate(llama_7b(), work, layout, slow).step;
  EXPECT_NEAR((late.bubble - fast.bubble).value(), 2 * 3 * 1e-3, 1e-9);
  EXPECT_NEAR((late.exposed_comm - fast.exposed_comm).value(), 2 * 5 * 1e-3, 1e-9);
}

TEST(Step, RingHidesBehindAttentionOfALongSequence) {
  // At 1 Mi tokens a hop's attention, N/8 x N/16 x 4 x 4096 FLOPs at 500 TFLOPS = 281 ms, dwarfs its 2 GiB at 400 GB/s.
  const StepEstimate e = estimate(llama_7b(), sequence(kMi), {.strategy = Strategy::ring, .ring = 8, .zero = 0});
  EXPECT_NEAR(e.step.exposed_comm.value(), e.parameters.time.value() / 32, 1e-6);
  EXPECT_GT(e.step.comm, e.step.exposed_comm * 10);
}

TEST(Step, MegatronSpExposesAllButTheSecondGathers) {
  Workload work = sequence(kMi);
  work.recompute = Recompute::none;
  const StepEstimate e = estimate(llama_7b(), work, {.strategy = Strategy::megatron_sp, .tp = 8, .zero = 1});
  // Forward 4 of 4, backward 4 of 6 (two gathers hide behind the input gradients); the head gathers twice and reduces
  // once, the embedding reduces and gathers.
  const Seconds unit = e.forward.time / 4;
  EXPECT_NEAR(e.step.exposed_comm.value(), (unit * 8 * 32 + unit * 5).value(), 1e-6);
}

TEST(Step, ZeroThreeMovesParametersTwiceAndGradientsOnce) {
  // Per micro-batch: all-gather e * params (n-1)/n twice, reduce-scatter once, over dp x sp = 8.
  const StepEstimate e = estimate(llama_7b(), sequence(kMi), {.strategy = Strategy::ulysses, .ulysses = 8});
  const double p = static_cast<double>(parameter_count(llama_7b()));
  EXPECT_NEAR(e.parameters.sent.value(), 3 * 2 * p * 7 / 8, 1);
  // Stage 0: one all-reduce, twice (n-1)/n. Stages 1 and 2: a reduce-scatter and a gather of the new weights.
  for (int zero : {0, 1, 2}) {
    const StepEstimate z =
        estimate(llama_7b(), sequence(kMi), {.strategy = Strategy::ulysses, .ulysses = 8, .zero = zero});
    EXPECT_NEAR(z.parameters.sent.value(), 2 * 2 * p * 7 / 8, 1) << zero;
  }
}

TEST(Step, ZeroTwoReducesEveryMicroBatchStageOneOnce) {
  Workload work = sequence(65536);
  work.global_batch = 4;
  const auto reduced = [&](int zero) {
    const StepEstimate e = estimate(llama_7b(), work, {.strategy = Strategy::ulysses, .ulysses = 8, .zero = zero});
    double bytes = 0;
    for (const Collective& c : e.parameters.collectives) bytes += c.tensor == Tensor::gradients ? c.sent.value() : 0;
    return bytes;
  };
  EXPECT_NEAR(reduced(2) / reduced(1), 4, 1e-9);
}

TEST(Step, FlopsByMask) {
  // hfu counts what the hardware executes: full recompute 4 x matrices and (2 + 2.5) x the causal half of the square.
  const Workload work = sequence(kMi);
  const StepEstimate e = estimate(llama_7b(), work, {.strategy = Strategy::ulysses, .ulysses = 32});
  const double n = kMi, matrices = 2 * n * 202375168.0 * 32, head = 2 * n * 4096 * 32000, half = 2 * n * n * 4096 * 32;
  EXPECT_NEAR(e.executed_flops.value() / (4 * matrices + 3 * head + 4.5 * half), 1, 1e-12);
  EXPECT_NEAR(e.model_flops.value() / (3 * matrices + 3 * head + 3 * half), 1, 1e-12);
}

TEST(Step, RecomputedFlopsAreTheLayersOwn) {
  // Calculon adds its running total to the recomputation (peers' mistake 6): full - none must be one forward, no more.
  Workload work = sequence(65536);
  const Layout layout{.strategy = Strategy::ulysses, .ulysses = 8};
  const Flop full = estimate(llama_7b(), work, layout).executed_flops;
  work.recompute = Recompute::none;
  const Flop none = estimate(llama_7b(), work, layout).executed_flops;
  const double n = 65536;
  EXPECT_NEAR((full - none).value() / (32 * (2 * n * 202375168.0 + 2 * n * n * 4096)), 1, 1e-12);
}

/// Random legal jobs from a fixed seed.
struct RandomJobs {
  std::mt19937_64 engine{20230914};
  int pick(std::initializer_list<int> options) {
    return *(options.begin() + std::uniform_int_distribution<std::size_t>(0, options.size() - 1)(engine));
  }
  Layout layout() {
    Layout l{.strategy = kStrategies[static_cast<std::size_t>(pick({0, 1, 2, 3}))]};
    l.tp = l.strategy == Strategy::megatron_sp ? pick({2, 4, 8, 32}) : pick({1, 1, 2});
    if (l.strategy == Strategy::ulysses || l.strategy == Strategy::usp) l.ulysses = pick({2, 3, 4, 8, 16});
    if (l.strategy == Strategy::ring || l.strategy == Strategy::usp) l.ring = pick({2, 4, 8, 16});
    l.dp = pick({1, 2, 4});
    l.zero = pick({0, 1, 2, 3});
    l.zigzag = pick({0, 1}) == 1;
    return l;
  }
  Workload work() {
    Workload w = sequence(std::int64_t{1} << pick({12, 14, 16, 18, 20}));
    w.global_batch = pick({4, 8});
    w.recompute = static_cast<Recompute>(pick({0, 1, 2}));
    w.causal = pick({0, 1}) == 1;
    w.dtype = static_cast<Dtype>(pick({0, 1, 2}));
    w.fp32_gradients = pick({0, 1}) == 1;
    return w;
  }
};

TEST(StepProperties, TimeStaysAboveTheBoundAndGrowsWithTheSequence) {
  RandomJobs jobs;
  for (int i = 0; i < 5000; ++i) {
    const Layout layout = jobs.layout();
    Workload work = jobs.work();
    const StepEstimate e = estimate(llama_7b(), work, layout);
    ASSERT_TRUE(std::isfinite(e.step.time.value()));
    ASSERT_GE(e.step.time, e.step.bound) << i;
    ASSERT_GE(e.forward.time, e.forward.bound) << i;
    ASSERT_GE(e.backward.time, e.backward.bound) << i;
    ASSERT_GE(e.step.exposed_comm.value(), -1e-12) << i;
    ASSERT_LE(e.step.exposed_comm.value(), e.step.comm.value() + 1e-9) << i;
    ASSERT_GE(e.executed_flops.value(), e.model_flops.value() * (1 - 1e-12)) << i;
    work.seq_len.count *= 2;
    const StepEstimate longer = estimate(llama_7b(), work, layout);
    ASSERT_GT(longer.step.time, e.step.time) << i;
    ASSERT_GT(longer.memory.peak(), e.memory.peak()) << i;
  }
}

TEST(StepProperties, MoreBandwidthIsNeverSlower) {
  RandomJobs jobs;
  Cluster faster = round_cluster();
  faster.domains[0].peak = faster.domains[0].achieved = faster.domains[0].achieved_all_to_all = BytesPerSecond{1600e9};
  for (int i = 0; i < 2000; ++i) {
    const Layout layout = jobs.layout();
    const Workload work = jobs.work();
    ASSERT_LE(estimate(llama_7b(), work, layout, faster).step.time.value(),
              estimate(llama_7b(), work, layout).step.time.value() * (1 + 1e-12))
        << i;
  }
}

TEST(StepProperties, TwiceTheBatchOfTwiceTheReplicasKeepsTheLayer) {
  RandomJobs jobs;
  for (int i = 0; i < 500; ++i) {
    Layout layout = jobs.layout();
    Workload work = jobs.work();
    const StepEstimate one = estimate(llama_7b(), work, layout);
    work.global_batch *= 2;
    layout.dp *= 2;
    const StepEstimate two = estimate(llama_7b(), work, layout);
    ASSERT_EQ(one.forward.sent, two.forward.sent) << i;
    ASSERT_EQ(one.parts.attention, two.parts.attention) << i;
    ASSERT_DOUBLE_EQ(two.model_flops / one.model_flops, 2) << i;
  }
}

}  // namespace
}  // namespace ithaca
