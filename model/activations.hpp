#pragma once
// What one layer keeps from its forward for its backward, operator by operator: Korthikanti et al., arXiv 2205.05198
// section 4, written in widths instead of multiples of h so that GQA, gated FFNs and any head size come out right.

#include "model/quantity.hpp"
#include "model/split.hpp"
#include "model/transformer.hpp"
#include "model/workload.hpp"

namespace ithaca {

struct LayerActivations {
  Bytes attention{};  ///< QKV input, Q, K, V, attention output, output projection's input and mask
  Bytes core{};       ///< N x N scores, their mask and dropout; with FlashAttention the row sums only
  Bytes ffn{};        ///< input, activation's inputs and output, mask; with experts those of all routed copies
  Bytes norms{};
  constexpr Bytes total() const { return attention + core + ffn + norms; }
};

/// Everything kept (Recompute::none). rank.norm_tokens = rank.tokens gives tensor parallelism without sequence
/// parallelism.
LayerActivations layer_activations(const Transformer& model, const Workload& work, const RankSplit& rank,
                                   LayerKind kind = LayerKind::dense);
/// A layer's input, all that a full recomputation keeps.
Bytes layer_input(const Transformer& model, const Workload& work, const RankSplit& rank);
/// What is kept under the workload's recompute policy, on average over the layers of a kind: all, all but the core, or
/// the input of those that are recomputed. `all` is what a layer of the kind has.
Bytes kept_activations(const Transformer& model, const Workload& work, const RankSplit& rank,
                       const LayerActivations& all);
Bytes kept_activations(const Transformer& model, const Workload& work, const RankSplit& rank,
                       LayerKind kind = LayerKind::dense);

}  // namespace ithaca
