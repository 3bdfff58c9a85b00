#include "model/heads.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace ithaca {
namespace {

/// Deals heads one by one and counts what each rank would send, without any formula.
struct Dealt {
  std::int64_t copies = 0, most_sent = 0, most_received = 0, max_query = 0, total = 0;
};
Dealt deal(std::int64_t heads, std::int64_t kv_heads, std::int64_t ranks) {
  std::vector<std::int64_t> query(ranks, 0);
  std::vector<std::set<std::int64_t>> kv(ranks);
  std::int64_t head = 0;
  for (std::int64_t r = 0; r < ranks; ++r) {
    const std::int64_t share = heads / ranks + (r < heads % ranks ? 1 : 0);
    for (std::int64_t i = 0; i < share; ++i, ++head) {
      ++query[r];
      kv[r].insert(head / (heads / kv_heads));
    }
  }
  Dealt d;
  for (const auto& own : kv) d.copies += static_cast<std::int64_t>(own.size());
  for (std::int64_t r = 0; r < ranks; ++r) {
    std::int64_t sent = 0, received = 0;
    for (std::int64_t peer = 0; peer < ranks; ++peer) {
      if (peer == r) continue;
      const auto need = [&](std::int64_t who) { return query[who] + 2 * static_cast<std::int64_t>(kv[who].size()); };
      sent += need(peer) + query[r];  // its slice of the peer's heads, and the output of its own heads
      received += need(r) + query[peer];
    }
    d.most_sent = std::max(d.most_sent, sent);
    d.most_received = std::max(d.most_received, received);
    d.max_query = std::max(d.max_query, query[r]);
    d.total += sent;
  }
  return d;
}

TEST(Heads, UnevenSharesPutTheLargerFirst) {
  EXPECT_EQ(split_heads(7, 7, 4).max_query, 2);    // 2 2 2 1
  EXPECT_EQ(split_heads(20, 20, 8).max_query, 3);  // 3 3 3 3 2 2 2 2
}

TEST(Heads, KvCopiesOfQwen14b) {
  // 40 query heads in groups of 5 behind 8 KV heads. At P = 8 a rank owns one group. At P = 10 each rank's 4 heads
  // touch two groups except those that start at a multiple of 5: ranks 0..9 start at 0 4 8 12 16 | 20 24 28 32 36 and
  // hold 1 2 2 2 1 KV heads, twice: 16. At P = 40 each head carries its own copy.
  EXPECT_EQ(split_heads(40, 8, 8).kv_copies, 8);
  EXPECT_EQ(split_heads(40, 8, 10).kv_copies, 16);
  EXPECT_EQ(split_heads(40, 8, 16).kv_copies, 21);
  EXPECT_EQ(split_heads(40, 8, 20).kv_copies, 24);
  EXPECT_EQ(split_heads(40, 8, 40).kv_copies, 40);
}

TEST(Heads, EqualsDealingOneByOne) {
  for (std::int64_t kv : {1, 2, 4, 7, 8}) {
    for (std::int64_t group : {1, 2, 5, 8}) {
      for (std::int64_t ranks = 1; ranks <= kv * group; ++ranks) {
        const HeadSplit split = split_heads(kv * group, kv, ranks);
        const Dealt dealt = deal(kv * group, kv, ranks);
        ASSERT_EQ(split.kv_copies, dealt.copies)
            << kv * group << " heads, " << kv << " KV heads, " << ranks << " ranks";
        ASSERT_EQ(split.qkv.sent + split.output.sent, dealt.most_sent);
        ASSERT_EQ(split.qkv.received + split.output.received, dealt.most_received);
        ASSERT_EQ(split.max_query, dealt.max_query);
        ASSERT_EQ(split.total, dealt.total);
      }
    }
  }
}

TEST(Heads, EveryRankByItself) {
  // 7 query heads over 3 ranks, a KV head for every 7: 3 + 2 + 2, and all need the one KV head.
  EXPECT_EQ(rank_heads(7, 1, 3, 0).query, 3);
  EXPECT_EQ(rank_heads(7, 1, 3, 2).query, 2);
  EXPECT_EQ(rank_heads(7, 1, 3, 2).kv, 1);
  // 8 heads in KV groups of 4 over 3 ranks: heads 0-2, 3-5, 6-7; the middle rank cuts both groups.
  EXPECT_EQ(rank_heads(8, 2, 3, 1).query, 3);
  EXPECT_EQ(rank_heads(8, 2, 3, 1).kv, 2);
}

}  // namespace
}  // namespace ithaca
