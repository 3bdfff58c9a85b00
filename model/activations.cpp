#include "model/activations.hpp"

namespace ithaca {
namespace {

double rows(std::int64_t count) { return static_cast<double>(count); }

/// Elements of one sequence block of `heads` heads after the all-to-all.
double block(const Transformer& m, const Workload& work, const RankSplit& rank, std::int64_t heads) {
  return rows(work.micro_batch * rank.block_tokens) * rows(heads * m.head_dim);
}

Bytes attention_bytes(const Transformer& m, const Workload& work, const RankSplit& rank, double element) {
  const double inputs = rows(rank.norm_tokens) * rows(m.hidden);
  const double qkv = block(m, work, rank, rank.split.max_query + 2 * rank.split.max_kv);
  const double output = rows(rank.tokens) * rows(rank.heads * m.head_dim);
  const bool moved =
      rank.split.max_query < rank.heads;  // the all-to-all makes a second copy, FlashAttention keeps the first
  const double core_output = moved && work.flash ? block(m, work, rank, rank.split.max_query) : 0;
  const double unnormed = m.qk_norm ? rows(rank.tokens) * rows((rank.heads + rank.kv_heads) * m.head_dim) : 0;
  const double mask = work.dropout ? inputs : 0;
  return Bytes{element * (inputs + qkv + output + core_output + unnormed) + mask};
}

Bytes core_bytes(const Workload& work, const RankSplit& rank, double element) {
  const double row_count = rows(work.micro_batch * rank.block_tokens) * rows(rank.split.max_query);
  if (work.flash) return Bytes{4 * row_count};
  const double scores = row_count * rows(rank.padded_seq);
  return Bytes{work.dropout ? scores * (2 * element + 1) : scores * element};
}

}  // namespace

LayerActivations layer_activations(const Transformer& m, const Workload& work, const RankSplit& rank) {
  const double element = element_bytes(work.dtype);
  const double inputs = rows(rank.norm_tokens) * rows(m.hidden);
  const double hidden = rows(rank.tokens) * rows(rank.ffn) * (m.gated_ffn ? 3 : 2);
  LayerActivations kept;
  kept.attention = attention_bytes(m, work, rank, element);
  kept.core = core_bytes(work, rank, element);
  kept.ffn = Bytes{element * (inputs + hidden) + (work.dropout ? inputs : 0)};
  kept.norms = Bytes{2 * element * inputs};
  return kept;
}

Bytes kept_activations(const Transformer& m, const Workload& work, const RankSplit& rank) {
  if (work.recompute == Recompute::full) {
    return Bytes{element_bytes(work.dtype) * rows(rank.norm_tokens) * rows(m.hidden)};
  }
  const LayerActivations all = layer_activations(m, work, rank);
  const bool drops_core = work.recompute == Recompute::selective && !work.flash;
  return drops_core ? all.total() - all.core : all.total();
}

}  // namespace ithaca
