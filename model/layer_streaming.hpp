#pragma once
// What a layer's kernels that compute little read and write: norms, residuals, activations, positions, casts, packing.

#include "model/gpu.hpp"
#include "model/split.hpp"

namespace ithaca {

/// Permutations around the all-to-alls of Ulysses.
inline constexpr int kPackings = 4;

/// Packing and merging of one pass. The backward's all-to-alls mirror the forward's.
Bytes attention_streaming(const Transformer& m, const Workload& work, const Layout& layout, const RankSplit& rank,
                          bool backward);

/// All of them in one pass of a layer, launches included.
Seconds layer_streaming_time(const Transformer& m, const Workload& work, const Gpu& gpu, const Layout& layout,
                             const RankSplit& rank, LayerKind kind, bool backward);

/// The forward's streaming kernels as inference engines fuse them (vLLM csrc/: residual with norm twice, rotary,
/// reshape_and_cache, activation; with experts topk_softmax, moe_align_block_size, moe_sum).
Seconds fused_streaming_time(const Transformer& model, const Workload& work, const Gpu& gpu, const Layout& layout,
                             const RankSplit& rank, LayerKind kind);

}  // namespace ithaca
