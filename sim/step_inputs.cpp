#include "sim/step_inputs.hpp"

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
  return optimizer_time(in.work, in.cluster.gpu, in.layout, trained);
}

}  // namespace ithaca
