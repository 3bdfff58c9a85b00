#include "sim/step_program.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "model/step.hpp"
#include "model/step_parts.hpp"
#include "sim/run_program.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using test::llama3_8b;
using test::llama_7b;
using test::round_cluster;
using test::sequence;

constexpr std::int64_t kMi = 1048576;

/// One job through both: the closed form and the engine on the idle ideal fabric.
struct Job {
  Transformer model = llama_7b();
  Workload work = sequence(kMi);
  Layout layout;
  Cluster cluster = round_cluster();

  RankSplit rank() const { return split_rank(model, work, layout); }
  RankGroups groups() const { return place_groups(cluster, layout); }
  LayerKernels kernels() const { return layer_kernels(model, work, cluster.gpu, layout, rank()); }
  double layers() const { return static_cast<double>(model.layers); }

  StepEstimate analytic() const {
    const auto e = estimate_step(model, work, cluster, layout);
    EXPECT_TRUE(e) << (e ? "" : why(e.error()));
    return *e;
  }
  Seconds engine(const Result<Program, std::string>& program) const {
    EXPECT_TRUE(program) << (program ? "" : program.error());
    const auto fabric = build_fabric(cluster, FabricSpec{}, layout.gpus());
    const auto router = Router::make(*fabric, Routing::deterministic);
    const auto run = run_program(*program, *router);
    EXPECT_TRUE(run) << (run ? "" : run.error());
    return run->makespan;
  }
  Seconds engine(const StepProgramOptions& options = {}) const {
    return engine(step_program(model, work, cluster, layout, options));
  }

  // What the engine adds to the closed form where everything hidden fits behind the kernel beside it.

  /// ZeRO 0 and 1 reduce a bucket for each layer, all but the last behind the backward. The closed form lets the last
  /// one take an L-th of one large collective; the engine pays its latency in full.
  /// ZeRO 2 and 3 reduce a layer's gradients behind the next layer's backward; the last layer has none, once a
  /// micro-batch, which the closed form leaves out.
  Seconds late_reduction() const {
    const ShardCalls calls = shard_calls(model, work, layout, rank());
    if (calls.reduce.count > 0) {
      return reduce_scatter_cost(cluster, groups().shard, calls.reduce.message).total() * micro_batches(work, layout);
    }
    if (!model.is_moe()) return late_bucket(calls, groups().shard);
    const Stage whole = stage(model, layout, 0);
    const LayerWeights w = stage_weights(rank(), whole);
    const int ranks = layout.dp * layout.sequence();
    return late_bucket(shard_calls(work, layout, ranks, {0, 0, w.shared, 0, 0, 0, w.shared}), groups().shard) +
           late_bucket(shard_calls(work, layout, ranks / layout.ep, {0, 0, w.experts, 0, 0, 0, w.experts}),
                       groups().expert_shard);
  }
  Seconds late_bucket(const ShardCalls& calls, const Placement& at) const {
    if (calls.reduce_all.count == 0) return {};
    const auto cost = layout.zero == 1 ? reduce_scatter_cost : all_reduce_cost;
    const Bytes all = calls.reduce_all.message;
    return cost(cluster, at, all / layers()).total() - cost(cluster, at, all).total() / layers();
  }
  /// With fp32 gradients the last hop of dK and dV leaves after the last block's attention: nothing hides it.
  Seconds last_hop_home() const {
    if (layout.ring == 1 || work.ring_gradient != RingGradient::fp32) return {};
    if (layout.strategy == Strategy::cp_all_gather || layout.strategy == Strategy::ring_self_attention) return {};
    const double block = static_cast<double>(work.micro_batch * rank().block_tokens);
    const Bytes message{2 * 4 * block * static_cast<double>(rank().split.max_kv * model.head_dim)};
    const Placement last = layout.inner_ring > 1 ? groups().outer_ring : groups().ring;
    return send_recv_cost(cluster, last, message).total() * (layers() * micro_batches(work, layout));
  }

