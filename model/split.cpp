#include "model/split.hpp"

#include <algorithm>
#include <cmath>

#include "model/lora.hpp"
#include "model/packing.hpp"

namespace ithaca {
namespace {

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// A layer's two norms, whole on every tp rank.
double norm_weights(const Transformer& m) { return 2 * real(m.hidden) * (m.norm == Norm::layer ? 2 : 1); }

/// Of all parameters, cut by tp but for the `whole` ones.
double cut(double all, double whole, const Layout& layout) { return (all - whole) / layout.tp + whole; }

/// Of one layer without its norms and experts. Whole on every tp rank: latents, Q and K norms, the output's bias; KV
/// heads are copied above tp.
double attention_weights(const Transformer& m, const Layout& layout, const RankSplit& rank) {
  const double all = real(attention_parameters(m));
  if (m.is_latent()) {
    const LatentAttention& l = m.latent;
    const double whole = real(l.query_rank * (m.hidden + 1) + m.hidden * (l.kv_rank + l.rope_dim) + l.kv_rank);
    return cut(all, whole, layout);
  }
  const double copied = real(rank.kv_heads * layout.tp - m.kv_heads) * real(m.head_dim + m.value_head());
  const double whole = real((m.output_bias ? m.hidden : 0) + (m.qk_norm ? 2 * m.head_dim : 0));
  return cut(all + copied * (real(m.hidden) + (m.qkv_bias ? 1 : 0)), whole, layout);
}

/// Of one FFN: the bias of its second matrix is whole, as it is added to the sum over the tp ranks.
double ffn_weights(const Transformer& m, std::int64_t width, const Layout& layout) {
  return cut(real(ffn_parameters(m, width)), real(m.ffn_bias ? m.hidden : 0), layout);
}

void add_weights(const Transformer& m, const Layout& layout, RankSplit& rank) {
  const double attention = attention_weights(m, layout, rank) + norm_weights(m);
  rank.dense_layer = {attention + ffn_weights(m, m.ffn, layout), 0};
  const double words = real(m.hidden) * real(m.vocab) / layout.tp;
  rank.embedding_weights = words + real(m.learned_positions * m.hidden);
  rank.head_weights = (m.tied_embeddings && layout.pp == 1 ? 0 : words) + (m.final_norm ? norm_weights(m) / 2 : 0);
  if (!m.is_moe()) return;
  const Experts& e = m.experts;
  const double shared = e.shared_ffn > 0 ? ffn_weights(m, e.shared_ffn, layout) : 0;
  rank.moe_layer = {attention + real(m.hidden * e.count) + shared, real(rank.experts) * ffn_weights(m, e.ffn, layout)};
}

/// Which weights are trained; adapters come on top of the others.
void add_trained(const Transformer& m, const Workload& work, RankSplit& rank) {
  rank.dense_trained = rank.dense_layer;
  rank.moe_trained = rank.moe_layer;
  if (work.lora_rank == 0) return;
  rank.ends_trained = false;
  rank.dense_trained = adapter_weights(work, adapted_matrices(m, work, rank, LayerKind::dense));
  rank.moe_trained =
      m.is_moe() ? adapter_weights(work, adapted_matrices(m, work, rank, LayerKind::moe)) : LayerWeights{};
  rank.dense_layer = rank.dense_layer + rank.dense_trained;
  rank.moe_layer = rank.moe_layer + rank.moe_trained;
}

}  // namespace

std::int64_t sequence_multiple(const Layout& layout, bool causal) {
  const std::int64_t chunks = layout.ring > 1 && layout.zigzag && causal ? 2 : 1;
  return chunks * layout.sequence() * (layout.tp_sequence ? layout.tp : 1);
}

RankSplit split_rank(const Transformer& m, const Workload& work, const Layout& layout) {
  RankSplit r;
  const std::int64_t multiple = sequence_multiple(layout, work.causal);
  r.padded_seq = ceil_div(work.seq_len.count, multiple) * multiple;
  r.tokens = work.micro_batch * r.padded_seq / layout.sequence();
  r.norm_tokens = layout.tp_sequence ? r.tokens / layout.tp : r.tokens;
  r.block_tokens = r.padded_seq / layout.ring;
  r.heads = m.heads / layout.tp;
  r.kv_heads = std::max<std::int64_t>(1, m.kv_heads / layout.tp);
  r.ffn = m.ffn / layout.tp;
  r.vocab = ceil_div(m.vocab, layout.tp);
  r.split = split_heads(r.heads, r.kv_heads, layout.ulysses);
  if (m.is_moe()) {
    const Experts& e = m.experts;
    r.experts = ceil_div(e.count, layout.ep);
    r.expert_rows =
        static_cast<std::int64_t>(std::ceil(real(r.tokens * layout.ep * e.top_k) / real(e.count) * e.imbalance));
    r.expert_ffn = ceil_div(e.ffn, layout.tp);
    r.shared_ffn = ceil_div(e.shared_ffn, layout.tp);
  }
  add_weights(m, layout, r);
  if (work.packing != nullptr) {
    const PackedShare share = packed_share(*work.packing, layout, work.micro_batch, r.padded_seq);
    const double unpadded = real(work.seq_len.count) / real(r.padded_seq);
    r.documents_mean = share.mean;
    r.documents_slowest = share.slowest;
    r.documents_share = work.packing->share() * unpadded * unpadded;
  }
  add_trained(m, work, r);
  r.ring_balanced = layout.ring == 1 || layout.zigzag || !work.causal;
  return r;
}

LayerWeights stage_weights(const RankSplit& rank, const Stage& stage) {
  const double dense = real(stage.dense), moe = real(stage.moe);
  LayerWeights sum{dense * rank.dense_layer.shared + moe * rank.moe_layer.shared, moe * rank.moe_layer.experts};
  if (stage.first) sum.shared += rank.embedding_weights;
  if (stage.last) sum.shared += rank.head_weights;
  return sum;
}

LayerWeights stage_trained(const RankSplit& rank, const Stage& stage) {
  if (rank.ends_trained) return stage_weights(rank, stage);
  const double dense = real(stage.dense), moe = real(stage.moe);
  return {dense * rank.dense_trained.shared + moe * rank.moe_trained.shared, moe * rank.moe_trained.experts};
}

RankGroups place_groups(const Cluster& cluster, const Layout& l) {
  const int gpus = l.gpus(), shards = l.dp * l.sequence(), outer = l.tp * l.ulysses;
  const Placement alone = place(cluster, {1, 1}, gpus);  // lies the same whatever its stride
  const auto group = [&](int size, int stride) {
    if (size > 1) return place(cluster, {size, stride}, gpus);
    Placement one = alone;
    one.group.stride = stride;
    return one;
  };
  RankGroups g{group(l.tp, 1),
               group(l.ulysses, l.tp),
               group(l.ring, outer),
               group(shards, l.tp),
               group(l.ep, l.tp),
               {},
               group(l.pp, l.tp * shards),
               group(l.inner_ring, outer),
               {}};
  g.expert_shard = l.ep == 1 ? g.shard : group(shards / l.ep, l.tp * l.ep);
  g.outer_ring = l.inner_ring == 1 ? g.ring : group(l.ring / l.inner_ring, outer * l.inner_ring);
  return g;
}

}  // namespace ithaca
