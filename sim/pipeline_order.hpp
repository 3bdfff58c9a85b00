#pragma once
// In which order a stage of a pipeline works on micro-batches.

#include <vector>

#include "model/layout.hpp"

namespace ithaca {

/// The forward or backward of one micro-batch through one of the stage's chunks of layers.
struct StageWork {
  bool backward = false;
  int micro_batch = 0;
  int chunk = 0;  ///< of the stage: 0 .. virtual_pp - 1
};

/// GPipe: all forwards, then all backwards (arXiv 1811.06965). 1F1B: a forward for each stage behind, then a forward
/// and a backward in turn (arXiv 2006.09503). Interleaved: the same with chunks, in groups of as many micro-batches as
/// stages, and 2 (stages behind) + (chunks - 1) stages forwards first (arXiv 2104.04473 section 2.2, Megatron-LM's
/// order).
std::vector<StageWork> pipeline_order(const Layout& layout, int stage, int micro_batches);

}  // namespace ithaca