  /// Megatron-SP gathers once more for each block's weight gradients. The closed form hides both gathers behind half of
  /// all products, the engine each behind half of its own block's.
  Seconds gathers_by_block() const {
    if (layout.tp == 1 || !layout.tp_sequence) return {};
    const GemmTimes g = backward_gemms(model, work, cluster.gpu, rank());
    const Seconds gather = all_gather_cost(cluster, groups().tp, head_message(model, work, rank())).total();
    const auto left = [](Seconds time, Seconds cover) { return max(Seconds{}, time - cover); };
    const Seconds own = left(gather, (g.qkv + g.output) * 0.5) + left(gather, (g.up + g.down) * 0.5);
    return (own - left(gather * 2, g.total() * 0.5)) * (layers() * micro_batches(work, layout));
  }

  void expect_equal() const {
    const Seconds expected = analytic().step.time + late_reduction() + last_hop_home() + gathers_by_block();
    EXPECT_NEAR(engine() / expected, 1, 1e-9)
        << name(layout.strategy) << " on " << layout.gpus() << ", zero " << layout.zero;
  }
};

TEST(StepProgram, MegatronSpIsTheClosedForm) {
  // No sharding: nothing to derive, inside a node and across.
  for (const int tp : {1, 2, 8, 32}) {
    Job job;
    job.layout = {.strategy = Strategy::megatron_sp, .tp = tp, .zero = 1};
    job.expect_equal();
  }
}

TEST(StepProgram, UlyssesIsTheClosedForm) {
  for (const int zero : {0, 1, 2, 3}) {
    for (const int ulysses : {8, 32}) {
      Job job;
      job.layout = {.strategy = Strategy::ulysses, .ulysses = ulysses, .zero = zero};
      job.expect_equal();
    }
  }
}

TEST(StepProgram, RingAndUspAreTheClosedForm) {
  for (const RingGradient gradient : {RingGradient::fp32, RingGradient::half}) {
    for (const Layout& layout : {Layout{.strategy = Strategy::ring, .ring = 8, .zero = 1},
                                 Layout{.strategy = Strategy::ring, .ring = 16, .zero = 3},
                                 Layout{.strategy = Strategy::usp, .ulysses = 8, .ring = 4, .zero = 0},
                                 Layout{.strategy = Strategy::usp, .tp = 2, .ulysses = 4, .ring = 2, .zero = 1}}) {
      Job job;
      job.layout = layout;
      job.work.ring_gradient = gradient;
      job.expect_equal();
    }
  }
}

// Of two rings the last of hops goes round the outer one.
TEST(StepProgram, OtherStrategiesAreTheClosedForm) {
  for (const Layout& layout :
       {Layout{.strategy = Strategy::tensor_parallel, .tp = 8, .zero = 1, .tp_sequence = false},
        Layout{.strategy = Strategy::tensor_parallel, .tp = 16, .zero = 0, .tp_sequence = false},
        Layout{.strategy = Strategy::cp_all_gather, .ring = 8, .zero = 1},
        Layout{.strategy = Strategy::cp_all_gather, .ring = 16, .zero = 1},
        Layout{.strategy = Strategy::ring_self_attention, .ring = 8, .zero = 1, .zigzag = false},
        Layout{.strategy = Strategy::loongtrain, .ring = 16, .zero = 1, .inner_ring = 4},
        Layout{.strategy = Strategy::loongtrain, .ulysses = 4, .ring = 8, .zero = 3, .inner_ring = 2}}) {
    Job job;
    job.layout = layout;
    job.work.flash = layout.strategy != Strategy::ring_self_attention;
    job.expect_equal();
  }
}

// With values half as wide as keys, also out of a latent vector, and every other layer recomputed: 16 of 32.
TEST(StepProgram, NarrowValuesAndSomeLayersRecomputed) {
  for (const Layout& layout : {Layout{.strategy = Strategy::usp, .ulysses = 4, .ring = 2, .zero = 1},
                               Layout{.strategy = Strategy::ulysses, .ulysses = 8, .zero = 1}}) {
    Job job;
    job.layout = layout;
    job.model.value_dim = job.model.head_dim / 2;
    if (layout.ring == 1) job.model.latent = {.query_rank = 512, .kv_rank = 256, .rope_dim = 32};
    job.work.recompute = Recompute::full;
    job.work.recompute_every = 2;
    job.work.ring_gradient = RingGradient::half;
    job.expect_equal();
  }
}

