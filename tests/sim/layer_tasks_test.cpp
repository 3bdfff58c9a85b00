#include "sim/layer_tasks.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/step_jobs.hpp"

namespace ithaca {
namespace {

using test::llama3_8b;
using test::llama_7b;
using test::sequence;
using test::StepJob;

constexpr std::int64_t kMi = 1048576;

TEST(LayerTasks, MegatronSpIsTheClosedForm) {
  // No sharding: nothing to derive, inside a node and across.
  for (const int tp : {1, 2, 8, 32}) {
    StepJob job;
    job.layout = {.strategy = Strategy::megatron_sp, .tp = tp, .zero = 1};
    job.expect_equal();
  }
}

TEST(LayerTasks, UlyssesIsTheClosedForm) {
  for (const int zero : {0, 1, 2, 3}) {
    for (const int ulysses : {8, 32}) {
      StepJob job;
      job.layout = {.strategy = Strategy::ulysses, .ulysses = ulysses, .zero = zero};
      job.expect_equal();
    }
  }
}

TEST(LayerTasks, RingAndUspAreTheClosedForm) {
  for (const RingGradient gradient : {RingGradient::fp32, RingGradient::half}) {
    for (const Layout& layout : {Layout{.strategy = Strategy::ring, .ring = 8, .zero = 1},
                                 Layout{.strategy = Strategy::ring, .ring = 16, .zero = 3},
                                 Layout{.strategy = Strategy::usp, .ulysses = 8, .ring = 4, .zero = 0},
                                 Layout{.strategy = Strategy::usp, .tp = 2, .ulysses = 4, .ring = 2, .zero = 1}}) {
      StepJob job;
      job.layout = layout;
      job.work.ring_gradient = gradient;
      job.expect_equal();
    }
  }
}

// Of two rings the last of hops goes round the outer one.
TEST(LayerTasks, OtherStrategiesAreTheClosedForm) {
  for (const Layout& layout :
       {Layout{.strategy = Strategy::tensor_parallel, .tp = 8, .zero = 1, .tp_sequence = false},
        Layout{.strategy = Strategy::tensor_parallel, .tp = 16, .zero = 0, .tp_sequence = false},
        Layout{.strategy = Strategy::cp_all_gather, .ring = 8, .zero = 1},
        Layout{.strategy = Strategy::cp_all_gather, .ring = 16, .zero = 1},
        Layout{.strategy = Strategy::ring_self_attention, .ring = 8, .zero = 1, .zigzag = false},
        Layout{.strategy = Strategy::loongtrain, .ring = 16, .zero = 1, .inner_ring = 4},
        Layout{.strategy = Strategy::loongtrain, .ulysses = 4, .ring = 8, .zero = 3, .inner_ring = 2}}) {
    StepJob job;
    job.layout = layout;
    job.work.flash = layout.strategy != Strategy::ring_self_attention;
    job.expect_equal();
  }
}

// With values half as wide as keys, also out of a latent vector, and every other layer recomputed: 16 of 32.
TEST(LayerTasks, NarrowValuesAndSomeLayersRecomputed) {
  for (const Layout& layout : {Layout{.strategy = Strategy::usp, .ulysses = 4, .ring = 2, .zero = 1},
                               Layout{.strategy = Strategy::ulysses, .ulysses = 8, .zero = 1}}) {
    StepJob job;
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
StepJob with_experts(double imbalance) {
  StepJob job;
  job.model.experts = {.count = 8, .top_k = 2, .ffn = 4096, .shared_ffn = 2048, .dense_layers = 1};
  job.model.experts.imbalance = imbalance;
  job.work.global_batch = 4;
  return job;
}

TEST(LayerTasks, ExpertsAreTheClosedForm) {
  for (const Layout& layout : {Layout{.strategy = Strategy::ulysses, .dp = 4, .zero = 1, .ep = 4},
                               Layout{.strategy = Strategy::ulysses, .dp = 2, .ulysses = 8, .zero = 0, .ep = 8},
                               Layout{.strategy = Strategy::usp, .dp = 1, .ulysses = 4, .ring = 2, .zero = 1, .ep = 2},
                               Layout{.strategy = Strategy::megatron_sp, .tp = 2, .dp = 4, .zero = 1, .ep = 4}}) {
    StepJob job = with_experts(1);
    job.layout = layout;
    job.expect_equal();
  }
}

// In one box the busiest rank's port decides, and the closed form is exact. Among servers it takes all ranks for as
// busy as that one.
TEST(LayerTasks, BusyExpertsAreTheClosedFormOrSooner) {
  StepJob job = with_experts(1.5);
  job.layout = {.strategy = Strategy::ulysses, .dp = 4, .zero = 1, .ep = 4};
  job.expect_equal();
  job.layout = {.strategy = Strategy::ulysses, .dp = 4, .ulysses = 8, .zero = 1, .ep = 32};
  job.model.experts.count = 32;
  EXPECT_LE(job.engine(), (job.analytic().step.time + job.late_reduction()) * (1 + 1e-9));
  EXPECT_GT(job.engine(), job.analytic().step.compute);
}

TEST(LayerTasks, EveryRecomputePolicy) {
  for (const Recompute recompute : {Recompute::none, Recompute::selective, Recompute::full}) {
    for (const bool flash : {true, false}) {
      StepJob job;
      job.work.recompute = recompute;
      job.work.flash = flash;
      job.layout = {.strategy = Strategy::ulysses, .tp = 2, .ulysses = 4, .zero = 1};
      job.expect_equal();
    }
  }
}

TEST(LayerTasks, UnevenHeadsOnOneSwitch) {
  // Everything leaves at once, so the busiest port is never idle and the exchange takes what that port carries, which
  // is the closed form. 32 heads over 5 ranks are 7, 7, 6, 6, 6; with KV groups of 4 the copies differ as well.
  for (const Transformer& model : {llama_7b(), llama3_8b()}) {
    StepJob job;
    job.model = model;
    job.layout = {.strategy = Strategy::ulysses, .ulysses = 5, .zero = 0};
    job.expect_equal();
  }
}

TEST(LayerTasks, AttentionWaitsForTheRankWithMostHeads) {
  StepJob job;
  job.layout = {.strategy = Strategy::ulysses, .dp = 2, .ulysses = 5};
  job.work.global_batch = 2;
  const auto program = step_program(job.model, job.work, job.cluster, job.layout);
  ASSERT_TRUE(program);
  ASSERT_EQ(program->loads.size(), 1U);
  const std::vector<double> replica{1, 1, 6.0 / 7, 6.0 / 7, 6.0 / 7};
  EXPECT_TRUE(std::equal(replica.begin(), replica.end(), program->loads[0].begin()));
  EXPECT_TRUE(std::equal(replica.begin(), replica.end(), program->loads[0].begin() + 5));
}

TEST(LayerTasks, RingHopByHop) {
  // 64 Ki tokens over 16 ranks on two nodes: a hop outlasts the attention beside it. Of r steps the first has the own
  // block (A0) and the last has no hop beside it, so the forward's attention takes
  //   max(A0, T) + (r - 2) max(A, T) + A
  // where the closed form takes A0 + (r - 1) max(A, T). In the backward the gradients' hop T' of the block before
  // joins: max(A0, T) + (r - 2) max(A, T + T') + max(A, T'), and T' once more behind it with fp32.
  StepJob job;
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

TEST(LayerTasks, MegatronsSecondGathersHideBlockByBlock) {
  // Across two nodes, or at 2 Ki tokens, a gather outlasts half of the attention block's products.
  for (const auto& [tokens, tp] : {std::pair{kMi, 16}, {kMi / 512, 8}}) {
    StepJob job;
    job.work = sequence(tokens);
    job.layout = {.strategy = Strategy::megatron_sp, .tp = tp, .zero = 1};
    EXPECT_GT(job.gathers_by_block(), Seconds{});
    job.expect_equal();
  }
}

TEST(LayerTasks, ExchangesInChunksAreTheClosedForm) {
  // Over two ranks each hides behind its own product but for a chunk; over more, or at 2 Ki tokens, some do not fit.
  const Layout megatron{.strategy = Strategy::megatron_sp, .zero = 1};
  for (const auto& [tokens, tp] : {std::pair{kMi, 2}, {kMi, 8}, {kMi, 16}, {kMi / 512, 8}}) {
    for (const Recompute recompute : {Recompute::none, Recompute::full}) {
      StepJob job;
      job.work = sequence(tokens);
      job.work.recompute = recompute;
      job.layout = megatron;
      job.layout.tp = tp;
      const Seconds whole = job.engine();
      job.work.overlap.tensor = true;
      EXPECT_EQ(job.chunks_by_product() == Seconds{}, tp == 2);
      job.expect_equal();
      EXPECT_LT(job.engine(), whole);
    }
  }
}

TEST(LayerTasks, AdaptersAreTheClosedForm) {
  for (const Layout& layout : {Layout{.strategy = Strategy::ulysses, .ulysses = 8, .zero = 3},
                               Layout{.strategy = Strategy::ring, .dp = 2, .ring = 8, .zero = 0},
                               Layout{.strategy = Strategy::megatron_sp, .tp = 8, .dp = 2, .zero = 1}}) {
    for (const LoraTargets& targets : {LoraTargets{true, true}, LoraTargets{true, false}}) {
      StepJob job;
      job.layout = layout;
      job.work.lora_rank = 16;
      job.work.lora_targets = targets;
      job.work.global_batch = 2;
      job.expect_equal();
    }
  }
}

// Every chunk goes to the heads and back by itself: as many latencies, and the same bytes.
TEST(LayerTasks, ChunksAreTheClosedForm) {
  for (const int chunks : {1, 4}) {
    for (const bool causal : {true, false}) {
      StepJob job;
      job.layout = {.strategy = Strategy::fpdt, .dp = 2, .ulysses = 8, .zero = 1, .chunks = chunks};
      job.work.causal = causal;
      job.work.global_batch = 2;
      job.expect_equal();
    }
  }
}

// Gathers of the tp group hide behind products, hops of the ring behind attention, each in its own place.
TEST(LayerTasks, RingsWithTensorParallelismAreTheClosedForm) {
  for (const Strategy strategy : {Strategy::cp_all_gather, Strategy::ring}) {
    StepJob job;
    job.work = sequence(kMi / 8);
    job.layout = {.strategy = strategy, .tp = 4, .ring = 2, .zero = 1};
    job.work.ring_gradient = RingGradient::half;
    job.expect_equal();
  }
}

TEST(LayerTasks, LayerIsItsPasses) {
  StepJob job;
  job.layout = {.strategy = Strategy::ulysses, .tp = 2, .ulysses = 8, .zero = 3};
  const StepEstimate e = job.analytic();
  const auto [forward, backward] = layer_passes(job.work, job.layout, e.forward, e.backward, job.kernels());
  const Seconds expected = forward.compute + forward.exposed + backward.compute + backward.exposed;
  const auto program = layer_program(job.model, job.work, job.cluster, job.layout);
  EXPECT_NEAR(job.engine(program) / expected, 1, 1e-9);
}

}  // namespace
}  // namespace ithaca
