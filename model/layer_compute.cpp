#include "model/layer_compute.hpp"

#include <algorithm>

#include "model/layer_streaming.hpp"
#include "model/lora.hpp"
#include "model/static_vector.hpp"

namespace ithaca {
namespace {

struct LayerGemms {
  StaticVector<Gemm, 4> qkv;
  Gemm output;
  StaticVector<Gemm, 3> up;
  StaticVector<Gemm, 2> down;
};

void add_qkv(const Transformer& m, const RankSplit& r, LayerGemms& g) {
  if (!m.is_latent()) {
    g.qkv.emplace_back(r.tokens, r.heads * m.head_dim + r.kv_heads * (m.head_dim + m.value_head()), m.hidden,
                       std::int64_t{1});
    return;
  }
  const LatentAttention& l = m.latent;
  const std::int64_t query = r.heads * m.head_dim;
  g.qkv.push_back({r.tokens, l.query_rank, m.hidden, 1});
  g.qkv.push_back({r.tokens, query, l.query_rank > 0 ? l.query_rank : m.hidden, 1});
  g.qkv.push_back({r.tokens, l.kv_rank + l.rope_dim, m.hidden, 1});
  g.qkv.push_back({r.tokens, r.heads * (m.head_dim - l.rope_dim + m.value_head()), l.kv_rank, 1});
}

void add_ffn(const Transformer& m, LayerGemms& g, std::int64_t rows, std::int64_t width, std::int64_t batch) {
  g.up.emplace_back(rows, width * (m.gated_ffn ? 2 : 1), m.hidden, batch);
  g.down.emplace_back(rows, m.hidden, width, batch);
}

LayerGemms layer_gemms(const Transformer& m, const RankSplit& r, LayerKind kind) {
  LayerGemms g;
  add_qkv(m, r, g);
  g.output = {r.tokens, m.hidden, r.heads * m.value_head(), 1};
  if (kind == LayerKind::dense) {
    add_ffn(m, g, r.tokens, r.ffn, 1);
  } else {
    g.up.push_back({r.norm_tokens, m.experts.count, m.hidden, 1});
    add_ffn(m, g, r.tokens, r.shared_ffn, 1);
    add_ffn(m, g, r.expert_rows, r.expert_ffn, r.experts);
  }
  return g;
}

using GemmTime = Seconds (*)(const Gpu&, const Gemm&, Dtype);

/// Input gradient dX = dY W^T and weight gradient dW = X^T dY of one product.
Seconds gemm_backward(const Gpu& gpu, const Gemm& g, Dtype dtype) {
  return gemm_time(gpu, {g.m, g.k, g.n, g.batch}, dtype) + gemm_time(gpu, {g.k, g.n, g.m, g.batch}, dtype);
}

/// Of a frozen matrix: the input gradient alone.
Seconds gemm_input_gradient(const Gpu& gpu, const Gemm& g, Dtype dtype) {
  return gemm_time(gpu, {g.m, g.k, g.n, g.batch}, dtype);
}

template <class Gemms>
Seconds sum(const Gemms& gemms, const Gpu& gpu, Dtype dtype, GemmTime time) {
  Seconds total;
  for (const Gemm& g : gemms) total += time(gpu, g, dtype);
  return total;
}

/// Both products of every adapter, in half precision: they are too small for fp8.
Seconds adapter_time(const Transformer& m, const Workload& work, const Gpu& gpu, const RankSplit& rank, LayerKind kind,
                     GemmTime time) {
  if (work.lora_rank == 0) return {};
  const Dtype dtype = work.dtype == Dtype::fp8 ? Dtype::bf16 : work.dtype;
  Seconds total;
  for (const AdaptedMatrix& a : adapted_matrices(m, work, rank, kind)) {
    total += time(gpu, {a.rows, work.lora_rank, a.in, a.count}, dtype);
    total += time(gpu, {a.rows, a.out, work.lora_rank, a.count}, dtype);
  }
  return total;
}

/// `time` of what is trained, `base` of the layer's own matrices.
GemmTimes gemm_times(const Transformer& m, const Workload& work, const Gpu& gpu, const RankSplit& rank, LayerKind kind,
                     GemmTime time, GemmTime base) {
  const LayerGemms g = layer_gemms(m, rank, kind);
  return {sum(g.qkv, gpu, work.dtype, base), base(gpu, g.output, work.dtype), sum(g.up, gpu, work.dtype, base),
          sum(g.down, gpu, work.dtype, base), adapter_time(m, work, gpu, rank, kind, time)};
}

/// Attention of the slowest rank as kernel calls: one over its own tokens, then one for each block of the ring.
struct AttentionCalls {
  AttentionCall own, hop;
  int hops = 0;
};

AttentionCalls attention_calls(const Transformer& m, const Workload& work, const Layout& layout, const RankSplit& r) {
  AttentionCall own{work.micro_batch, r.block_tokens, r.block_tokens, r.split.max_query, r.split.max_kv,
                    m.head_dim,       work.causal,    work.flash,     m.value_head()};
  AttentionCall hop = own;
  hop.causal = false;
  if (layout.strategy == Strategy::cp_all_gather && layout.ring > 1 && r.ring_balanced) {
    hop.keys = r.padded_seq / (work.causal ? 2 : 1);
    return {hop, hop, 0};
  }
  if (work.causal && layout.zigzag) hop.keys = own.keys / 2;
  return {own, hop, layout.ring - 1};
}

using AttentionTime = Seconds (*)(const Gpu&, const AttentionCall&, Dtype);

/// Share of the slowest rank's attention that it would not have if heads and mask were dealt evenly.
double uneven_share(const Workload& work, const Layout& layout, const RankSplit& r) {
  double even = real(r.heads) / real(r.split.max_query * layout.ulysses);
  if (work.packing != nullptr) return 1 - even * (r.documents_mean / r.documents_slowest);
  if (!r.ring_balanced) even /= 2.0 - 1.0 / layout.ring;
  return 1 - even;
}

/// The same rows in two sequences of half the length: half the scores.
AttentionCall halved(AttentionCall call) {
  if (call.causal) {
    call.batch *= 2;
    call.queries /= 2;
  }
  call.keys /= 2;
  return call;
}

/// Time of a call whose mask holds only `share` of its area. What does not grow with the area, launch and start-up, is
/// what the halved call does not save.
Seconds partly(const Gpu& gpu, const AttentionCall& call, Dtype dtype, double share, AttentionTime time) {
  const Seconds whole = time(gpu, call, dtype);
  if (share == 1 || call.queries < 2 || call.keys < 2) return whole * share;
  const Seconds constant = max(2 * time(gpu, halved(call), dtype) - whole, Seconds{});
  return constant + (whole - constant) * share;
}

KernelTimes attention_times(const Transformer& m, const Workload& work, const Gpu& gpu, const Layout& layout,
                            const RankSplit& r, AttentionTime time) {
  const AttentionCalls calls = attention_calls(m, work, layout, r);
  const double share = mask_share(m, work);
  KernelTimes times;
  const double documents = r.documents_slowest;
  times.attention = partly(gpu, calls.own, work.dtype, documents, time) * share;
  if (calls.hops > 0) {
    times.attention_hop = partly(gpu, calls.hop, work.dtype, documents, time) * share;
    times.attention += times.attention_hop * calls.hops;
  }
  times.imbalance = times.attention * uneven_share(work, layout, r);
  return times;
}

Dtype head_dtype(const Workload& work) { return work.dtype == Dtype::fp8 ? Dtype::bf16 : work.dtype; }

}  // namespace

double mask_share(const Transformer& m, const Workload& work) {
  if (m.window == 0) return m.attention_density;
  const double n = real(work.seq_len.count), window = real(m.window);
  double windowed = 1;
  if (window < n) {
    windowed = work.causal ? (window * n - window * window / 2) / (n * n / 2) : std::min(1.0, 2 * window / n);
  }
  const double full = real(m.full_layers) / real(m.layers);
  return m.attention_density * (full + (1 - full) * windowed);
}

KernelTimes core_forward(const Transformer& m, const Workload& work, const Gpu& gpu, const Layout& layout,
                         const RankSplit& rank) {
  return attention_times(m, work, gpu, layout, rank, attention_forward_time);
}

KernelTimes attention_kernels(const Transformer& m, const Workload& work, const Gpu& gpu, const Layout& layout,
                              const RankSplit& rank, bool backward) {
  const AttentionTime time = backward ? attention_backward_time : attention_forward_time;
  KernelTimes times = attention_times(m, work, gpu, layout, rank, time);
  const int packings = layout.ulysses > 1 ? kPackings : 0, merges = layout.ring - 1;
  times.memory_bound = memory_time(gpu, attention_streaming(m, work, layout, rank, backward), packings + merges);
  return times;
}

GemmTimes forward_gemms(const Transformer& m, const Workload& work, const Gpu& gpu, const RankSplit& rank,
                        LayerKind kind) {
  return gemm_times(m, work, gpu, rank, kind, gemm_time, gemm_time);
}

GemmTimes backward_gemms(const Transformer& m, const Workload& work, const Gpu& gpu, const RankSplit& rank,
                         LayerKind kind) {
  const GemmTime base = work.lora_rank > 0 ? gemm_input_gradient : gemm_backward;
  return gemm_times(m, work, gpu, rank, kind, gemm_backward, base);
}

KernelTimes layer_forward(const Transformer& m, const Workload& work, const Gpu& gpu, const Layout& layout,
                          const RankSplit& rank, LayerKind kind) {
  KernelTimes times = core_forward(m, work, gpu, layout, rank);
  times.gemm = forward_gemms(m, work, gpu, rank, kind).total();
  times.memory_bound = layer_streaming_time(m, work, gpu, layout, rank, kind, false);
  return times;
}

KernelTimes layer_backward(const Transformer& m, const Workload& work, const Gpu& gpu, const Layout& layout,
                           const RankSplit& rank, LayerKind kind) {
  KernelTimes times = attention_times(m, work, gpu, layout, rank, attention_backward_time);
  times.gemm = backward_gemms(m, work, gpu, rank, kind).total();
  times.memory_bound = layer_streaming_time(m, work, gpu, layout, rank, kind, true) +
                       accumulation_time(work, gpu, trained(rank, kind).total());
  return times;
}

KernelTimes embedding_both_ways(const Transformer& m, const Workload& work, const Gpu& gpu, const RankSplit& rank) {
  const double hidden = real(rank.norm_tokens) * real(m.hidden);
  const int passes = rank.ends_trained ? 2 : 1;
  KernelTimes times;  // a row read and written in each
  times.memory_bound = memory_time(gpu, Bytes{hidden * element_bytes(work.dtype) * 2 * passes}, passes);
  return times;
}

Seconds head_product_time(const Transformer& m, const Workload& work, const Gpu& gpu, const RankSplit& rank) {
  return gemm_time(gpu, {rank.tokens, rank.vocab, m.hidden, 1}, head_dtype(work));
}

KernelTimes head_and_loss_both_ways(const Transformer& m, const Workload& work, const Gpu& gpu, const RankSplit& rank) {
  const Gemm head{rank.tokens, rank.vocab, m.hidden, 1};
  const double logits = real(rank.tokens) * real(rank.vocab), element = element_bytes(work.dtype);
  const Dtype dtype = head_dtype(work);
  KernelTimes times;
  times.gemm = head_product_time(m, work, gpu, rank) +
               (rank.ends_trained ? gemm_backward(gpu, head, dtype) : gemm_input_gradient(gpu, head, dtype));
  // Logits to fp32 (e + 4), their maximum and sum (4), the gradient (4 + e); fused: read, read and written.
  times.memory_bound = memory_time(gpu, Bytes{logits * (work.fused_loss ? 3 * element : 2 * element + 12)}, 4);
  if (rank.ends_trained) times.memory_bound += accumulation_time(work, gpu, rank.head_weights);
  return times;
}

Seconds accumulation_time(const Workload& work, const Gpu& gpu, double parameters) {
  // The sum is read and written, and the GEMM's result read where it is not added in the GEMM itself.
  const double bytes = work.fp32_gradients ? 8 : 3 * element_bytes(work.dtype);
  return gpu.memory_rate > BytesPerSecond{} ? memory_time(gpu, Bytes{bytes * parameters}, 0) : Seconds{};
}

ExecutedFlops executed_forward_flops(const Transformer& m, const Workload& work, const Layout& layout,
                                     const RankSplit& rank, LayerKind kind) {
  const LayerGemms g = layer_gemms(m, rank, kind);
  const double ranks = layout.tp * layout.sequence();
  ExecutedFlops all;
  all.matrices = flops(g.output);
  for (const Gemm& gemm : g.qkv) all.matrices += flops(gemm);
  for (const Gemm& gemm : g.up) all.matrices += flops(gemm);
  for (const Gemm& gemm : g.down) all.matrices += flops(gemm);
  all.matrices = all.matrices * ranks;
  if (work.lora_rank > 0) {
    all.frozen = all.matrices;
    all.matrices = {};
    for (const AdaptedMatrix& a : adapted_matrices(m, work, rank, kind))
      all.matrices += flops(Gemm{a.rows, work.lora_rank, a.in + a.out, a.count}) * ranks;
  }
  const AttentionCall whole{work.micro_batch, rank.padded_seq,           rank.padded_seq, m.heads,       m.kv_heads,
                            m.head_dim,       work.causal && work.flash, work.flash,      m.value_head()};
  all.attention = attention_flops(whole) * (mask_share(m, work) * rank.documents_share);
  return all;
}

Flop head_flops(const Transformer& m, const Layout& layout, const RankSplit& rank) {
  return flops(Gemm{rank.tokens, rank.vocab, m.hidden, 1}) * (layout.tp * layout.sequence());
}

}  // namespace ithaca