/// A dense layer, then eight experts of which each token takes two.
Job with_experts(double imbalance) {
  Job job;
  job.model.experts = {.count = 8, .top_k = 2, .ffn = 4096, .shared_ffn = 2048, .dense_layers = 1};
  job.model.experts.imbalance = imbalance;
  job.work.global_batch = 4;
  return job;
}

TEST(StepProgram, ExpertsAreTheClosedForm) {
  for (const Layout& layout : {Layout{.strategy = Strategy::ulysses, .dp = 4, .zero = 1, .ep = 4},
                               Layout{.strategy = Strategy::ulysses, .dp = 2, .ulysses = 8, .zero = 0, .ep = 8},
                               Layout{.strategy = Strategy::usp, .dp = 1, .ulysses = 4, .ring = 2, .zero = 1, .ep = 2},
                               Layout{.strategy = Strategy::megatron_sp, .tp = 2, .dp = 4, .zero = 1, .ep = 4}}) {
    Job job = with_experts(1);
    job.layout = layout;
    job.expect_equal();
  }
}

// In one box the busiest rank's port decides, and the closed form is exact. Among servers it takes all ranks for as
// busy as that one.
TEST(StepProgram, BusyExpertsAreTheClosedFormOrSooner) {
  Job job = with_experts(1.5);
  job.layout = {.strategy = Strategy::ulysses, .dp = 4, .zero = 1, .ep = 4};
  job.expect_equal();
  job.layout = {.strategy = Strategy::ulysses, .dp = 4, .ulysses = 8, .zero = 1, .ep = 32};
  job.model.experts.count = 32;
  EXPECT_LE(job.engine(), (job.analytic().step.time + job.late_reduction()) * (1 + 1e-9));
  EXPECT_GT(job.engine(), job.analytic().step.compute);
}

TEST(StepProgram, EveryRecomputePolicy) {
  for (const Recompute recompute : {Recompute::none, Recompute::selective, Recompute::full}) {
    for (const bool flash : {true, false}) {
      Job job;
      job.work.recompute = recompute;
      job.work.flash = flash;
      job.layout = {.strategy = Strategy::ulysses, .tp = 2, .ulysses = 4, .zero = 1};
      job.expect_equal();
    }
  }
}

TEST(StepProgram, MicroBatchesAndReplicas) {
  for (const int zero : {0, 1, 2, 3}) {
    Job job;
    job.work = sequence(kMi / 4);
    job.work.global_batch = 6;
    job.layout = {.strategy = Strategy::ulysses, .dp = 2, .ulysses = 8, .zero = zero};
    job.expect_equal();
  }
}

TEST(StepProgram, UnevenHeadsOnOneSwitch) {
  // Everything leaves at once, so the busiest port is never idle and the exchange takes what that port carries, which
  // is the closed form. 32 heads over 5 ranks are 7, 7, 6, 6, 6; with KV groups of 4 the copies differ as well.
  for (const Transformer& model : {llama_7b(), llama3_8b()}) {
    Job job;
    job.model = model;
    job.layout = {.strategy = Strategy::ulysses, .ulysses = 5, .zero = 0};
    job.expect_equal();
  }
}

TEST(StepProgram, AttentionWaitsForTheRankWithMostHeads) {
  Job job;
  job.layout = {.strategy = Strategy::ulysses, .dp = 2, .ulysses = 5};
  job.work.global_batch = 2;
  const auto program = step_program(job.model, job.work, job.cluster, job.layout);
  ASSERT_TRUE(program);
  ASSERT_EQ(program->loads.size(), 1U);
  const std::vector<double> replica{1, 1, 6.0 / 7, 6.0 / 7, 6.0 / 7};
  EXPECT_TRUE(std::equal(replica.begin(), replica.end(), program->loads[0].begin()));
  EXPECT_TRUE(std::equal(replica.begin(), replica.end(), program->loads[0].begin() + 5));
}

