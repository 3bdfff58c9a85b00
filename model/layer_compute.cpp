#include "model/layer_compute.hpp"

namespace ithaca {
namespace {

double real(std::int64_t count) { return static_cast<double>(count); }

struct LayerGemms {
  Gemm qkv, output, up, down;
};

LayerGemms layer_gemms(const Transformer& m, const RankSplit& r) {
  const std::int64_t query = r.heads * m.head_dim, kv = r.kv_heads * m.head_dim;
  return {{r.tokens, query + 2 * kv, m.hidden, 1},
          {r.tokens, m.hidden, query, 1},
          {r.tokens, r.ffn * (m.gated_ffn ? 2 : 1), m.hidden, 1},
          {r.tokens, m.hidden, r.ffn, 1}};
}

/// Input gradient dX = dY W^T and weight gradient dW = X^T dY of one product.
Seconds gemm_backward(const Gpu& gpu, const Gemm& g, Dtype dtype) {
  return gemm_time(gpu, {g.m, g.k, g.n, 1}, dtype) + gemm_time(gpu, {g.k, g.n, g.m, 1}, dtype);
}

/// Attention of the slowest rank as kernel calls: one over its own tokens, then one for each block of the ring.
struct AttentionCalls {
  AttentionCall own, hop;
  int hops = 0;
};

AttentionCalls attention_calls(const Transformer& m, const Workload& work, const Layout& layout, const RankSplit& r) {
  AttentionCall own{work.micro_batch, r.block_tokens, r.block_tokens, r.split.max_query,
                    r.split.max_kv,   m.head_dim,     work.causal,    work.flash};
  AttentionCall hop = own;
  hop.causal = false;
  if (work.causal && layout.zigzag) hop.keys = own.keys / 2;
  return {own, hop, layout.ring - 1};
}

using AttentionTime = Seconds (*)(const Gpu&, const AttentionCall&, Dtype);

/// Share of the slowest rank's attention that it would not have if heads and mask were dealt evenly.
double uneven_share(const Workload& work, const Layout& layout, const RankSplit& r) {
  double even = real(r.heads) / real(r.split.max_query * layout.ulysses);
  if (!r.ring_balanced && work.causal) even /= 2.0 - 1.0 / layout.ring;
  return 1 - even;
}

KernelTimes attention_times(const Transformer& m, const Workload& work, const Gpu& gpu, const Layout& layout,
                            const RankSplit& r, AttentionTime time) {
  const AttentionCalls calls = attention_calls(m, work, layout, r);
  KernelTimes times;
  times.attention = time(gpu, calls.own, work.dtype);
  if (calls.hops > 0) {
    times.attention_hop = time(gpu, calls.hop, work.dtype);
    times.attention += times.attention_hop * calls.hops;
  }
  times.imbalance = times.attention * uneven_share(work, layout, r);
  return times;
}

/// Bytes that a ring step reads and writes to merge a block's result into the fp32 accumulator.
double ring_merge_bytes(const Transformer& m, const Workload& work, const Layout& layout, const RankSplit& r) {
  const double block = real(work.micro_batch * r.block_tokens) * real(r.split.max_query * m.head_dim);
  return (layout.ring - 1) * block * (element_bytes(work.dtype) + 8);
}

/// Bytes that the all-to-alls' pack and unpack permutations read and write: each tensor once on either side.
double permute_bytes(const Transformer& m, const Workload& work, const Layout& layout, const RankSplit& r) {
  if (layout.ulysses == 1) return 0;
  const double packed = real(r.tokens) * real(2 * r.heads + 2 * r.split.kv_copies);
  const double unpacked = real(work.micro_batch * r.block_tokens) * real(2 * r.split.max_query + 2 * r.split.max_kv);
  return 2 * element_bytes(work.dtype) * real(m.head_dim) * (packed + unpacked);
}

/// Bytes of the forward's streaming kernels: two norms (read, write), two residual additions (two reads, a write),
/// rotary embedding of Q and K, Q and K norms, the FFN's activation, dropout masks.
double streaming_bytes(const Transformer& m, const Workload& work, const RankSplit& r) {
  const double element = element_bytes(work.dtype);
  const double hidden = real(r.norm_tokens) * real(m.hidden);
  const double query_key = real(r.tokens) * real((r.heads + r.kv_heads) * m.head_dim);
  const double ffn = real(r.tokens) * real(r.ffn);
  double elements = (2 * 2 + 2 * 3) * hidden + (m.gated_ffn ? 3 : 2) * ffn;
  if (m.learned_positions == 0) elements += 2 * query_key;
  if (m.qk_norm) elements += 2 * query_key;
  return element * elements + (work.dropout ? 2 * hidden : 0);
}

Seconds forward_streaming(const Transformer& m, const Workload& work, const Gpu& gpu, const Layout& layout,
                          const RankSplit& r) {
  return memory_time(gpu, Bytes{streaming_bytes(m, work, r) + permute_bytes(m, work, layout, r) +
                                ring_merge_bytes(m, work, layout, r)});
}

}  // namespace

KernelTimes& KernelTimes::operator+=(const KernelTimes& other) {
  gemm += other.gemm;
  attention += other.attention;
  memory_bound += other.memory_bound;
  imbalance += other.imbalance;
  return *this;
}

KernelTimes operator*(const KernelTimes& t, double count) {
  return {t.gemm * count, t.attention * count, t.memory_bound * count, t.imbalance * count, t.attention_hop};
}

KernelTimes core_forward(const Transformer& m, const Workload& work, const Gpu& gpu, const Layout& layout,
                         const RankSplit& rank) {
  return attention_times(m, work, gpu, layout, rank, attention_forward_time);
}

GemmTimes forward_gemms(const Transformer& m, const Workload& work, const Gpu& gpu, const RankSplit& rank) {
  const LayerGemms g = layer_gemms(m, rank);
  return {gemm_time(gpu, g.qkv, work.dtype), gemm_time(gpu, g.output, work.dtype), gemm_time(gpu, g.up, work.dtype),
          gemm_time(gpu, g.down, work.dtype)};
}

GemmTimes backward_gemms(const Transformer& m, const Workload& work, const Gpu& gpu, const RankSplit& rank) {
  const LayerGemms g = layer_gemms(m, rank);
  return {gemm_backward(gpu, g.qkv, work.dtype), gemm_backward(gpu, g.output, work.dtype),
          gemm_backward(gpu, g.up, work.dtype), gemm_backward(gpu, g.down, work.dtype)};
}

KernelTimes layer_forward(const Transformer& m, const Workload& work, const Gpu& gpu, const Layout& layout,
                          const RankSplit& rank) {
  KernelTimes times = core_forward(m, work, gpu, layout, rank);
  times.gemm = forward_gemms(m, work, gpu, rank).total();
  times.memory_bound = forward_streaming(m, work, gpu, layout, rank);
  return times;
}

KernelTimes layer_backward(const Transformer& m, const Workload& work, const Gpu& gpu, const Layout& layout,
                           const RankSplit& rank) {
  KernelTimes times = attention_times(m, work, gpu, layout, rank, attention_backward_time);
  times.gemm = backward_gemms(m, work, gpu, rank).total();
  times.memory_bound = forward_streaming(m, work, gpu, layout, rank) * 2;
  return times;
}

KernelTimes ends_both_ways(const Transformer& m, const Workload& work, const Gpu& gpu, const RankSplit& rank) {
  const Gemm head{rank.tokens, rank.vocab, m.hidden, 1};
  const double logits = real(rank.tokens) * real(rank.vocab), hidden = real(rank.norm_tokens) * real(m.hidden);
  const double element = element_bytes(work.dtype);
  KernelTimes times;
  times.gemm = gemm_time(gpu, head, work.dtype) + gemm_backward(gpu, head, work.dtype);
  // Loss: logits to fp32 (e + 4), its maximum and sum (4), the gradient (4 + e). Embedding: a row read and written,
  // twice.
  times.memory_bound = memory_time(gpu, Bytes{logits * (2 * element + 12) + hidden * element * 4});
  return times;
}

ExecutedFlops executed_forward_flops(const Transformer& m, const Workload& work, const Layout& layout,
                                     const RankSplit& rank) {
  const LayerGemms g = layer_gemms(m, rank);
  const double ranks = layout.tp * layout.sequence();
  ExecutedFlops all;
  all.matrices = (flops(g.qkv) + flops(g.output) + flops(g.up) + flops(g.down)) * ranks;
  all.head = flops(Gemm{rank.tokens, rank.vocab, m.hidden, 1}) * ranks;
  const AttentionCall whole{work.micro_batch, rank.padded_seq, rank.padded_seq,           m.heads,
                            m.kv_heads,       m.head_dim,      work.causal && work.flash, work.flash};
  all.attention = attention_flops(whole);
  return all;
}

}  // namespace ithaca
