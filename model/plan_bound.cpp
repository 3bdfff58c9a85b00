#include "model/plan_bound.hpp"

#include <algorithm>

#include "model/lora.hpp"
#include "model/stage_time.hpp"

namespace ithaca {
namespace {

constexpr double kRounding = 1 - 1e-9;  // the step adds the same numbers in another order

}  // namespace

LayerPass layer_pass(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout) {
  const LayerCosts costs =
      layer_costs(model, work, cluster, layout, split_rank(model, work, layout), place_groups(cluster, layout));
  LayerPass pass{};
  for (std::size_t kind = 0; kind < pass.size(); ++kind) {
    const LayerKernels& k = costs[kind].kernels;
    const LayerPasses& p = costs[kind].passes;
    pass[kind] = k.forward.total() + k.backward.total() + k.repeated.total() + p.forward.exposed + p.backward.exposed;
  }
  return pass;
}

Seconds time_bound(const LayerPass& pass, const Pipeline& p, std::int64_t micro_batches) {
  std::array<Seconds, 3> stage;
  for (std::size_t i = 0; i < 3; ++i) {
    stage[i] = pass[0] * static_cast<double>(p.stages[i].dense) + pass[1] * static_cast<double>(p.stages[i].moe);
  }
  const Seconds slowest = max(stage[0], max(stage[1], stage[2]));
  Seconds sum = stage[0];
  if (p.pp > 1) sum += stage[2] + stage[1] * (p.pp - 2);
  return (slowest * static_cast<double>(micro_batches) + (sum - slowest) / p.virtual_pp) * kRounding;
}

Bytes weights_bound(const Workload& work, const Layout& layout, const RankSplit& rank, const Pipeline& pipeline) {
  if (work.offload.parameters) return {};
  const double shards = layout.zero == 3 ? layout.dp * layout.sequence() : 1;
  double most = 0;
  for (const Stage& s : pipeline.stages) {
    const LayerWeights w = stage_weights(rank, s);
    most = std::max(most, w.shared / shards + w.experts / std::max(1.0, shards / layout.ep));
  }
  const double least = work.lora_rank > 0 ? frozen_bytes(work) : element_bytes(work.dtype);
  return Bytes{least * most * kRounding};
}

}  // namespace ithaca