TEST(StepProgram, RingHopByHop) {
  // 64 Ki tokens over 16 ranks on two nodes: a hop outlasts the attention beside it. Of r steps the first has the own
  // block (A0) and the last has no hop beside it, so the forward's attention takes
  //   max(A0, T) + (r - 2) max(A, T) + A
  // where the closed form takes A0 + (r - 1) max(A, T). In the backward the gradients' hop T' of the block before
  // joins: max(A0, T) + (r - 2) max(A, T + T') + max(A, T'), and T' once more behind it with fp32.
  Job job;
  job.work = sequence(65536);
  job.layout = {.strategy = Strategy::ring, .ring = 16, .zero = 0};
  const LayerKernels k = job.kernels();
  const double r = 16;
  const Bytes block{2 * 2 * 4096.0 * 4096};
  const Seconds t = send_recv_cost(job.cluster, job.groups().ring, block).total();
  const Seconds home = send_recv_cost(job.cluster, job.groups().ring, block * 2).total();
  const Seconds a = k.forward.attention_hop, own = k.forward.attention - a * (r - 1);
  const Seconds b = k.backward.attention_hop, own_back = k.backward.attention - b * (r - 1);
  ASSERT_GT(t, a);
  const Seconds forward = max(own, t) + max(a, t) * (r - 2) + a;
  const Seconds backward = max(own_back, t) + max(b, t + home) * (r - 2) + max(b, home) + home;
  const Seconds layer = k.forward.total() - k.forward.attention + forward;
  const Seconds layer_back = k.backward.total() - k.backward.attention + backward;
  const auto program = layer_program(job.model, job.work, job.cluster, job.layout);
  EXPECT_NEAR(job.engine(program) / (layer * 2 + layer_back), 1, 1e-9);
}

TEST(StepProgram, MegatronsSecondGathersHideBlockByBlock) {
  // Across two nodes, or at 2 Ki tokens, a gather outlasts half of the attention block's products.
  for (const auto& [tokens, tp] : {std::pair{kMi, 16}, {kMi / 512, 8}}) {
    Job job;
    job.work = sequence(tokens);
    job.layout = {.strategy = Strategy::megatron_sp, .tp = tp, .zero = 1};
    EXPECT_GT(job.gathers_by_block(), Seconds{});
    job.expect_equal();
  }
}

TEST(StepProgram, SharedWiresWhereGathersDoNotFit) {
  // 8 Ki tokens with ZeRO-3: a layer's weights take longer to gather than the layer's first kernel runs, so they share
  // the ports with the all-to-alls. However the engine shares them, a layer takes at least its kernels and blocking
  // exchanges, and at most these and the gathers one after the other.
  Job job;
  job.work = sequence(8192);
  job.layout = {.strategy = Strategy::ulysses, .ulysses = 8, .zero = 3};
  const StepEstimate e = job.analytic();
  const Seconds alone = e.step.compute + (e.forward.time + e.backward.time) * job.layers() + e.step.optimizer;
  const Seconds time = job.engine();
  EXPECT_GT(time, alone);
  EXPECT_LT(time, alone + e.parameters.time);
  EXPECT_GT(time, e.step.bound);
}

TEST(StepProgram, StepsAreOneAfterAnother) {
  Job job;
  job.model.layers = 4;
  job.layout = {.strategy = Strategy::ulysses, .ulysses = 8};
  EXPECT_NEAR(job.engine({.steps = 3}) / job.engine(), 3, 1e-9);
}

TEST(StepProgram, LayerIsItsPasses) {
  Job job;
  job.layout = {.strategy = Strategy::ulysses, .tp = 2, .ulysses = 8, .zero = 3};
  const StepEstimate e = job.analytic();
  const auto [forward, backward] = layer_passes(job.layout, e.forward, e.backward, job.kernels());
  const Seconds expected = forward.compute + forward.exposed + backward.compute + backward.exposed;
  const auto program = layer_program(job.model, job.work, job.cluster, job.layout);
  EXPECT_NEAR(job.engine(program) / expected, 1, 1e-9);
}

TEST(StepProgram, RefusesInTheLayoutsOwnWords) {
  Job job;
  job.layout = {.strategy = Strategy::ulysses, .ulysses = 64};
  const auto program = step_program(job.model, job.work, job.cluster, job.layout);
  ASSERT_FALSE(program);
  EXPECT_EQ(program.error(), why(estimate_step(job.model, job.work, job.cluster, job.layout).error()));
}

