#include "model/model_flops.hpp"

namespace ithaca {

Flop model_step_flops(const Transformer& m, const Workload& work, bool halve_causal) {
  const double seq = static_cast<double>(work.seq_len.count);
  const double hidden = static_cast<double>(m.hidden), query = static_cast<double>(m.query_width());
  const double attention_weights = hidden * (2 * query + 2 * static_cast<double>(m.kv_width()));
  const double ffn_weights = hidden * static_cast<double>(m.ffn) * (m.gated_ffn ? 3 : 2);
  const double layers = static_cast<double>(m.layers), head = hidden * static_cast<double>(m.vocab);
  const double matrices = 2 * seq * (layers * (attention_weights + ffn_weights) + head);
  const double attention = 4 * seq * seq * query * layers * (work.causal && halve_causal ? 0.5 : 1.0);
  return Flop{3 * static_cast<double>(work.global_batch) * (matrices + attention)};
}

Flop megatron_step_flops(const Transformer& m, std::int64_t batch, Tokens seq_len) {
  const double s = static_cast<double>(seq_len.count), h = static_cast<double>(m.hidden);
  const double layers = static_cast<double>(m.layers), vocab = static_cast<double>(m.vocab);
  return Flop{96 * static_cast<double>(batch) * s * layers * h * h * (1 + s / (6 * h) + vocab / (16 * layers * h))};
}

}  // namespace ithaca
