#pragma once
// Peak memory of one GPU in inference: weights, KV cache and what one layer's forward works with.

#include "model/inference.hpp"

namespace ithaca {

/// Of the fullest stage. The workspace is that of `inference.phase`, the cache has room for prompt and output.
MemoryLedger inference_memory(const Transformer& model, const Workload& work, const Inference& inference,
                              const Cluster& cluster, const Layout& layout);

}  // namespace ithaca
