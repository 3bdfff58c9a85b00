#include "model/heads.hpp"

#include <algorithm>

namespace ithaca {
namespace {

bool same_on_every_rank(std::int64_t heads, std::int64_t kv_heads, std::int64_t ranks) {
  return heads % ranks == 0 && (kv_heads % ranks == 0 || ranks % kv_heads == 0);
}

/// Adds one rank of a given kind to the maxima.
struct Maxima {
  HeadSplit& split;
  std::int64_t heads, ranks;
  std::int64_t most_sent = -1, most_received = -1;

  void take(RankHeads own) {
    const std::int64_t others = ranks - 1;
    const std::int64_t qkv_sent = (heads - own.query) + 2 * (split.kv_copies - own.kv);
    const std::int64_t qkv_received = others * (own.query + 2 * own.kv);
    const std::int64_t output_sent = others * own.query, output_received = heads - own.query;
    if (qkv_sent + output_sent > most_sent) {
      most_sent = qkv_sent + output_sent;
      split.qkv.sent = qkv_sent;
      split.output.sent = output_sent;
    }
    if (qkv_received + output_received > most_received) {
      most_received = qkv_received + output_received;
      split.qkv.received = qkv_received;
      split.output.received = output_received;
    }
    split.qkv.busiest = std::max({split.qkv.busiest, qkv_sent, qkv_received});
    split.output.busiest = std::max({split.output.busiest, output_sent, output_received});
  }
};

}  // namespace

RankHeads rank_heads(std::int64_t heads, std::int64_t kv_heads, std::int64_t ranks, std::int64_t r) {
  const std::int64_t share = heads / ranks, larger = heads % ranks, per_kv = heads / kv_heads;
  const std::int64_t first = r * share + std::min(r, larger);
  const std::int64_t query = share + (r < larger ? 1 : 0);
  return {query, (first + query - 1) / per_kv - first / per_kv + 1};
}

HeadSplit split_heads(std::int64_t heads, std::int64_t kv_heads, std::int64_t ranks) {
  HeadSplit split;
  const std::int64_t kinds = same_on_every_rank(heads, kv_heads, ranks) ? 1 : ranks;
  for (std::int64_t r = 0; r < kinds; ++r) {
    const RankHeads own = rank_heads(heads, kv_heads, ranks, r);
    split.max_query = std::max(split.max_query, own.query);
    split.max_kv = std::max(split.max_kv, own.kv);
    split.kv_copies += own.kv * (ranks / kinds);
  }
  Maxima maxima{split, heads, ranks};
  for (std::int64_t r = 0; r < kinds; ++r) maxima.take(rank_heads(heads, kv_heads, ranks, r));
  split.total = (ranks - 1) * (2 * heads + 2 * split.kv_copies);
  return split;
}

}  // namespace ithaca
