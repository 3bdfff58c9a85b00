#pragma once
// Fused attention as cuDNN 9 recognises it: the operation graphs that NVIDIA's cudnn-frontend builds for its SDPA nodes
// (NVIDIA/cudnn-frontend v1.23, include/cudnn_frontend/node/scaled_dot_product_flash_attention.h, softmax.h and
// diagonal_band_mask.h). Tensors are bf16 and stand as [batch, seq, heads, head_dim].

#include <cstdint>

#include "model/compute.hpp"
#include "validate/probe/cudnn_graph.hpp"

namespace ithaca {

/// Ids to bind memory to. `stats` is fp32, batch x heads x queries.
struct AttentionTensors {
  std::int64_t q = 0, k = 0, v = 0, o = 0, stats = 0;
  std::int64_t d_o = 0, d_q = 0, d_k = 0, d_v = 0;  ///< backward only
  std::int64_t d_q_accumulator = 0, sums = 0;       ///< backward only, fp32 like Q and like `stats`
};

/// `call.flash` does not matter: it is always fused.
AttentionTensors build_attention_forward(CudnnGraph& graph, const AttentionCall& call);
AttentionTensors build_attention_backward(CudnnGraph& graph, const AttentionCall& call);

}  // namespace ithaca
