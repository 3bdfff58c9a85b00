#pragma once
// What one rank of a layout holds, worked out once for an estimate: tokens, heads, weights and its groups on the
// cluster.

#include <cstdint>

#include "model/collective.hpp"
#include "model/heads.hpp"
#include "model/layout.hpp"
#include "model/transformer.hpp"
#include "model/workload.hpp"

namespace ithaca {

/// The multiple that the sequence is padded to: sequence ranks (tp ranks under Megatron-SP), chunks of a zigzag ring.
std::int64_t sequence_multiple(const Layout& layout, bool causal);

struct RankSplit {
  std::int64_t padded_seq = 0;    ///< N rounded up to sequence_multiple
  std::int64_t tokens = 0;        ///< b x N / (ulysses x ring): rows of the rank's GEMMs
  std::int64_t norm_tokens = 0;   ///< tokens / tp: rows outside the tensor-parallel blocks, rounded up
  std::int64_t block_tokens = 0;  ///< N / ring: tokens of one sequence that the rank attends with after the all-to-all
  std::int64_t heads = 0;         ///< query heads of the tp rank, before the all-to-all
  std::int64_t kv_heads = 0;      ///< KV heads of the tp rank, at least one: copied where tp is above the KV heads
  std::int64_t ffn = 0;           ///< f / tp
  std::int64_t vocab = 0;         ///< V / tp, rounded up
  HeadSplit split;                ///< of those heads over ulysses
  double layer_weights = 0;       ///< parameters of one layer on this rank
  double other_weights = 0;       ///< embeddings, final norm, head on this rank
  bool ring_balanced = true;      ///< every ring rank works on the same share of the mask
};
RankSplit split_rank(const Transformer& model, const Workload& work, const Layout& layout);

/// The groups of a layout on the cluster: tp innermost, then ulysses, ring; `shard` is dp x ulysses x ring, over which
/// ZeRO shards and gradients are reduced.
struct RankGroups {
  Placement tp, ulysses, ring, shard;
};
RankGroups place_groups(const Cluster& cluster, const Layout& layout);

}  // namespace ithaca
