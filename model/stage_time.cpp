#include "model/stage_time.hpp"

#include <cmath>

#include "model/collective.hpp"

namespace ithaca {
namespace {

constexpr std::array kKinds{LayerKind::dense, LayerKind::moe};

std::size_t index(LayerKind kind) { return static_cast<std::size_t>(kind); }

/// What a layer waits for. ZeRO's collectives run beside compute but share the wires with the strategy's own.
Seconds waits(const Pass& pass, Seconds sharding, bool overlapped) {
  return overlapped ? max(pass.exposed, sharding + pass.comm - pass.compute) : pass.exposed + sharding;
}

/// The collectives of one group of ranks that shards weights.
class Sharder {
 public:
  Sharder(const Cluster& cluster, const Placement& placement, LayerTraffic& traffic)
      : cluster_(cluster), placement_(placement), traffic_(traffic) {}

  /// Time of one of them.
  Seconds add(const ShardCall& call) {
    if (call.count == 0) return {};
    const CollectiveCost once = cost(call);
    traffic_.add_made([&] { return collective(call, once); });
    return once.total();
  }

 private:
  Collective collective(const ShardCall& call, const CollectiveCost& once) const {
    const double ranks = placement_.group.size, count = call.count;
    const double factor = (call.op == Op::all_reduce ? 2 : 1) * (ranks - 1) / ranks * count;
    const Bytes sent = call.message * factor;
    return {.op = call.op,
            .tensor = call.op == Op::all_gather ? Tensor::parameters : Tensor::gradients,
            .overlapped = true,
            .group = placement_.group.size,
            .count = static_cast<int>(count),
            .message = call.message,
            .sent = sent,
            .received = sent,
            .sent_mean = sent,
            .nic = nic_bytes(cluster_, placement_, call.op, sent),
            .cost = {once.latency * count, once.transfer * count, once.bound * count}};
  }

  /// Gathers and reductions often have the same message.
  CollectiveCost cost(const ShardCall& call) {
    if (call.op == Op::all_reduce) return all_reduce_cost(cluster_, placement_, call.message);
    if (call.message != message_) {
      message_ = call.message;
      ring_ = ring_pair_cost(cluster_, placement_, message_);
    }
    return call.op == Op::all_gather ? ring_.gather : ring_.reduce;
  }

