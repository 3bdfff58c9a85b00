#include "model/legality.hpp"

#include <algorithm>

#include "model/framework_rules.hpp"
#include "model/split.hpp"

namespace ithaca {
namespace {

std::optional<Refusal> check_degrees(const Layout& l) {
  const int smallest = std::min({l.tp, l.pp, l.dp, l.ulysses, l.ring, l.ep, l.virtual_pp, l.inner_ring, l.chunks});
  if (smallest < 1) return Refusal{Rule::degree, l, smallest, 1};
  if (l.zero < 0 || l.zero > 3) return Refusal{Rule::zero_stage, l, l.zero, 3};
  if (l.pp > 1 && l.zero > 1) return Refusal{Rule::pipeline_zero, l, l.zero, 1};
  if (l.virtual_pp > 1 && (l.pp == 1 || l.schedule == Schedule::gpipe))
    return Refusal{Rule::interleaving, l, l.virtual_pp, 1};
  if (!has_ulysses(l.strategy) && l.ulysses > 1) return Refusal{Rule::strategy_degree, l, l.ulysses, 1};
  if (!has_ring(l.strategy) && l.ring > 1) return Refusal{Rule::strategy_degree, l, l.ring, 1};
  if (l.ring % l.inner_ring != 0) return Refusal{Rule::inner_ring, l, l.inner_ring, l.ring};
  return std::nullopt;
}

std::optional<Refusal> check_experts(const Transformer& m, const Layout& l) {
  const int ranks = l.dp * l.sequence();
  const bool divides = m.is_moe() ? m.experts.count % l.ep == 0 : l.ep == 1;
  if (!divides) return Refusal{Rule::experts, l, l.ep, m.experts.count};
  if (ranks % l.ep != 0) return Refusal{Rule::expert_ranks, l, l.ep, ranks};
  return std::nullopt;
}

std::optional<Refusal> check_heads(const Transformer& m, const Layout& l) {
  if (m.heads % l.tp != 0) return Refusal{Rule::tp_heads, l, l.tp, m.heads};
  if (m.kv_heads % l.tp != 0 && l.tp % m.kv_heads != 0) return Refusal{Rule::tp_kv_heads, l, l.tp, m.kv_heads};
  if (m.ffn % l.tp != 0) return Refusal{Rule::tp_ffn, l, l.tp, m.ffn};
  if (m.heads / l.tp < l.ulysses) return Refusal{Rule::ulysses_heads, l, l.ulysses, m.heads / l.tp};
  return std::nullopt;
}

std::optional<Refusal> check_workload(const Workload& w, const Layout& l) {
  if (w.seq_len.count < sequence_multiple(l, w.causal)) {
    return Refusal{Rule::sequence_short, l, w.seq_len.count, sequence_multiple(l, w.causal)};
  }
  if (w.global_batch % (l.dp * w.micro_batch) != 0) {
    return Refusal{Rule::dp_batch, l, l.dp * w.micro_batch, w.global_batch};
  }
  const bool blockwise = l.strategy != Strategy::ring_self_attention;
  if (l.ring > 1 && !w.flash && blockwise) return Refusal{Rule::ring_flash, l, l.ring, 1};
  if (l.ring > 1 && w.flash && !blockwise) return Refusal{Rule::ring_scores, l, l.ring, 1};
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> check_layout(const Transformer& model, const Workload& work, const Cluster& cluster,
                                    const Layout& layout) {
  if (const auto refusal = check_degrees(layout)) return refusal;
  if (const auto refusal = check_heads(model, layout)) return refusal;
  if (const auto refusal = check_experts(model, layout)) return refusal;
  if (const std::int64_t chunks = std::int64_t{layout.pp} * layout.virtual_pp; chunks > model.layers)
    return Refusal{Rule::pipeline_layers, layout, chunks, model.layers};
  if (const auto refusal = check_workload(work, layout)) return refusal;
  if (cluster.max_gpus > 0 && layout.gpus() > cluster.max_gpus) {
    return Refusal{Rule::cluster_size, layout, layout.gpus(), cluster.max_gpus};
  }
  if (cluster.gpu.peak[static_cast<std::size_t>(work.dtype)] <= FlopPerSecond{}) {
    return Refusal{Rule::dtype, layout};
  }
  return check_framework(model, work, layout);
}

std::optional<Refusal> check_phase(const Layout& layout, Phase phase) {
  const Strategy s = layout.strategy;
  const bool for_backward = s == Strategy::fpdt || s == Strategy::ring_self_attention;
  const bool for_sequences = s == Strategy::megatron_sp || s == Strategy::loongtrain;
  if (for_backward) return Refusal{Rule::phase_backward, layout};
  if (for_sequences && phase == Phase::decode) return Refusal{Rule::phase_decode, layout};
  if (layout.zero == 1 || layout.zero == 2) return Refusal{Rule::phase_zero, layout, layout.zero};
  return std::nullopt;
}

}  // namespace ithaca
