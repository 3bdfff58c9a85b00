#pragma once
// What one rank exchanges in the forward pass of one layer, call by call, in bf16: Ulysses and Megatron-SP.

#include <string>
#include <vector>

#include "model/collective.hpp"
#include "model/transformer.hpp"

namespace ithaca {

struct PatternStep {
  Op op{};
  std::vector<std::size_t> sent, received;  ///< all-to-all: elements by rank
  std::size_t count = 0;                    ///< all-gather, reduce-scatter: elements of the rank's block
};

struct LayerPattern {
  std::string name;  ///< as strategies are called
  std::vector<PatternStep> steps;
  std::size_t attention_after = 0;  ///< steps; 0: it is not part of the pattern

  /// Elements of the largest buffer that a step reads, and of the largest that it fills.
  std::size_t most_sent(int ranks) const;
  std::size_t most_received(int ranks) const;
};

/// Q, K and V in, attention over the rank's heads, its output back. Uneven heads: larger shares first, KV heads copied.
/// `ranks` at most the model's heads; tokens that do not divide are padded.
LayerPattern ulysses_pattern(const Transformer& model, std::int64_t tokens, int ranks, int rank);
/// All-gather before and reduce-scatter after attention and MLP.
LayerPattern megatron_sp_pattern(const Transformer& model, std::int64_t tokens, int ranks);

/// To other ranks, over all steps.
Bytes sent_bytes(const LayerPattern& pattern, int ranks, int rank);

}  // namespace ithaca
