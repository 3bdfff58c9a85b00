#include "model/layer_streaming.hpp"

#include "model/compute.hpp"
#include "model/lora.hpp"

namespace ithaca {
namespace {

/// Bytes that adapters' results are added with: two reads and a write of the output, backward of the input's gradient.
double adapter_bytes(const AdaptedMatrices& matrices, Dtype dtype, bool backward) {
  double elements = 0;
  for (const AdaptedMatrix& a : matrices) elements += real(a.rows) * real(a.count) * real(backward ? a.in : a.out);
  return 3 * element_bytes(dtype) * elements;
}

/// Bytes that a ring's steps read and write to merge a block's result into fp32 sums. Forward, as torch runs it
/// operator by operator (zhuzilin/ring-flash-attention ring_flash_attn/utils.py): the block cast (e + 4), the sum and
/// the block weighted (8 each), both added (12). Backward dQ, dK and dV are added to their sums (e + 8).
double ring_merge_bytes(const Transformer& m, const Workload& work, const Layout& layout, const RankSplit& r,
                        bool backward) {
  if (layout.strategy == Strategy::cp_all_gather || layout.strategy == Strategy::ring_self_attention) return 0;
  const double tokens = real(work.micro_batch * r.block_tokens), element = element_bytes(work.dtype);
  const double output = tokens * real(r.split.max_query * m.value_head());
  const double gradients =
      tokens * real(r.split.max_query * m.head_dim + r.split.max_kv * (m.head_dim + m.value_head()));
  return (layout.ring - 1) * (backward ? (element + 8) * gradients : (element + 32) * output);
}

/// Bytes that the all-to-alls' pack and unpack permutations read and write: each tensor once on either side.
double permute_bytes(const Transformer& m, const Workload& work, const Layout& layout, const RankSplit& r) {
  if (layout.ulysses == 1) return 0;
  const double packed = real(r.tokens) * real(r.heads + r.split.kv_copies);
  const double unpacked = real(work.micro_batch * r.block_tokens) * real(r.split.max_query + r.split.max_kv);
  return 2 * element_bytes(work.dtype) * real(m.head_dim + m.value_head()) * (packed + unpacked);
}

/// fp8 products read casts of their inputs: 2 bytes an element read, one written as it is and one transposed for the
/// weight gradient (TransformerEngine's cast_transpose).
double cast_bytes(const Transformer& m, const Workload& work, const RankSplit& r, LayerKind kind) {
  if (work.dtype != Dtype::fp8) return 0;
  const double routed = real(r.expert_rows * r.experts);
  double inputs = real(r.tokens) * real(2 * m.hidden + r.heads * m.value_head());
  if (kind == LayerKind::dense) {
    inputs += real(r.tokens) * real(r.ffn);
  } else {
    inputs += real(r.tokens) * real(r.shared_ffn) + routed * real(m.hidden + r.expert_ffn);
  }
  return 4 * inputs;
}

/// Bytes of the forward's streaming kernels: two norms (read, write), two residual additions (two reads, a write),
/// rotary embedding of Q and K, Q and K norms, the FFN's activation, dropout masks; with experts, every routed copy of
/// a token is written on the way out and back.
double streaming_bytes(const Transformer& m, const Workload& work, const RankSplit& r, LayerKind kind) {
  const double element = element_bytes(work.dtype);
  const double hidden = real(r.norm_tokens) * real(m.hidden);
  const double query_key = real(r.tokens) * real((r.heads + r.kv_heads) * m.head_dim);
  double ffn = real(r.tokens) * real(kind == LayerKind::dense ? r.ffn : r.shared_ffn);
  double elements = (2 * 2 + 2 * 3) * hidden;
  if (kind == LayerKind::moe) {
    const double routed = real(r.expert_rows * r.experts);
    ffn += routed * real(r.expert_ffn);
    elements += 4 * routed * real(m.hidden);
  }
  elements += (m.gated_ffn ? 3 : 2) * ffn;
  if (m.learned_positions == 0) elements += 2 * query_key;
  if (m.qk_norm || m.is_latent()) elements += 2 * query_key;
  return element * elements + (work.dropout ? 2 * hidden : 0) + cast_bytes(m, work, r, kind);
}

/// Kernels that these bytes pass in: two norms, two residual additions, activation and its bias; more where dropout,
/// scores, rotary positions, routing or packing have kernels of their own.
int streaming_kernels(const Transformer& m, const Workload& work, const Layout& layout, LayerKind kind) {
  return 6 + (m.learned_positions == 0 ? 2 : 0) + (work.dropout ? 6 : 0) + (work.flash ? 0 : 8) +
         (kind == LayerKind::moe ? 8 : 0) + (layout.ulysses > 1 ? kPackings : 0);
}

}  // namespace

Bytes attention_streaming(const Transformer& m, const Workload& work, const Layout& layout, const RankSplit& r,
                          bool backward) {
  return Bytes{permute_bytes(m, work, layout, r) + ring_merge_bytes(m, work, layout, r, backward)};
}

Seconds layer_streaming_time(const Transformer& m, const Workload& work, const Gpu& gpu, const Layout& layout,
                             const RankSplit& r, LayerKind kind, bool backward) {
  const AdaptedMatrices adapted = adapted_matrices(m, work, r, kind);
  const Bytes bytes{streaming_bytes(m, work, r, kind) * (backward ? 2 : 1) +
                    adapter_bytes(adapted, work.dtype, backward)};
  return memory_time(gpu, bytes + attention_streaming(m, work, layout, r, backward),
                     streaming_kernels(m, work, layout, kind) + static_cast<int>(adapted.size()));
}

Seconds fused_streaming_time(const Transformer& m, const Workload& work, const Gpu& gpu, const Layout& layout,
                             const RankSplit& r, LayerKind kind) {
  const int kernels = 5 + (kind == LayerKind::moe ? 3 : 0) + (layout.ulysses > 1 ? kPackings : 0);
  return memory_time(gpu, Bytes{streaming_bytes(m, work, r, kind)} + attention_streaming(m, work, layout, r, false),
                     kernels);
}

}  // namespace ithaca
