#include "model/model_flops.hpp"

#include "model/layer_compute.hpp"
#include "model/lora.hpp"
#include "model/packing.hpp"

namespace ithaca {

namespace {

/// Weights of one layer's matrices that a token passes through, without biases and norms.
double matrix_weights(const Transformer& m, LayerKind kind) {
  const double hidden = real(m.hidden), ffn = hidden * (m.gated_ffn ? 3 : 2), output = real(m.heads * m.value_head());
  double attention = hidden * real(m.query_width() + m.kv_width() + m.kv_heads * m.value_head()) + output * hidden;
  if (m.is_latent()) {
    const LatentAttention& l = m.latent;
    const double query =
        l.query_rank > 0 ? real(l.query_rank * (m.hidden + m.query_width())) : hidden * real(m.query_width());
    const double up = real(l.kv_rank * m.heads * (m.head_dim - l.rope_dim + m.value_head()));
    attention = query + hidden * real(l.kv_rank + l.rope_dim) + up + output * hidden;
  }
  if (kind == LayerKind::dense) return attention + ffn * real(m.ffn);
  const Experts& e = m.experts;
  return attention + ffn * real(e.top_k * e.ffn + e.shared_ffn) + hidden * real(e.count);
}

}  // namespace

Flop model_step_flops(const Transformer& m, const Workload& work, bool halve_causal) {
  const double seq = real(work.seq_len.count), layers = real(m.layers);
  double weights = real(m.hidden * m.vocab);
  for (const LayerKind kind : {LayerKind::dense, LayerKind::moe})
    weights += real(layers_of(m, kind)) * matrix_weights(m, kind);
  const double width = real(m.heads * (m.head_dim + m.value_head()));
  const double documents = work.packing != nullptr ? work.packing->share() : 1;
  const double attention =
      2 * seq * seq * width * layers * mask_share(m, work) * documents * (work.causal && halve_causal ? 0.5 : 1.0);
  if (work.lora_rank == 0) return Flop{3 * real(work.global_batch) * (2 * seq * weights + attention)};
  const double adapters = active_trained_parameter_count(m, work);
  return Flop{real(work.global_batch) * (2 * seq * (2 * weights + 3 * adapters) + 3 * attention)};
}

Flop megatron_step_flops(const Transformer& m, std::int64_t batch, Tokens seq_len) {
  const double s = static_cast<double>(seq_len.count), h = static_cast<double>(m.hidden);
  const double layers = static_cast<double>(m.layers), vocab = static_cast<double>(m.vocab);
  return Flop{96 * static_cast<double>(batch) * s * layers * h * h * (1 + s / (6 * h) + vocab / (16 * layers * h))};
}

}  // namespace ithaca
