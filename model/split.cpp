#include "model/split.hpp"

#include <algorithm>

namespace ithaca {
namespace {

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

double rank_layer_weights(const Transformer& m, const Layout& layout, const RankSplit& rank) {
  const double copied_kv =
      static_cast<double>(rank.kv_heads * layout.tp - m.kv_heads) * static_cast<double>(m.head_dim);
  const double kv_weights = 2 * (static_cast<double>(m.hidden) + (m.qkv_bias ? 1 : 0));
  const double norms = 2.0 * static_cast<double>(m.hidden) * (m.norm == Norm::layer ? 2 : 1);
  const double sharded = static_cast<double>(layer_parameters(m)) + copied_kv * kv_weights - norms;
  return sharded / layout.tp + norms;
}

}  // namespace

std::int64_t sequence_multiple(const Layout& layout, bool causal) {
  const std::int64_t chunks = layout.ring > 1 && layout.zigzag && causal ? 2 : 1;
  return chunks * layout.sequence() * layout.tp;
}

RankSplit split_rank(const Transformer& m, const Workload& work, const Layout& layout) {
  RankSplit r;
  const std::int64_t multiple = sequence_multiple(layout, work.causal);
  r.padded_seq = ceil_div(work.seq_len.count, multiple) * multiple;
  r.tokens = work.micro_batch * r.padded_seq / layout.sequence();
  r.norm_tokens = r.tokens / layout.tp;
  r.block_tokens = r.padded_seq / layout.ring;
  r.heads = m.heads / layout.tp;
  r.kv_heads = std::max<std::int64_t>(1, m.kv_heads / layout.tp);
  r.ffn = m.ffn / layout.tp;
  r.vocab = ceil_div(m.vocab, layout.tp);
  r.split = split_heads(r.heads, r.kv_heads, layout.ulysses);
  r.layer_weights = rank_layer_weights(m, layout, r);
  r.other_weights = static_cast<double>(embedding_parameters(m)) / layout.tp;
  r.ring_balanced = layout.ring == 1 || layout.zigzag || !work.causal;
  return r;
}

RankGroups place_groups(const Cluster& cluster, const Layout& layout) {
  const int gpus = layout.gpus();
  const int outer = layout.tp * layout.ulysses;
  return {place(cluster, {layout.tp, 1}, gpus), place(cluster, {layout.ulysses, layout.tp}, gpus),
          place(cluster, {layout.ring, outer}, gpus), place(cluster, {layout.dp * layout.sequence(), layout.tp}, gpus)};
}

}  // namespace ithaca
