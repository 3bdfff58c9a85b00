#include "model/split.hpp"

#include <gtest/gtest.h>

#include "model/packing.hpp"
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

/// No two sizes alike: 6 query and 3 KV heads of 10 and 8, every bias and norm, experts of 31 after one dense layer.
Transformer odd_model() {
  Transformer m;
  m.hidden = 60, m.layers = 3, m.heads = 6, m.kv_heads = 3, m.head_dim = 10, m.value_dim = 8, m.ffn = 90, m.vocab = 100;
  m.learned_positions = 7;
  m.norm = Norm::layer;
  m.qkv_bias = m.output_bias = m.ffn_bias = m.qk_norm = true;
  m.experts = {.count = 4, .top_k = 2, .ffn = 30, .shared_ffn = 15, .dense_layers = 1, .imbalance = 1.3};
  return m;
}

Layout odd_layout(int tp = 3) { return {.strategy = Strategy::megatron_sp, .tp = tp, .dp = 2, .zero = 1, .ep = 2}; }

TEST(Split, EveryWeightOfARank) {
  // Attention: 60 x (60 + 30 + 24) + 48 x 60 = 9,720 in matrices and 114 in biases of Q, K and V are cut by 3; the
  // output's bias of 60 and Q and K norms of 2 x 10 are whole: 3358. Two norms with biases: 240. FFN: 3 x 60 x 90 + 2 x
  // 90 cut, 60 whole: 5520. Router 240; shared FFN (3 x 60 x 15 + 2 x 15)/3 + 60 = 970; two experts of (3 x 60 x 30 +
  // 2 x 30)/3 + 60 = 1880.
  Transformer m = odd_model();
  const Workload work = test::sequence(1001);
  const RankSplit r = split_rank(m, work, odd_layout());
  EXPECT_DOUBLE_EQ(r.dense_layer.shared, 3358 + 240 + 5520);
  EXPECT_EQ(r.dense_layer.experts, 0);
  EXPECT_DOUBLE_EQ(r.moe_layer.shared, 3358 + 240 + 240 + 970);
  EXPECT_DOUBLE_EQ(r.moe_layer.experts, 2 * 1880);
  // Words are cut, positions and the final norm are whole.
  EXPECT_DOUBLE_EQ(r.embedding_weights, 60 * 100 / 3.0 + 7 * 60);
  EXPECT_DOUBLE_EQ(r.head_weights, 60 * 100 / 3.0 + 120);
  EXPECT_DOUBLE_EQ(trained(r, LayerKind::moe).total(), r.moe_layer.total());
  // A rank of 6 has a whole KV head: 6 x (10 + 8) x (60 + 1) instead of half of it.
  const RankSplit copied = split_rank(m, work, odd_layout(6));
  EXPECT_EQ(copied.kv_heads, 1);
  EXPECT_DOUBLE_EQ(copied.dense_layer.shared,
                   (9720 + 114 + 3 * 18 * 61) / 6.0 + 80 + 240 + (3 * 60 * 90 + 2 * 90) / 6.0 + 60);
  m.experts.shared_ffn = 1;
  EXPECT_DOUBLE_EQ(split_rank(m, work, {}).moe_layer.shared, 9720 + 114 + 80 + 240 + 240 + 3 * 60 + 2 + 60);
  m.experts.shared_ffn = 0;
  EXPECT_DOUBLE_EQ(split_rank(m, work, {}).moe_layer.shared, 9720 + 114 + 80 + 240 + 240);
  m.qkv_bias = m.output_bias = m.ffn_bias = m.qk_norm = false;
  m.norm = Norm::rms;
  const RankSplit plain = split_rank(m, work, odd_layout(6));
  EXPECT_DOUBLE_EQ(plain.moe_layer.shared, (9720 + 3 * 18 * 60) / 6.0 + 120 + 240);
  EXPECT_DOUBLE_EQ(plain.head_weights, 60 * 100 / 6.0 + 60);
  m.final_norm = false;
  m.tied_embeddings = true;
  EXPECT_EQ(split_rank(m, work, odd_layout()).head_weights, 0);
  Layout stages = odd_layout();
  stages.pp = 2;
  EXPECT_DOUBLE_EQ(split_rank(m, work, stages).head_weights, 60 * 100 / 3.0);
}

