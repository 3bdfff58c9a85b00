#pragma once
// What is trained, apart from the model's shape and from how it is split: sequence, batch, precision, recomputation.

#include <cstdint>

#include "model/quantity.hpp"

namespace ithaca {

enum class Dtype : std::uint8_t { bf16, fp16, fp32 };  ///< fp32 multiplies in TF32 where the GPU has it
inline constexpr int kDtypes = 3;
constexpr double element_bytes(Dtype dtype) { return dtype == Dtype::fp32 ? 4.0 : 2.0; }

/// none: all activations are kept. selective: the attention core is recomputed (nothing to do with FlashAttention,
/// which keeps no scores). full: only each layer's input is kept, the layer's forward runs again before its backward.
enum class Recompute : std::uint8_t { none, selective, full };

/// How the ring sends dK and dV home: `fp32` over r hops (ring-flash-attention), `half` in the training type over r-1
/// hops (Transformer Engine).
enum class RingGradient : std::uint8_t { fp32, half };

struct Workload {
  Tokens seq_len{};
  std::int64_t micro_batch = 1;   ///< sequences per data-parallel replica and pass
  std::int64_t global_batch = 1;  ///< sequences per optimizer step
  Dtype dtype = Dtype::bf16;
  Recompute recompute = Recompute::full;
  bool flash = true;  ///< FlashAttention; false keeps and moves the N x N scores
  bool causal = true;
  bool dropout = false;         ///< keeps dropout masks, one byte an element
  bool tiled_loss = false;      ///< logits and loss by slices of the sequence, never whole
  bool fp32_gradients = false;  ///< gradients accumulate in fp32: 18 instead of 16 bytes a parameter
  RingGradient ring_gradient = RingGradient::fp32;
};

}  // namespace ithaca
