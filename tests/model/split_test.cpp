#include "model/split.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

TEST(Split, PadsTheSequence) {
  // 1000 tokens over a zigzag ring of 4 inside ulysses 2: multiples of 2 * 4 * 2 = 16, so 1008; without zigzag 8: 1000.
  const Workload work = test::sequence(1000);
  Layout layout{.strategy = Strategy::usp, .ulysses = 2, .ring = 4};
  EXPECT_EQ(split_rank(test::llama_7b(), work, layout).padded_seq, 1008);
  layout.zigzag = false;
  EXPECT_EQ(split_rank(test::llama_7b(), work, layout).padded_seq, 1000);
}

TEST(Split, WhatARankHolds) {
  // 65,536 tokens, micro-batch 2, tp 2 x ulysses 4 x ring 2: 16,384 rows, half of them outside the tp blocks, 32,768
  // tokens a block; 16 heads and 4 KV heads of the tp rank, 4 and 1 after the all-to-all.
  Workload work = test::sequence(65536);
  work.micro_batch = 2;
  const RankSplit r =
      split_rank(test::llama3_8b(), work, {.strategy = Strategy::usp, .tp = 2, .ulysses = 4, .ring = 2});
  EXPECT_EQ(r.tokens, 16384);
  EXPECT_EQ(r.norm_tokens, 8192);
  EXPECT_EQ(r.block_tokens, 32768);
  EXPECT_EQ(r.heads, 16);
  EXPECT_EQ(r.kv_heads, 4);
  EXPECT_EQ(r.split.max_query, 4);
  EXPECT_EQ(r.split.max_kv, 1);
  EXPECT_EQ(r.ffn, 7168);
}

TEST(Split, WeightsAddUpOverTheTpGroup) {
  // Only norms are whole on every rank: t ranks hold the layer plus (t-1) copies of 2 * 4096 norm weights.
  const Transformer m = test::llama_7b();
  for (int tp : {1, 2, 4, 8, 32}) {
    const RankSplit r = split_rank(m, test::sequence(4096), {.strategy = Strategy::megatron_sp, .tp = tp});
    EXPECT_NEAR(r.dense_layer.total() * tp, static_cast<double>(layer_parameters(m)) + (tp - 1) * 2 * 4096.0, 1e-3);
  }
}

TEST(Split, GroupsNestFromTheInside) {
  const Layout layout{.strategy = Strategy::usp, .tp = 2, .dp = 2, .ulysses = 4, .ring = 2};
  const RankGroups g = place_groups(test::round_cluster(), layout);
  EXPECT_EQ(g.tp.group.stride, 1);
  EXPECT_EQ(g.ulysses.group.stride, 2);
  EXPECT_EQ(g.ring.group.stride, 8);
  EXPECT_EQ(g.shard.group.size, 16);
  EXPECT_EQ(g.shard.group.stride, 2);
  // Inner rings of 2 blocks beside each other; the outer rings join every second block: 2 tp x 4 ulysses x 2 ranks on.
  const RankGroups rings = place_groups(
      test::round_cluster(), {.strategy = Strategy::loongtrain, .tp = 2, .ulysses = 4, .ring = 4, .inner_ring = 2});
  EXPECT_EQ(rings.inner_ring.group.stride, 8);
  EXPECT_EQ(rings.outer_ring.group.size, 2);
  EXPECT_EQ(rings.outer_ring.group.stride, 16);
}

}  // namespace
}  // namespace ithaca
