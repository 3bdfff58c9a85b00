#include "model/heads.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace ithaca {
namespace {

/// Deals heads one by one and counts what each rank would send, without any formula.
struct Dealt {
  std::int64_t copies = 0, max_query = 0, max_kv = 0, total = 0;
  HeadSplit::Exchange qkv, output;
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
    std::int64_t in = 0, in_sent = 0, back = 0, back_sent = 0;
    for (std::int64_t peer = 0; peer < ranks; ++peer) {
      if (peer == r) continue;
      const auto need = [&](std::int64_t who) { return query[who] + 2 * static_cast<std::int64_t>(kv[who].size()); };
      in_sent += need(peer);  // its slice of the peer's heads, and the output of its own heads
      back_sent += query[r];
      in += need(r);
      back += query[peer];
    }
    if (r == 0 || in_sent + back_sent > d.qkv.sent + d.output.sent) d.qkv.sent = in_sent, d.output.sent = back_sent;
    if (r == 0 || in + back > d.qkv.received + d.output.received) d.qkv.received = in, d.output.received = back;
    d.qkv.busiest = std::max({d.qkv.busiest, in_sent, in});
    d.output.busiest = std::max({d.output.busiest, back_sent, back});
    d.max_query = std::max(d.max_query, query[r]);
    d.max_kv = std::max(d.max_kv, static_cast<std::int64_t>(kv[r].size()));
    d.total += in_sent + back_sent;
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
        const auto equal = [](const HeadSplit::Exchange& a, const HeadSplit::Exchange& b) {
          return a.sent == b.sent && a.received == b.received && a.busiest == b.busiest;
        };
        ASSERT_TRUE(equal(split.qkv, dealt.qkv))
            << kv * group << " heads, " << kv << " KV heads, " << ranks << " ranks";
        ASSERT_TRUE(equal(split.output, dealt.output));
        ASSERT_EQ(split.max_query, dealt.max_query);
        ASSERT_EQ(split.max_kv, dealt.max_kv);
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