TEST(StepProgram, StaysSmall) {
  // Tasks by layer, but every collective and every label once.
  Job job;
  job.layout = {.strategy = Strategy::usp, .tp = 2, .ulysses = 8, .ring = 4, .zero = 3};
  const auto layers = [&](std::int64_t count) {
    job.model.layers = count;
    return std::move(step_program(job.model, job.work, job.cluster, job.layout)).value();
  };
  const Program few = layers(2), many = layers(80);
  EXPECT_EQ(many.exchanges.size(), few.exchanges.size());
  EXPECT_EQ(many.labels, few.labels);
}

/// Random legal jobs of a small model from a fixed seed.
struct RandomJobs {
  std::mt19937_64 engine{20261124};
  int pick(std::initializer_list<int> options) {
    return *(options.begin() + std::uniform_int_distribution<std::size_t>(0, options.size() - 1)(engine));
  }
  Job next() {
    Job job;
    job.model = pick({0, 1}) == 0 ? llama_7b() : llama3_8b();
    job.model.layers = 3;
    Layout& l = job.layout;
    l.strategy = kStrategies[static_cast<std::size_t>(pick({0, 1, 2, 3}))];
    l.tp = l.strategy == Strategy::megatron_sp ? pick({2, 4, 8, 16}) : pick({1, 1, 2});
    if (l.strategy == Strategy::ulysses || l.strategy == Strategy::usp) l.ulysses = pick({2, 3, 4, 8});
    if (l.strategy == Strategy::ring || l.strategy == Strategy::usp) l.ring = pick({2, 4, 8});
    l.dp = pick({1, 2});
    l.zero = pick({0, 1, 2, 3});
    l.zigzag = pick({0, 1}) == 1;
    job.work = sequence(std::int64_t{1} << pick({13, 15, 17, 20}));
    job.work.global_batch = pick({2, 4});
    job.work.recompute = static_cast<Recompute>(pick({0, 1, 2}));
    job.work.ring_gradient = static_cast<RingGradient>(pick({0, 1}));
    return job;
  }
};

TEST(StepProgramProperties, NearTheClosedFormAndNeverUnderTheBound) {
  // Both know the same kernels and collectives and differ in what overlaps: the engine may hide what the closed form
  // exposes and the other way round, but neither can be more than twice the other, since both lie between the longer
  // and the sum of compute and communication.
  RandomJobs jobs;
  double nearest = 10, farthest = 0;
  for (int i = 0; i < 150; ++i) {
    const Job job = jobs.next();
    const StepEstimate e = job.analytic();
    const Seconds time = job.engine();
    ASSERT_GE(time.value(), e.step.bound.value() * (1 - 1e-12)) << i;
    nearest = std::min(nearest, time / e.step.time);
    farthest = std::max(farthest, time / e.step.time);
  }
  EXPECT_GT(nearest, 0.5);
  EXPECT_LT(farthest, 2);
}

TEST(StepProgramProperties, EveryOrderOfDimensionsMovesTheSameBytes) {
  RandomJobs jobs;
  for (int i = 0; i < 60; ++i) {
    Job job = jobs.next();
    job.model.layers = 1;
    DimensionOrder order = kFrameworkOrder;
    std::shuffle(order.begin(), order.end(), jobs.engine);
    const auto bytes = [&](const DimensionOrder& o) {
      const auto program = step_program(job.model, job.work, job.cluster, job.layout, {.order = o});
      EXPECT_TRUE(program) << (program ? "" : program.error());
      std::vector<double> sums;
      for (const Exchange& exchange : program->exchanges) {
        std::vector<Message> messages;
        for (std::uint32_t r = 0; r < program->ranks; ++r) exchange.sends(r, messages);
        double sum = 0;
        for (const Message& m : messages) sum += m.bytes.value();
        sums.push_back(sum);
      }
      return sums;
    };
    const auto plain = bytes(kFrameworkOrder), shuffled = bytes(order);
    ASSERT_EQ(plain.size(), shuffled.size());
    for (std::size_t x = 0; x < plain.size(); ++x) ASSERT_NEAR(shuffled[x] / plain[x], 1, 1e-12) << i;
    ASSERT_GT(job.engine({.order = order}), Seconds{});
  }
}

}  // namespace
}  // namespace ithaca
