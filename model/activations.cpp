#include "model/activations.hpp"

#include "model/lora.hpp"

namespace ithaca {
namespace {

double rows(std::int64_t count) { return static_cast<double>(count); }

/// Elements of Q, K and V as attention reads them.
double qkv_elements(const Transformer& m, const Workload& work, const RankSplit& rank) {
  const double tokens = rows(work.micro_batch * rank.block_tokens);
  return tokens * rows(rank.split.max_query * m.head_dim + rank.split.max_kv * (m.head_dim + m.value_head()));
}

/// What only weight gradients read: kept where the matrix is trained or carries an adapter, whose A reads it too.
double for_weights(const Workload& work, bool adapted, double elements) {
  return work.lora_rank == 0 || adapted ? elements : 0;
}

/// Of a layer's adapters: what lies between their two products, of attention's or of the FFN's.
double adapter_elements(const Transformer& m, const Workload& work, const RankSplit& rank, LayerKind kind, bool ffn) {
  if (work.lora_rank == 0) return 0;
  Workload part = work;
  part.lora_targets = {work.lora_targets.attention && !ffn, work.lora_targets.ffn && ffn};
  double elements = 0;
  for (const AdaptedMatrix& a : adapted_matrices(m, part, rank, kind)) elements += rows(a.rows) * rows(a.count);
  return elements * work.lora_rank;
}

Bytes attention_bytes(const Transformer& m, const Workload& work, const RankSplit& rank, LayerKind kind,
                      double element) {
  const bool adapted = work.lora_targets.attention;
  const double stream = rows(rank.norm_tokens) * rows(m.hidden), inputs = for_weights(work, adapted, stream);
  const bool moved =
      rank.split.max_query < rank.heads;  // the all-to-all makes a second copy, FlashAttention keeps the first
  const double result = rows(rank.tokens) * rows(rank.heads * m.value_head());
  const double output = work.flash && !moved ? result : for_weights(work, adapted, result);
  const double core_output =
      moved && work.flash ? rows(work.micro_batch * rank.block_tokens) * rows(rank.split.max_query * m.value_head())
                          : 0;
  const double unnormed = m.qk_norm ? rows(rank.tokens) * rows((rank.heads + rank.kv_heads) * m.head_dim) : 0;
  // Latents before and after their norms; the part with positions is used as it is.
  const double latents =
      m.is_latent() ? rows(rank.tokens) * rows(2 * m.latent.query_rank + 2 * m.latent.kv_rank + m.latent.rope_dim) : 0;
  const double mask = work.dropout ? stream : 0;
  const double between = adapter_elements(m, work, rank, kind, false);
  return Bytes{element * (between + inputs + qkv_elements(m, work, rank) + output + core_output + unnormed + latents) +
               mask};
}

Bytes core_bytes(const Workload& work, const RankSplit& rank, double element) {
  const double row_count = rows(work.micro_batch * rank.block_tokens) * rows(rank.split.max_query);
  if (work.flash) return Bytes{4 * row_count};
  const double scores = row_count * rows(rank.padded_seq);
  return Bytes{work.dropout ? scores * (2 * element + 1) : scores * element};
}

/// Of an expert's share of a token, from differences between SimuMax@4dcaae5's B200 runs. As many as the fp32 softmax
/// of the router and of its auxiliary loss, two arrays of probabilities and two 32-bit row numbers of the permutation.
constexpr double kRouterBytes = 24;

/// FFN input, activation's inputs and output. Routed copies of a token have an input each; their results are kept too,
/// for the gradient of the router's weights, unless those are applied inside the experts.
double ffn_elements(const Transformer& m, const Workload& work, const RankSplit& rank, LayerKind kind) {
  const bool adapted = work.lora_targets.ffn;
  const double inputs =
      for_weights(work, adapted, rows(rank.norm_tokens) * rows(m.hidden)) + adapter_elements(m, work, rank, kind, true);
  const double copies = (m.gated_ffn ? 2 : 1) + for_weights(work, adapted, 1);
  if (kind == LayerKind::dense) return inputs + copies * rows(rank.tokens) * rows(rank.ffn);
  const double routed = rows(rank.expert_rows * rank.experts);
  return inputs + copies * (rows(rank.tokens) * rows(rank.shared_ffn) + routed * rows(rank.expert_ffn)) +
         (work.transformer_engine ? 1 : 2) * routed * rows(m.hidden);
}

}  // namespace

LayerActivations layer_activations(const Transformer& m, const Workload& work, const RankSplit& rank, LayerKind kind) {
  const double element = element_bytes(work.dtype);
  const double inputs = rows(rank.norm_tokens) * rows(m.hidden);
  LayerActivations kept;
  kept.attention = attention_bytes(m, work, rank, kind, element);
  kept.core = core_bytes(work, rank, element);
  const double router = kind == LayerKind::moe ? kRouterBytes * rows(rank.tokens) * rows(m.experts.count) : 0;
  kept.ffn = Bytes{element * ffn_elements(m, work, rank, kind) + router + (work.dropout ? inputs : 0)};
  kept.norms = Bytes{2 * element * inputs};
  return kept;
}

Bytes layer_input(const Transformer& m, const Workload& work, const RankSplit& rank) {
  return Bytes{element_bytes(work.dtype) * rows(rank.norm_tokens) * rows(m.hidden)};
}

Bytes kept_activations(const Transformer& m, const Workload& work, const RankSplit& rank, const LayerActivations& all) {
  if (work.recompute == Recompute::full) {
    const double share = 1.0 / work.recompute_every;
    return layer_input(m, work, rank) * share + all.total() * (1 - share);
  }
  const bool drops_core = work.recompute == Recompute::selective && !work.flash;
  return drops_core ? all.total() - all.core : all.total();
}

Bytes kept_activations(const Transformer& m, const Workload& work, const RankSplit& rank, LayerKind kind) {
  return kept_activations(m, work, rank, layer_activations(m, work, rank, kind));
}

}  // namespace ithaca
