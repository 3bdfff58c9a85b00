#include "model/transformer.hpp"

namespace ithaca {
namespace {

std::int64_t norm_parameters(const Transformer& m) { return m.norm == Norm::layer ? 2 * m.hidden : m.hidden; }

/// Down to the latents and up from them; each latent has an RMSNorm.
std::int64_t latent_parameters(const Transformer& m) {
  const LatentAttention& l = m.latent;
  const std::int64_t query =
      l.query_rank > 0 ? l.query_rank * (m.hidden + 1 + m.query_width()) : m.hidden * m.query_width();
  const std::int64_t down = m.hidden * (l.kv_rank + l.rope_dim) + l.kv_rank;
  const std::int64_t up = l.kv_rank * m.heads * (m.head_dim - l.rope_dim + m.value_head());
  return query + down + up + m.heads * m.value_head() * m.hidden;
}

/// Parameters of a layer with `experts` of its experts.
std::int64_t moe_parameters(const Transformer& m, std::int64_t experts) {
  const Experts& e = m.experts;
  const std::int64_t shared = e.shared_ffn > 0 ? ffn_parameters(m, e.shared_ffn) : 0;
  return m.hidden * e.count + experts * ffn_parameters(m, e.ffn) + shared;
}

}  // namespace

std::int64_t attention_parameters(const Transformer& m) {
  if (m.is_latent()) return latent_parameters(m);
  const std::int64_t query = m.query_width(), key = m.kv_width(), value = m.kv_heads * m.value_head();
  std::int64_t count = m.hidden * (query + key + value) + m.heads * m.value_head() * m.hidden;
  if (m.qkv_bias) count += query + key + value;
  if (m.output_bias) count += m.hidden;
  if (m.qk_norm) count += 2 * m.head_dim;
  return count;
}

std::int64_t ffn_parameters(const Transformer& m, std::int64_t width) {
  const std::int64_t matrices = (m.gated_ffn ? 3 : 2) * m.hidden * width;
  return matrices + (m.ffn_bias ? (m.gated_ffn ? 2 : 1) * width + m.hidden : 0);
}

std::int64_t layer_parameters(const Transformer& m, LayerKind kind) {
  const std::int64_t ffn = kind == LayerKind::moe ? moe_parameters(m, m.experts.count) : ffn_parameters(m, m.ffn);
  return attention_parameters(m) + ffn + 2 * norm_parameters(m);
}

std::int64_t layer_parameters(const Transformer& m) { return layer_parameters(m, main_kind(m)); }

std::int64_t embedding_parameters(const Transformer& m) {
  const std::int64_t words = m.vocab * m.hidden * (m.tied_embeddings ? 1 : 2);
  return words + m.learned_positions * m.hidden + (m.final_norm ? norm_parameters(m) : 0);
}

std::int64_t parameter_count(const Transformer& m) {
  std::int64_t count = embedding_parameters(m);
  for (const LayerKind kind : {LayerKind::dense, LayerKind::moe}) {
    if (layers_of(m, kind) > 0) count += layers_of(m, kind) * layer_parameters(m, kind);
  }
  return count;
}

std::int64_t active_parameter_count(const Transformer& m) {
  if (!m.is_moe()) return parameter_count(m);
  const std::int64_t idle = moe_parameters(m, m.experts.count) - moe_parameters(m, m.experts.top_k);
  return parameter_count(m) - layers_of(m, LayerKind::moe) * idle;
}

}  // namespace ithaca
