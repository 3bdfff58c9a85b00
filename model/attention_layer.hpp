#pragma once
// Distributed attention of one layer alone, from Q, K and V where the sequence split leaves them to the output there:
// what benchmarks of sequence-parallel attention time.

#include "model/step_parts.hpp"

namespace ithaca {

struct AttentionLayer {
  Seconds attention{};  ///< kernels of the slowest rank
  Seconds streaming{};  ///< packing around the all-to-alls, merging of a ring's partial results
  Seconds comm{};       ///< of all collectives
  Seconds exposed{};    ///< what the overlap leaves of them
  Seconds bound{};      ///< executed FLOPs at the peak rate or bytes at the wires' peak, the larger
  constexpr Seconds time() const { return attention + streaming + exposed; }
};

/// For one micro-batch and a layout without tensor, pipeline or expert parallelism.
AttentionLayer attention_layer(const Transformer& model, const Workload& work, const Cluster& cluster,
                               const Layout& layout, bool backward);

}  // namespace ithaca
