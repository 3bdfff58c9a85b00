#pragma once
// Bounds that let a plan drop a layout without working out its step. Each is proved here.
//
// Time. model/step.cpp makes a step of m micro-batches through pp stages of
//     m * pass(slowest) + (sum of pass(i) - pass(slowest)) / virtual_pp + what is not negative,
// where pass(i) is a stage's kernels, exposed collectives and waits for the host. A stage's layers alone take
//     t(i) = layers(i) * (kernels of a layer + exposed collectives of the strategy),
// and pass(i) >= t(i): embedding, head, sharding and host only add, and sharding beside compute never exposes less than
// the strategy's own collectives do. With x = pass(slowest) = max pass(i) the sum above is
//     (m - 1/virtual_pp) * max pass(i) + (sum of pass(i)) / virtual_pp,
// which does not fall when a pass grows, since m >= 1 >= 1/virtual_pp. So t in place of pass bounds the step from
// below. t depends on the split and the recompute policy alone, and is worked out once for all pipelines, dp and ZeRO
// stages.
//
// Memory. The ledger holds the weights of the fullest stage: element * weights, over dp x sp (x 1/ep for experts) with
// ZeRO-3, and nothing of them where they wait in host memory.
//
// Price and tokens/s follow from time: both are monotone in it.

#include <array>

#include "model/plan_space.hpp"
#include "model/split.hpp"

namespace ithaca {

/// Least time of one layer for one micro-batch, by kind.
using LayerPass = std::array<Seconds, kLayerKinds>;
/// `layout` of the split on the cluster; `work` with the split's micro-batch, one recompute policy and nothing in host
/// memory, which could only add.
LayerPass layer_pass(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout);

Seconds time_bound(const LayerPass& pass, const Pipeline& pipeline, std::int64_t micro_batches);

/// `rank` of the layout with its pp.
Bytes weights_bound(const Workload& work, const Layout& layout, const RankSplit& rank, const Pipeline& pipeline);

}  // namespace ithaca
