#pragma once
// The pieces that a training step is made of, for the closed form (model/step.hpp) and for the event engine.

#include "model/layer_compute.hpp"
#include "model/traffic.hpp"

namespace ithaca {

double micro_batches(const Workload& work, const Layout& layout);

/// Kernels of one layer for one micro-batch; `repeated` is what the recompute policy runs again before the backward.
struct LayerKernels {
  KernelTimes forward, backward, repeated;
  double repeats = 0;  ///< share of the layers whose whole forward runs again
};
LayerKernels layer_kernels(const Transformer& model, const Workload& work, const Gpu& gpu, const Layout& layout,
                           const RankSplit& rank, LayerKind kind = LayerKind::dense);

/// Time of one layer's kernels, of its collectives, and what the overlap leaves of the latter.
struct Pass {
  Seconds compute{}, comm{}, exposed{};
};
struct LayerPasses {
  Pass forward, backward;  ///< backward: with what is repeated
};
LayerPasses layer_passes(const Workload& work, const Layout& layout, const LayerTraffic& forward,
                         const LayerTraffic& backward, const LayerKernels& kernels);

/// One of ZeRO's collectives over dp x ulysses x ring, `count` times a step; 0 where the stage has none. `message` is
/// nccl-tests' size.
struct ShardCall {
  Op op{};
  Bytes message{};
  double count = 0;
};
/// Per micro-batch and layer: stage 3 gathers weights in forward and again in backward, stages 2 and 3 reduce
/// gradients; embedding and head alike. Once a step: stages 0 and 1 reduce all gradients, 1 and 2 gather the updated
/// weights.
struct ShardCalls {
  ShardCall gather, gather_ends, reduce, reduce_ends, reduce_all, gather_all;
};
/// Parameters that a group of ranks shards: of one layer, of the ends, and of all that the rank holds. Those that are
/// trained are reduced, and gathered after the update.
struct ShardedWeights {
  double layer = 0, ends = 0, all = 0, layers = 0;
  double trained_layer = 0, trained_ends = 0, trained_all = 0;
};
ShardCalls shard_calls(const Workload& work, const Layout& layout, int ranks, const ShardedWeights& weights);
/// Of a model without experts in a single stage.
ShardCalls shard_calls(const Transformer& model, const Workload& work, const Layout& layout, const RankSplit& rank);

/// The hidden states of a rank's tokens. Head and loss under tensor parallelism gather them, reduce their gradient and
/// gather once more.
Bytes head_message(const Transformer& model, const Workload& work, const RankSplit& rank);

/// Adam reads and writes master weights and two moments in fp32, reads the gradient and writes the weight; before it
/// gradients are scaled and their norm is taken.
Seconds optimizer_time(const Workload& work, const Gpu& gpu, const Layout& layout, const LayerWeights& weights);

}  // namespace ithaca
