#pragma once
// Kernel time of one rank for one micro-batch: a layer forward and backward, and embedding, head and loss.

#include "model/compute.hpp"
#include "model/layout.hpp"
#include "model/quantity.hpp"
#include "model/split.hpp"
#include "model/transformer.hpp"
#include "model/workload.hpp"

namespace ithaca {

/// Times of the slowest rank; `imbalance` is the part of `attention` that an even deal would save.
struct KernelTimes {
  Seconds gemm{};
  Seconds attention{};
  Seconds memory_bound{};
  Seconds imbalance{};
  Seconds attention_hop{};  ///< attention over one block that came round the ring: what a hop can hide behind
  constexpr Seconds total() const { return gemm + attention + memory_bound; }

  constexpr KernelTimes& operator+=(const KernelTimes& other) {
    gemm += other.gemm;
    attention += other.attention;
    memory_bound += other.memory_bound;
    imbalance += other.imbalance;
    return *this;
  }
  friend constexpr KernelTimes operator*(const KernelTimes& t, double count) {
    return {t.gemm * count, t.attention * count, t.memory_bound * count, t.imbalance * count, t.attention_hop};
  }
};

/// A layer's matrix products; backward: input and weight gradient, one half each, of frozen matrices the first alone.
/// Latents count as qkv, router, shared and routed experts as up and down.
struct GemmTimes {
  Seconds qkv{}, output{}, up{}, down{}, adapters{};
  constexpr Seconds total() const { return qkv + output + up + down + adapters; }
};
GemmTimes forward_gemms(const Transformer& model, const Workload& work, const Gpu& gpu, const RankSplit& rank,
                        LayerKind kind = LayerKind::dense);
GemmTimes backward_gemms(const Transformer& model, const Workload& work, const Gpu& gpu, const RankSplit& rank,
                         LayerKind kind = LayerKind::dense);

/// Share of the mask's area that attention computes, on average over the layers: sliding windows and sparse blocks.
double mask_share(const Transformer& model, const Workload& work);

KernelTimes layer_forward(const Transformer& model, const Workload& work, const Gpu& gpu, const Layout& layout,
                          const RankSplit& rank, LayerKind kind = LayerKind::dense);
/// Without what a recompute policy repeats.
KernelTimes layer_backward(const Transformer& model, const Workload& work, const Gpu& gpu, const Layout& layout,
                           const RankSplit& rank, LayerKind kind = LayerKind::dense);
/// The attention core again, for selective recomputation.
KernelTimes core_forward(const Transformer& model, const Workload& work, const Gpu& gpu, const Layout& layout,
                         const RankSplit& rank);
/// The attention core of one pass with what packs and merges its tensors, without the matrix products around it.
KernelTimes attention_kernels(const Transformer& model, const Workload& work, const Gpu& gpu, const Layout& layout,
                              const RankSplit& rank, bool backward);
/// Forward and backward together.
KernelTimes embedding_both_ways(const Transformer& model, const Workload& work, const Gpu& gpu, const RankSplit& rank);
KernelTimes head_and_loss_both_ways(const Transformer& model, const Workload& work, const Gpu& gpu,
                                    const RankSplit& rank);
/// Of that, the head's product in the forward.
Seconds head_product_time(const Transformer& model, const Workload& work, const Gpu& gpu, const RankSplit& rank);
/// What a micro-batch costs to add its weight gradients to those of the micro-batches before it.
Seconds accumulation_time(const Workload& work, const Gpu& gpu, double parameters);

/// FLOPs that all ranks of one replica execute together in one layer's forward: matrices and attention apart, padding
/// and copied heads included. Frozen matrices have no weight gradient.
struct ExecutedFlops {
  Flop matrices{};
  Flop frozen{};
  Flop attention{};
};
ExecutedFlops executed_forward_flops(const Transformer& model, const Workload& work, const Layout& layout,
                                     const RankSplit& rank, LayerKind kind = LayerKind::dense);
Flop head_flops(const Transformer& model, const Layout& layout, const RankSplit& rank);

}  // namespace ithaca
