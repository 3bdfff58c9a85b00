#include "sim/layout_exchanges.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using test::llama3_8b;
using test::llama_7b;
using test::round_cluster;
using test::sequence;

using enum Dimension;

/// The one round of a collective, message by message.
std::map<std::pair<std::uint32_t, std::uint32_t>, double> traffic(const LayoutExchanges& x, const Rounds& rounds,
                                                                  std::uint32_t ranks) {
  EXPECT_EQ(rounds.size(), 1U);
  std::vector<Message> messages;
  for (std::uint32_t r = 0; r < ranks; ++r) x.exchanges[rounds[0].exchange].sends(r, messages);
  std::map<std::pair<std::uint32_t, std::uint32_t>, double> bytes;
  for (const Message& m : messages) bytes[{m.from, m.to}] += m.bytes.value();
  return bytes;
}

LayoutExchanges exchanges(const Transformer& model, const Layout& layout,
                          const DimensionOrder& order = kFrameworkOrder) {
  const Workload work = sequence(61440);
  auto x = layout_exchanges(model, work, round_cluster(), layout, split_rank(model, work, layout), order, true);
  EXPECT_TRUE(x) << (x ? "" : x.error());
  return std::move(x).value();
}

TEST(LayoutExchanges, UnevenHeadsByPair) {
  // 32 heads over 5 ranks: 7, 7, 6, 6, 6; KV groups of 4 behind heads 0-6, 7-13, 14-19, 20-25, 26-31: groups 0-1, 1-3,
  // 3-4, 5-6, 6-7, so 2, 3, 2, 2, 2 KV heads. A slice is 61,440 / 5 tokens x 128 x 2 bytes.
  const LayoutExchanges x = exchanges(llama3_8b(), {.strategy = Strategy::ulysses, .ulysses = 5});
  const double slice = 61440.0 / 5 * 128 * 2;
  const double query[] = {7, 7, 6, 6, 6}, kv[] = {2, 3, 2, 2, 2};
  for (std::uint32_t from = 0; from < 5; ++from) {
    for (std::uint32_t to = 0; to < 5; ++to) {
      if (from == to) continue;
      const std::pair pair{from, to};
      EXPECT_EQ(traffic(x, x.qkv, 5)[pair], slice * (query[to] + 2 * kv[to]));
      EXPECT_EQ(traffic(x, x.output, 5)[pair], slice * query[from]);
      EXPECT_EQ(traffic(x, x.output_back, 5)[pair], slice * query[to]);
      EXPECT_EQ(traffic(x, x.qkv_back, 5)[pair], slice * (query[from] + 2 * kv[from]));
    }
  }
}

TEST(LayoutExchanges, HopsCarryTheRanksOwnKvHeads) {
  // The same heads in a ring of two: each Ulysses rank passes on its 2 or 3 KV heads of half the sequence.
  const LayoutExchanges x = exchanges(llama3_8b(), {.strategy = Strategy::usp, .ulysses = 5, .ring = 2});
  const auto hop = traffic(x, x.kv_hop, 10);
  for (std::uint32_t r = 0; r < 5; ++r) {
    EXPECT_DOUBLE_EQ(hop.at({r, r + 5}), 2 * 2 * 30720.0 * 128 * (r == 1 ? 3 : 2));
  }
}

TEST(LayoutExchanges, OnlyWhatTheLayoutHas) {
  const LayoutExchanges x = exchanges(llama_7b(), {.strategy = Strategy::megatron_sp, .tp = 8, .zero = 1});
  EXPECT_EQ(x.exchanges.size(), 2U);
  EXPECT_TRUE(x.qkv.empty() && x.kv_hop.empty() && x.gather[0].empty() && x.stages[0].gather_all.empty());
  EXPECT_TRUE(x.attention_load.empty());
}

TEST(LayoutExchanges, ShardGroupsWhereTensorParallelStandsBetween) {
  // Order ulysses, tp, dp: ZeRO's group of tp rank t is {u + 2 t + 4 d}. Every message stays in its group, and each
  // rank passes on what it does with tp innermost.
  const Layout layout{.strategy = Strategy::ulysses, .tp = 2, .dp = 3, .ulysses = 2};
  const Workload work = sequence(61440);
  const DimensionOrder order{ulysses, tp, dp, ring, pp};
  Workload batch = work;
  batch.global_batch = 3;
  const auto x =
      layout_exchanges(llama_7b(), batch, round_cluster(), layout, split_rank(llama_7b(), batch, layout), order, true);
  ASSERT_TRUE(x);
  std::map<std::uint32_t, int> leaving;
  for (const auto& [pair, bytes] : traffic(*x, x->gather[0], 12)) {
    EXPECT_EQ(pair.first / 2 % 2, pair.second / 2 % 2);
    ++leaving[pair.first];
  }
  EXPECT_EQ(leaving.size(), 12U);
  const auto& together = x->exchanges[x->gather[0][0].exchange].together;
  ASSERT_TRUE(together);
  for (std::uint32_t rank = 0; rank < 12; ++rank) EXPECT_EQ(together(rank) / 2 % 2, rank / 2 % 2) << rank;
  EXPECT_EQ(together(0), together(5));
  EXPECT_EQ(together(0), together(9));
}

}  // namespace
}  // namespace ithaca