TEST(Split, LatentsAreWholeOnEveryTpRank) {
  // Down to latents of 12 and 9, with norms, and 4 that carry positions: 60 x (12 + 9 + 4) + 12 + 9 = 1521. Up to 6
  // heads of 10, of 10 - 4 + 8, and back: 12 x 60 + 9 x 84 + 48 x 60, of which a third.
  Transformer m = odd_model();
  m.experts = {};
  m.latent = {.query_rank = 12, .kv_rank = 9, .rope_dim = 4};
  const double other = 240 + 5520;
  const Layout tp{.strategy = Strategy::megatron_sp, .tp = 3};
  EXPECT_DOUBLE_EQ(split_rank(m, test::sequence(1001), tp).dense_layer.shared, 1521 + 4356 / 3 + other);
  m.latent.query_rank = 0;  // Q from the hidden state: 60 x 60, cut
  EXPECT_DOUBLE_EQ(split_rank(m, test::sequence(1001), tp).dense_layer.shared,
                   60 * 13 + 9 + (3600 + 9 * 84 + 48 * 60) / 3 + other);
}

TEST(Split, RowsAndWidthsOfARank) {
  // 1001 tokens in multiples of 2 x 4 x 3: 1008; of two sequences each of 4 sequence ranks has 504 rows, a third of
  // them outside the tp blocks. Its 2 ep ranks work on 504 x 2 x 2 routed rows of 4 experts: 504 each, 1.3 x 504 =
  // 655.2 where most go.
  Transformer m = odd_model();
  m.experts.ffn = 31;
  Workload work = test::sequence(1001);
  work.micro_batch = 2;
  Layout layout{.strategy = Strategy::usp, .tp = 3, .ulysses = 2, .ring = 2, .ep = 2};
  const RankSplit r = split_rank(m, work, layout);
  EXPECT_EQ(r.padded_seq, 1008);
  EXPECT_EQ(r.tokens, 504);
  EXPECT_EQ(r.norm_tokens, 168);
  EXPECT_EQ(r.block_tokens, 504);
  EXPECT_EQ(r.vocab, 34);
  EXPECT_EQ(r.experts, 2);
  EXPECT_EQ(r.expert_rows, 656);
  EXPECT_EQ(r.expert_ffn, 11);
  EXPECT_EQ(r.shared_ffn, 5);
  EXPECT_TRUE(r.ring_balanced);
  layout.tp_sequence = false;
  EXPECT_EQ(split_rank(m, work, layout).norm_tokens, 504);
  EXPECT_EQ(split_rank(m, work, layout).padded_seq, 1008);  // 126 x 8
  layout.zigzag = false;
  EXPECT_EQ(split_rank(m, work, layout).padded_seq, 1004);
  EXPECT_FALSE(split_rank(m, work, layout).ring_balanced);
  layout.zigzag = true;
  work.causal = false;
  EXPECT_EQ(split_rank(m, work, layout).padded_seq, 1004);
  layout.zigzag = false;
  EXPECT_TRUE(split_rank(m, work, layout).ring_balanced);
  const Layout heads{.strategy = Strategy::ulysses, .ulysses = 2, .zigzag = false};
  EXPECT_TRUE(split_rank(m, test::sequence(1001), heads).ring_balanced);
  EXPECT_EQ(sequence_multiple({.strategy = Strategy::ulysses, .ulysses = 2}, true), 2);
}

