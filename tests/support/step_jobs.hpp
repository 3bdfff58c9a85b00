#pragma once
// A training step through the closed form and through the event engine, and what the two differ by.

#include <gtest/gtest.h>

#include "model/step.hpp"
#include "model/step_parts.hpp"
#include "sim/run_program.hpp"
#include "sim/step_program.hpp"
#include "tests/support/machines.hpp"

namespace ithaca::test {

/// One job through both: the closed form and the engine on the idle ideal fabric.
struct StepJob {
  Transformer model = llama_7b();
  Workload work = sequence(1048576);
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
  /// On the idle ideal fabric.
  ProgramRun run(const Program& program, const Slowdown& slowdown = {}, const RunOptions& options = {}) const {
    const auto fabric = build_fabric(cluster, FabricSpec{}, layout.gpus());
    const auto router = Router::make(*fabric, Routing::deterministic);
    auto run = run_program(program, *router, slowdown, options);
    EXPECT_TRUE(run) << (run ? "" : run.error());
    return run ? *run : ProgramRun{};
  }
  Seconds engine(const Result<Program, std::string>& program) const {
    EXPECT_TRUE(program) << (program ? "" : program.error());
    return program ? run(*program).makespan : Seconds{};
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
    if (layout.tp == 1 || !layout.tp_sequence || work.overlap.tensor) return {};
    const GemmTimes g = backward_gemms(model, work, cluster.gpu, rank());
    const Seconds gather = all_gather_cost(cluster, groups().tp, head_message(model, work, rank())).total();
    const auto left = [](Seconds time, Seconds cover) { return max(Seconds{}, time - cover); };
    const Seconds adapters = g.adapters * 0.25;
    const Seconds own =
        left(gather, (g.qkv + g.output) * 0.5 + adapters) + left(gather, (g.up + g.down) * 0.5 + adapters);
    return (own - left(gather * 2, g.total() * 0.5)) * (layers() * micro_batches(work, layout));
  }

  /// Of exchanges in chunks the closed form hides all but one behind all products of a pass, the engine each behind
  /// its own: four forward and six backward.
  Seconds chunks_by_product() const {
    if (layout.tp == 1 || !layout.tp_sequence || !work.overlap.tensor) return {};
    const GemmTimes f = forward_gemms(model, work, cluster.gpu, rank()),
                    b = backward_gemms(model, work, cluster.gpu, rank());
    const Seconds once = all_gather_cost(cluster, groups().tp, head_message(model, work, rank())).total();
    const auto more = [&](const std::vector<Seconds>& products, Seconds all) {
      Seconds hidden;
      for (const Seconds product : products) hidden = hidden + min(once, product);
      const Seconds left = min(once * static_cast<double>(products.size()), all) - hidden;
      return left <= all * 1e-12 ? Seconds{} : left;
    };
    const double passes = work.recompute == Recompute::full ? 2 : 1;
    const Seconds forward = more({f.qkv, f.output, f.up, f.down}, f.total()) * passes;
    const Seconds backward =
        more({b.down * 0.5, (b.up + b.down) * 0.5, b.up * 0.5, b.output * 0.5, (b.qkv + b.output) * 0.5, b.qkv * 0.5},
             b.total());
    return (forward + backward) * ((layout.tp - 1.0) / layout.tp * layers() * micro_batches(work, layout));
  }

  void expect_equal() const {
    const Seconds expected =
        analytic().step.time + late_reduction() + last_hop_home() + gathers_by_block() + chunks_by_product();
    EXPECT_NEAR(engine() / expected, 1, 1e-9)
        << name(layout.strategy) << " on " << layout.gpus() << ", zero " << layout.zero;
  }
};

}  // namespace ithaca::test
