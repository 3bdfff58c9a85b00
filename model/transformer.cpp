#include "model/transformer.hpp"

namespace ithaca {
namespace {

std::int64_t norm_parameters(const Transformer& m) { return m.norm == Norm::layer ? 2 * m.hidden : m.hidden; }

}  // namespace

std::int64_t layer_parameters(const Transformer& m) {
  const std::int64_t query = m.query_width(), kv = m.kv_width();
  std::int64_t count = m.hidden * (query + 2 * kv) + query * m.hidden;
  count += (m.gated_ffn ? 3 : 2) * m.hidden * m.ffn + 2 * norm_parameters(m);
  if (m.qkv_bias) count += query + 2 * kv;
  if (m.output_bias) count += m.hidden;
  if (m.ffn_bias) count += (m.gated_ffn ? 2 : 1) * m.ffn + m.hidden;
  if (m.qk_norm) count += 2 * m.head_dim;
  return count;
}

std::int64_t embedding_parameters(const Transformer& m) {
  const std::int64_t words = m.vocab * m.hidden * (m.tied_embeddings ? 1 : 2);
  return words + m.learned_positions * m.hidden + (m.final_norm ? norm_parameters(m) : 0);
}

std::int64_t parameter_count(const Transformer& m) { return m.layers * layer_parameters(m) + embedding_parameters(m); }

}  // namespace ithaca
