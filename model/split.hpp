#pragma once
// What one rank of a layout holds, worked out once for an estimate: tokens, heads, weights and its groups on the
// cluster.

#include <cstdint>

#include "model/collective.hpp"
#include "model/heads.hpp"
#include "model/layout.hpp"
#include "model/stage.hpp"
#include "model/transformer.hpp"
#include "model/workload.hpp"

namespace ithaca {

/// The multiple that the sequence is padded to: sequence ranks (tp ranks under Megatron-SP), chunks of a zigzag ring.
std::int64_t sequence_multiple(const Layout& layout, bool causal);

/// Parameters of one layer on one rank. ZeRO shards `shared` over dp x sp and `experts` over dp x sp / ep.
struct LayerWeights {
  double shared = 0, experts = 0;
  constexpr double total() const { return shared + experts; }
  friend constexpr LayerWeights operator+(const LayerWeights& a, const LayerWeights& b) {
    return {a.shared + b.shared, a.experts + b.experts};
  }
};

struct RankSplit {
  std::int64_t padded_seq = 0;    ///< N rounded up to sequence_multiple
  std::int64_t tokens = 0;        ///< b x N / (ulysses x ring): rows of the rank's GEMMs
  std::int64_t norm_tokens = 0;   ///< rows outside the tensor-parallel blocks: tokens / tp with tp_sequence, else all
  std::int64_t block_tokens = 0;  ///< N / ring: tokens of one sequence that the rank attends with after the all-to-all
  std::int64_t heads = 0;         ///< query heads of the tp rank, before the all-to-all
  std::int64_t kv_heads = 0;      ///< KV heads of the tp rank, at least one: copied where tp is above the KV heads
  std::int64_t ffn = 0;           ///< f / tp
  std::int64_t vocab = 0;         ///< V / tp, rounded up
  HeadSplit split;                ///< of those heads over ulysses
  std::int64_t experts = 0;       ///< of a layer, on this rank: count / ep
  std::int64_t expert_rows = 0;   ///< tokens that one of them works on, at the busiest rank
  std::int64_t expert_ffn = 0;    ///< widths / tp
  std::int64_t shared_ffn = 0;
  LayerWeights dense_layer, moe_layer;      ///< adapters included
  LayerWeights dense_trained, moe_trained;  ///< of those; all of them, or the adapters alone
  double embedding_weights = 0;             ///< tokens and positions
  double head_weights = 0;                  ///< final norm and head; with pp, a tied head is a copy of the embedding
  bool ends_trained = true;                 ///< embedding and head; not beside adapters
  double documents_mean = 1;                ///< packed documents' share of the attention that the rank would have else
  double documents_slowest = 1;             ///< of the rank or replica that the others wait for
  double documents_share = 1;               ///< of a whole padded mask
  bool ring_balanced = true;                ///< every ring rank works on the same share of the mask
};
constexpr const LayerWeights& weights(const RankSplit& rank, LayerKind kind) {
  return kind == LayerKind::dense ? rank.dense_layer : rank.moe_layer;
}
constexpr const LayerWeights& trained(const RankSplit& rank, LayerKind kind) {
  return kind == LayerKind::dense ? rank.dense_trained : rank.moe_trained;
}
/// Of all layers of a stage, embedding and head where it has them.
LayerWeights stage_weights(const RankSplit& rank, const Stage& stage);
LayerWeights stage_trained(const RankSplit& rank, const Stage& stage);
RankSplit split_rank(const Transformer& model, const Workload& work, const Layout& layout);

/// The groups of a layout on the cluster: tp innermost, then ulysses, ring; `shard` is dp x ulysses x ring, over which
/// ZeRO shards and gradients are reduced; `expert` is its innermost ep ranks, `expert_shard` the rest. Inner and outer
/// are a double ring's.
struct RankGroups {
  Placement tp, ulysses, ring, shard, expert, expert_shard, pipeline, inner_ring, outer_ring;
};
RankGroups place_groups(const Cluster& cluster, const Layout& layout);

}  // namespace ithaca