  const Cluster& cluster_;
  const Placement& placement_;
  LayerTraffic& traffic_;
  Bytes message_{};  ///< that `ring_` is of
  RingPair ring_;
};

/// Of `layers` layers, each of which is gathered and reduced by itself.
ShardedWeights of_layers(double weights, double trained, double layers) {
  return {.layer = weights, .all = weights, .layers = layers, .trained_layer = trained, .trained_all = trained};
}

void add_layer_calls(Sharder& sharder, const ShardCalls& calls, LayerKind kind, ShardTimes& times) {
  times.gather[index(kind)] += sharder.add(calls.gather);
  times.reduce[index(kind)] += sharder.add(calls.reduce);
}

/// Hidden states gathered and reduced over tp around embedding and head (Megatron-LM core/tensor_parallel).
Seconds end_exchanges(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout,
                      const RankSplit& rank, const RankGroups& groups, const Stage& stage) {
  if (layout.tp == 1) return {};
  const Bytes hidden = head_message(model, work, rank);
  if (!layout.tp_sequence) return all_reduce_cost(cluster, groups.tp, hidden).total() * (stage.first + stage.last);
  const RingPair ring = ring_pair_cost(cluster, groups.tp, hidden);
  const Seconds gather = ring.gather.total(), reduce = ring.reduce.total();
  return (gather + reduce) * stage.first + (gather * 2 + reduce) * stage.last;
}

/// What a device that is busy for so long waits for a host that needs `issue` for the same kernels: the difference
/// where the host is much slower, nearly nothing where its queue never runs dry. A norm of power 3, whose power was
/// chosen on the fitting half of vTrain's single-node runs (hw_profiles/README.md).
Seconds host_wait(Seconds issue, Seconds busy) {
  const double h = issue.value(), g = busy.value();
  return h > 0 ? Seconds{std::cbrt(h * h * h + g * g * g) - g} : Seconds{};
}

}  // namespace

LayerCosts layer_costs(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout,
                       const RankSplit& rank, const RankGroups& groups, TrafficRule traffic) {
  const auto of = [&](LayerKind kind) {  // built in place: it is kilobytes
    LayerCost c{layer_kernels(model, work, cluster.gpu, layout, rank, kind),
                traffic(model, work, cluster, layout, rank, groups, kind),
                {}};
    c.passes = layer_passes(work, layout, c.traffic.forward, c.traffic.backward, c.kernels);
    return c;
  };
  const bool has_dense = layers_of(model, LayerKind::dense) > 0, has_moe = layers_of(model, LayerKind::moe) > 0;
  return {has_dense ? of(LayerKind::dense) : LayerCost{}, has_moe ? of(LayerKind::moe) : LayerCost{}};
}

ShardTimes add_sharding(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout,
                        const RankSplit& rank, const RankGroups& groups, const LayerWeights& largest,
                        const LayerWeights& largest_trained, const Stage& first, LayerTraffic& traffic) {
  ShardTimes times;
  Sharder shared(cluster, groups.shard, traffic), experts(cluster, groups.expert_shard, traffic);
  const int ranks = groups.shard.group.size;
  for (const LayerKind kind : kKinds) {
    const double layers = static_cast<double>(first.layers(kind));
    const LayerWeights &w = weights(rank, kind), &t = trained(rank, kind);
    add_layer_calls(shared, shard_calls(work, layout, ranks, of_layers(w.shared, t.shared, layers)), kind, times);
    add_layer_calls(experts, shard_calls(work, layout, ranks / layout.ep, of_layers(w.experts, t.experts, layers)),
                    kind, times);
  }
  const double ends = rank.embedding_weights + rank.head_weights;  // ZeRO 2 and 3 have one stage
  const double trained_ends = rank.ends_trained ? ends : 0;
  const ShardCalls all = shard_calls(
      work, layout, ranks,
      {.ends = ends, .all = largest.shared, .trained_ends = trained_ends, .trained_all = largest_trained.shared});
  const ShardCalls routed =
      shard_calls(work, layout, ranks / layout.ep, {.all = largest.experts, .trained_all = largest_trained.experts});
  times.ends = shared.add(all.gather_ends) + times.gather[index(main_kind(model))];
  times.ends += shared.add(all.reduce_ends);
  times.at_end = shared.add(all.reduce_all);
  times.at_end += experts.add(routed.reduce_all);
  times.update = shared.add(all.gather_all);
  times.update += experts.add(routed.gather_all);
  return times;
}

StageTime stage_time(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout,
                     const RankSplit& rank, const RankGroups& groups, const LayerCosts& costs, const ShardTimes& shard,
                     const Stage& stage) {
  StageTime t;
  Seconds forward;
  for (const LayerKind kind : kKinds) {
    const double layers = static_cast<double>(stage.layers(kind));
    if (layers == 0) continue;
    const LayerCost& c = costs[index(kind)];
    const bool beside = work.overlap.parameters;
    const Seconds forward_waits = waits(c.passes.forward, shard.gather[index(kind)], beside);
    const Seconds backward_waits =
        waits(c.passes.backward, shard.gather[index(kind)] + shard.reduce[index(kind)], beside);
    KernelTimes once = c.kernels.forward;
    once += c.kernels.backward;
    once += c.kernels.repeated;
    t.kernels += once * layers;
    t.comm += (c.passes.forward.comm + c.passes.backward.comm) * layers;
    t.exposed += (forward_waits + backward_waits) * layers;
    t.backward += (c.passes.backward.compute + backward_waits) * layers;
    forward += (c.passes.forward.compute + forward_waits) * layers;
  }
  const double layers = static_cast<double>(stage.layers());
  const Seconds issued_forward = cluster.gpu.host.forward_layer * layers;
  const double repeats = costs[index(main_kind(model))].kernels.repeats;
  t.host_forward = host_wait(issued_forward, forward);
  t.host_backward = host_wait(cluster.gpu.host.backward_layer * layers + issued_forward * repeats, t.backward);
  if (stage.first) t.kernels += embedding_both_ways(model, work, cluster.gpu, rank);
  if (stage.last) t.kernels += head_and_loss_both_ways(model, work, cluster.gpu, rank);
  const Seconds ends = end_exchanges(model, work, cluster, layout, rank, groups, stage);
  t.comm += ends;
  t.exposed += ends + (stage.first ? shard.ends : Seconds{});
  return t;
}

Seconds tied_embedding_time(const Transformer& model, const Workload& work, const Cluster& cluster,
                            const Layout& layout) {
  if (!model.tied_embeddings || layout.pp == 1 || work.lora_rank > 0) return {};
  const int between = layout.gpus() / layout.pp * (layout.pp - 1);
  const Placement ends = place(cluster, {2, between}, layout.gpus());
  const double element = work.fp32_gradients ? 4 : element_bytes(work.dtype);
  const double weights = static_cast<double>(model.vocab) * static_cast<double>(model.hidden) / layout.tp;
  return all_reduce_cost(cluster, ends, Bytes{element * weights}).total();
}

}  // namespace ithaca
