#include "model/lora.hpp"

namespace ithaca {
namespace {

void add_attention(AdaptedMatrices& all, const Transformer& m, const RankSplit& r) {
  const auto add = [&](std::int64_t in, std::int64_t out) { all.push_back({r.tokens, in, out, 1, false}); };
  if (m.is_latent()) {
    const LatentAttention& l = m.latent;
    if (l.query_rank > 0) add(m.hidden, l.query_rank);
    add(l.query_rank > 0 ? l.query_rank : m.hidden, r.heads * m.head_dim);
    add(m.hidden, l.kv_rank + l.rope_dim);
    add(l.kv_rank, r.heads * (m.head_dim - l.rope_dim + m.value_head()));
  } else {
    add(m.hidden, r.heads * m.head_dim);
    add(m.hidden, r.kv_heads * m.head_dim);
    add(m.hidden, r.kv_heads * m.value_head());
  }
  add(r.heads * m.value_head(), m.hidden);
}

void add_ffn(AdaptedMatrices& all, const Transformer& m, std::int64_t rows, std::int64_t width, std::int64_t count,
             bool routed) {
  if (width == 0) return;
  for (int i = 0; i < (m.gated_ffn ? 2 : 1); ++i) all.push_back({rows, m.hidden, width, count, routed});
  all.push_back({rows, width, m.hidden, count, routed});
}

double adapters_of_model(const Transformer& m, const Workload& work, double share_of_experts) {
  const RankSplit rank = split_rank(m, work, {});
  double sum = 0;
  for (const LayerKind kind : {LayerKind::dense, LayerKind::moe}) {
    const LayerWeights w = adapter_weights(work, adapted_matrices(m, work, rank, kind));
    sum += static_cast<double>(layers_of(m, kind)) * (w.shared + share_of_experts * w.experts);
  }
  return sum;
}

}  // namespace

AdaptedMatrices adapted_matrices(const Transformer& m, const Workload& work, const RankSplit& r, LayerKind kind) {
  AdaptedMatrices all;
  if (work.lora_rank == 0) return all;
  if (work.lora_targets.attention) add_attention(all, m, r);
  if (!work.lora_targets.ffn) return all;
  if (kind == LayerKind::dense) {
    add_ffn(all, m, r.tokens, r.ffn, 1, false);
  } else {
    add_ffn(all, m, r.tokens, r.shared_ffn, 1, false);
    add_ffn(all, m, r.expert_rows, r.expert_ffn, r.experts, true);
  }
  return all;
}

LayerWeights adapter_weights(const Workload& work, const AdaptedMatrices& matrices) {
  LayerWeights sum;
  for (const AdaptedMatrix& a : matrices)
    (a.routed ? sum.experts : sum.shared) += static_cast<double>(work.lora_rank * a.count * (a.in + a.out));
  return sum;
}

double trained_parameter_count(const Transformer& m, const Workload& work) {
  return work.lora_rank == 0 ? static_cast<double>(parameter_count(m)) : adapters_of_model(m, work, 1);
}

double active_trained_parameter_count(const Transformer& m, const Workload& work) {
  if (work.lora_rank == 0) return static_cast<double>(active_parameter_count(m));
  const Experts& e = m.experts;
  return adapters_of_model(m, work, m.is_moe() ? static_cast<double>(e.top_k) / static_cast<double>(e.count) : 1);
}

}  // namespace ithaca
