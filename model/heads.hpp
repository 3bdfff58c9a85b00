#pragma once
// How attention heads are dealt to the ranks of an all-to-all: contiguous, larger shares first. A rank that owns query
// heads also needs the KV heads behind them, so KV heads are copied where a group of query heads is cut.

#include <cstdint>

namespace ithaca {

/// What one rank owns, and the KV heads that it needs for that.
struct RankHeads {
  std::int64_t query = 0, kv = 0;
};
/// Of rank r: the first heads % ranks ranks own one query head more than the others.
RankHeads rank_heads(std::int64_t heads, std::int64_t kv_heads, std::int64_t ranks, std::int64_t r);

/// Head counts of `ranks` ranks and what they exchange, in units of (head x local token slice): multiply by
/// element bytes x batch x N/P x head_dim to get bytes. q_r and k_r are rank r's query and KV heads, K the sum of k_r.
struct HeadSplit {
  std::int64_t max_query = 0;  ///< heads of the slowest rank, ceil(a/P)
  std::int64_t max_kv = 0;
  std::int64_t kv_copies = 0;  ///< K: KV heads with copies, summed over ranks

  /// Q, K, V in: rank r sends (a - q_r) + 2(K - k_r) and receives (P-1)(q_r + 2 k_r).
  /// Output back: rank r sends (P-1) q_r and receives a - q_r.
  struct Exchange {
    std::int64_t sent = 0;      ///< by the rank that sends most over both exchanges
    std::int64_t received = 0;  ///< by the rank that receives most over both
    std::int64_t busiest = 0;   ///< the most that any rank sends or receives in this exchange alone
  };
  Exchange qkv;
  Exchange output;
  std::int64_t total = 0;  ///< sent by all ranks together over both exchanges
};

/// `ranks` must be between 1 and `heads`, `heads` a multiple of `kv_heads`.
HeadSplit split_heads(std::int64_t heads, std::int64_t kv_heads, std::int64_t ranks);

}  // namespace ithaca
