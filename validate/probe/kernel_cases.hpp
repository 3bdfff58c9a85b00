#pragma once
// Which kernels a probe times: those of one transformer layer of a model, by sequence length and number of GPUs, each
// as a KernelSample without a time.

#include <cstdint>
#include <string_view>
#include <vector>

#include "configs/reader/load_kernels.hpp"
#include "model/transformer.hpp"

namespace ithaca {

enum class Family : std::uint8_t { gemm, attention, streaming, permute, copy, overlap };
inline constexpr Family kFamilies[] = {Family::gemm,    Family::attention, Family::streaming,
                                       Family::permute, Family::copy,      Family::overlap};
std::string_view name(Family family);

struct CaseRequest {
  Transformer model;
  std::vector<std::int64_t> lengths;  ///< tokens of the whole sequence
  std::int64_t gpus = 1;              ///< that share it; at most the model's heads
};

/// On the slowest GPU, without doubles:
/// - gemm: QKV, output, FFN up and down, forward and both gradients; Ulysses (N / P tokens, whole matrices) and
///   Megatron-SP (N tokens, matrices split by P where heads, KV heads and FFN divide by it);
/// - attention: N tokens, the rank's heads, causal and full, forward and backward;
/// - streaming: the model's norm, activation and residual on N / P tokens;
/// - permute: pack and unpack of the query heads for P GPUs;
/// - copy: 64 KiB to 256 MiB by steps of 16, each path;
/// - overlap: the forward FFN-up GEMM with each kind of copy beside it.
std::vector<KernelSample> cases(Family family, const CaseRequest& request);

}  // namespace ithaca
