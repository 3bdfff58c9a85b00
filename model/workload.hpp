#pragma once
// What is trained, apart from the model's shape and from how it is split: sequence, batch, precision, recomputation.

#include <cstdint>

#include "model/framework.hpp"
#include "model/quantity.hpp"

namespace ithaca {

/// fp32 multiplies in TF32 where the GPU has it. fp8 is the layers' matrix products alone; all else is bf16.
enum class Dtype : std::uint8_t { bf16, fp16, fp32, fp8 };
inline constexpr int kDtypes = 4;
constexpr double element_bytes(Dtype dtype) { return dtype == Dtype::fp32 ? 4.0 : 2.0; }
/// Of a weight in a layer's matrices, where no training keeps a wider copy.
constexpr double weight_bytes(Dtype dtype) { return dtype == Dtype::fp8 ? 1.0 : element_bytes(dtype); }

/// none: all activations are kept. selective: the attention core is recomputed (nothing to do with FlashAttention,
/// which keeps no scores). full: only each layer's input is kept, the layer's forward runs again before its backward.
enum class Recompute : std::uint8_t { none, selective, full };

/// How the ring sends dK and dV home: `fp32` over r hops (ring-flash-attention), `half` in the training type over r-1
/// hops (Transformer Engine).
enum class RingGradient : std::uint8_t { fp32, half };

/// What waits in host memory between its uses.
struct Offload {
  bool checkpoints = false;  ///< each layer's stored input
  bool optimizer = false;    ///< master weights and moments; the CPU steps
  bool parameters = false;   ///< weights, fetched layer by layer
};

/// Which traffic runs beside compute. Old Megatron overlaps neither gradients nor the pipeline's messages.
struct Overlap {
  bool gradients = true;   ///< data-parallel reduction beside the last backward
  bool parameters = true;  ///< gathers of weights beside the compute before them
  bool pipeline = false;   ///< messages between stages
  bool tensor = false;     ///< Megatron-SP's gathers and scatters, in chunks beside their GEMMs (TE's user buffers)
};

/// Which matrices carry adapters.
struct LoraTargets {
  bool attention = true;  ///< Q, K, V and output projections; latents too
  bool ffn = true;        ///< gate, up and down, each expert's own
};

struct Packing;  // model/packing.hpp

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
  int recompute_every = 1;  ///< full: every k-th layer is recomputed, the others keep their activations
  bool fused_loss = false;  ///< cross entropy in one kernel: no fp32 copy of the logits, their gradient in place
  bool tiled_mlp = false;   ///< the MLP by slices of ceil(tokens / h) rows
  Offload offload;
  Overlap overlap;
  bool transformer_engine = false;   ///< Megatron-Core on Transformer Engine: its buffers, probabilities in the experts
  const Packing* packing = nullptr;  ///< documents in the sequences, kept by the question; else one fills each
  int lora_rank = 0;                 ///< 0: all weights are trained; else only adapters of this rank, the rest frozen
  LoraTargets lora_targets;
  FrameworkRelease framework;  ///< whose own limits count too (model/framework_rules.hpp)
};

}  // namespace ithaca