TEST(Split, AdaptersOnTopOfFrozenWeights) {
  // Rank 1: in + out of Q 60 + 20, K 60 + 10, V 60 + 8, output 16 + 60, gate, up and down 60 + 30 each.
  Workload work = test::sequence(1001);
  work.lora_rank = 1;
  const RankSplit r = split_rank(odd_model(), work, odd_layout());
  EXPECT_FALSE(r.ends_trained);
  EXPECT_EQ(r.dense_trained.shared, 294 + 3 * 90);
  EXPECT_DOUBLE_EQ(r.dense_layer.shared, 9118 + 564);
  EXPECT_EQ(r.moe_trained.shared, 294 + 3 * 65);
  EXPECT_EQ(r.moe_trained.experts, 2 * 3 * 70);
  EXPECT_DOUBLE_EQ(r.moe_layer.shared, 4808 + 489);
  EXPECT_DOUBLE_EQ(r.moe_layer.experts, 3760 + 420);
  const Stage stage{.dense = 3, .moe = 2};
  EXPECT_EQ(stage_trained(r, stage).shared, 3 * 564 + 2 * 489);
  EXPECT_EQ(stage_trained(r, stage).experts, 2 * 420);
}

TEST(Split, StagesAddUpTheirLayersAndEnds) {
  RankSplit r;
  r.dense_layer = {100, 0}, r.moe_layer = {70, 500};
  r.embedding_weights = 7, r.head_weights = 11;
  const auto of = [&](bool first, bool last) {
    const Stage stage{.dense = 3, .moe = 2, .first = first, .last = last};
    EXPECT_EQ(stage_trained(r, stage).total(), stage_weights(r, stage).total());
    EXPECT_EQ(stage_weights(r, stage).experts, 1000);
    return stage_weights(r, stage).shared;
  };
  EXPECT_EQ(of(false, false), 440);
  EXPECT_EQ(of(true, false), 447);
  EXPECT_EQ(of(false, true), 451);
}

TEST(Split, PaddingHoldsNoDocuments) {
  // Documents of 600 and 400 tokens: 0.36 + 0.16 of the mask over 1000, which are padded to 1002 over 3 ranks.
  const std::vector<std::int64_t> lengths{600, 400};
  const Packing packing = pack(lengths, 1000, 1);
  Workload work = test::sequence(1000);
  work.packing = &packing;
  const Layout ring{.strategy = Strategy::ring, .ring = 3};
  const RankSplit r = split_rank(odd_model(), work, ring);
  EXPECT_DOUBLE_EQ(r.documents_share, 520e3 / (1002.0 * 1002));
  EXPECT_DOUBLE_EQ(r.documents_mean, packed_share(packing, ring, 1, 1002).mean);
  EXPECT_DOUBLE_EQ(r.documents_slowest, packed_share(packing, ring, 1, 1002).slowest);
  EXPECT_GT(r.documents_slowest, r.documents_mean);
}

TEST(Split, EveryGroupHasItsSizeAndStride) {
  const auto expect = [](const Placement& p, int size, int stride) {
    EXPECT_EQ(p.group.size, size);
    EXPECT_EQ(p.group.stride, stride);
  };
  Layout l{
      .strategy = Strategy::loongtrain, .tp = 2, .pp = 3, .dp = 3, .ulysses = 5, .ring = 4, .ep = 6, .inner_ring = 2};
  const RankGroups g = place_groups(test::round_cluster(), l);
  expect(g.tp, 2, 1);
  expect(g.ulysses, 5, 2);
  expect(g.ring, 4, 10);
  expect(g.shard, 60, 2);
  expect(g.expert, 6, 2);
  expect(g.expert_shard, 10, 12);
  expect(g.pipeline, 3, 120);
  expect(g.inner_ring, 2, 10);
  expect(g.outer_ring, 2, 20);
  l.ep = 2;
  expect(place_groups(test::round_cluster(), l).expert_shard, 30, 4);
  l.ep = l.inner_ring = l.pp = 1;
  const RankGroups plain = place_groups(test::round_cluster(), l);
  expect(plain.expert_shard, 60, 2);
  expect(plain.outer_ring, 4, 10);
  expect(plain.pipeline, 1, 120);
}

}  // namespace
}  // namespace ithaca
