#include "sim/step_inputs.hpp"

#include "model/offload.hpp"

namespace ithaca {

StageTime closed_form(const StepInputs& in, int index) {
  const RankGroups groups = place_groups(in.cluster, in.layout);
  const Stage held = stage(in.model, in.layout, index);
  const LayerCosts costs = layer_costs(in.model, in.work, in.cluster, in.layout, in.rank, groups);
  LayerTraffic traffic;
  const ShardTimes shard = add_sharding(in.model, in.work, in.cluster, in.layout, in.rank, groups,
                                        stage_weights(in.rank, held), stage_trained(in.rank, held), held, traffic);
  return stage_time(in.model, in.work, in.cluster, in.layout, in.rank, groups, costs, shard, held);
}

Seconds embedding_time(const StepInputs& in) {
  return embedding_both_ways(in.model, in.work, in.cluster.gpu, in.rank).total();
}

HeadTimes head_times(const StepInputs& in) {
  const Seconds forward = head_product_time(in.model, in.work, in.cluster.gpu, in.rank);
  return {forward, head_and_loss_both_ways(in.model, in.work, in.cluster.gpu, in.rank).total() - forward};
}

Seconds update_time(const StepInputs& in, int index) {
  const LayerWeights trained = stage_trained(in.rank, stage(in.model, in.layout, index));
  if (in.work.offload.optimizer) return host_adam_time(in.cluster, in.layout, trained);
  return optimizer_time(in.work, in.cluster.gpu, in.layout, trained);
}

HostCopies host_copies(const StepInputs& in, int index) {
  const double micro = micro_batches(in.work, in.layout);
  const auto traffic = [&](const Stage& held) { return host_traffic(in.model, in.work, in.layout, in.rank, held); };
  const auto time = [&](Bytes bytes) { return host_link_time(in.cluster.gpu, {bytes, {}}); };
  HostCopies copies;
  for (const LayerKind kind : {LayerKind::dense, LayerKind::moe}) {
    if (layers_of(in.model, kind) == 0) continue;
    const bool dense = kind == LayerKind::dense;
    const auto [down, up] = traffic({.dense = dense, .moe = !dense, .first = false, .last = false}).layers;
    copies.inputs[static_cast<std::size_t>(kind)] = time(down / micro);
    copies.weights[static_cast<std::size_t>(kind)] = time((up - down) / (2 * micro));
  }
  const Stage held = stage(in.model, in.layout, index);
  copies.ends = time(traffic({.dense = 0, .moe = 0, .first = held.first, .last = held.last}).layers.up / (2 * micro));
  const auto [gradients, updated] = traffic(held).update;
  copies.gradients = time(gradients / (in.layout.zero >= 2 ? micro : 1));
  copies.updated = time(updated);
  return copies;
}

}  // namespace ithaca
