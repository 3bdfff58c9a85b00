#pragma once
// What one stage of a pipeline holds: its layers by kind, and whether it has the embedding or the head.

#include <cstdint>

#include "model/layout.hpp"
#include "model/transformer.hpp"

namespace ithaca {

struct Stage {
  int index = 0;
  std::int64_t dense = 0, moe = 0;  ///< layers
  bool first = true, last = true;

  constexpr std::int64_t layers() const { return dense + moe; }
  constexpr std::int64_t layers(LayerKind kind) const { return kind == LayerKind::dense ? dense : moe; }
};

/// Layers are cut into pp x virtual_pp chunks, contiguous, larger ones first; stage i holds chunks i, i + pp, ...
Stage stage(const Transformer& model, const Layout& layout, int index);

/// Micro-batches whose activations a stage holds at the peak, in units of all its layers: GPipe all of them, 1F1B one
/// for each stage from here on, interleaved by arXiv 2104.04473 section 2.2 (Megatron-LM's warm-up count).
double micro_batches_in_flight(const Layout& layout, int stage, double micro_batches);

}  // namespace ithaca
