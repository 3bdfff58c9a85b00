#pragma once
// Time of one pipeline stage for one micro-batch, and of what its ranks shard: the middle of model/step.hpp.

#include <array>

#include "model/layer_compute.hpp"
#include "model/step_parts.hpp"
#include "model/traffic.hpp"

namespace ithaca {

/// What one layer of a kind costs a micro-batch; all zero where the model has no such layer.
struct LayerCost {
  LayerKernels kernels;
  TrainingTraffic traffic;
  LayerPasses passes;
};
using LayerCosts = std::array<LayerCost, kLayerKinds>;
LayerCosts layer_costs(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout,
                       const RankSplit& rank, const RankGroups& groups, TrafficRule traffic = layer_traffic);

/// Times of ZeRO's and data parallelism's collectives.
struct ShardTimes {
  std::array<Seconds, kLayerKinds> gather{};  ///< weights of one layer
  std::array<Seconds, kLayerKinds> reduce{};  ///< gradients of one layer, where each micro-batch reduces
  Seconds ends{};                             ///< embedding and head, per micro-batch, exposed
  Seconds at_end{};                           ///< gradients of the whole step
  Seconds update{};                           ///< updated weights, exposed
};
/// Adds the collectives to `traffic`. `largest` is what the fullest stage holds, `largest_trained` what of it is
/// trained.
ShardTimes add_sharding(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout,
                        const RankSplit& rank, const RankGroups& groups, const LayerWeights& largest,
                        const LayerWeights& largest_trained, const Stage& first, LayerTraffic& traffic);

/// One micro-batch. pass = compute + what waits for the wires, or the time that the host takes to issue it.
struct StageTime {
  KernelTimes kernels;
  Seconds comm{}, exposed{};
  Seconds host_forward{}, host_backward{};  ///< what waiting for the host adds
  Seconds backward{};                       ///< of the pass
  constexpr Seconds host() const { return host_forward + host_backward; }
  constexpr Seconds pass() const { return kernels.total() + exposed + host(); }
};
StageTime stage_time(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout,
                     const RankSplit& rank, const RankGroups& groups, const LayerCosts& costs, const ShardTimes& shard,
                     const Stage& stage);

/// Once a step the first and the last stage add the gradients of an embedding that they share.
Seconds tied_embedding_time(const Transformer& model, const Workload& work, const Cluster& cluster,
                            const Layout& layout);

}  // namespace ithaca
