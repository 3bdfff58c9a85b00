#include "model/activations.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"
#include "tests/support/small_rank.hpp"

namespace ithaca {
namespace {

/// A GPT with a heads, Korthikanti's setting: fp16, dropout, no FlashAttention, b sequences of s tokens.
struct Setting {
  std::int64_t s, b, h, a, t;
};

Workload korthikanti(const Setting& c, Recompute recompute) {
  Workload work = test::sequence(c.s);
  work.micro_batch = work.global_batch = c.b;
  work.dtype = Dtype::fp16;
  work.flash = false;
  work.dropout = true;
  work.recompute = recompute;
  return work;
}

double kept(const Setting& c, Recompute recompute, bool sequence_parallel) {
  const Transformer model = test::gpt(c.h, 1, c.a);
  const Workload work = korthikanti(c, recompute);
  const Layout layout{.strategy = Strategy::megatron_sp, .tp = static_cast<int>(c.t)};
  RankSplit rank = split_rank(model, work, layout);
  if (!sequence_parallel) rank.norm_tokens = rank.tokens;
  return kept_activations(model, work, rank).value();
}

/// arXiv 2205.05198 table 2, bytes a layer: every variant as the paper prints it.
class Korthikanti : public testing::TestWithParam<Setting> {};

TEST_P(Korthikanti, Table2) {
  const Setting c = GetParam();
  const double sbh = static_cast<double>(c.s * c.b * c.h), t = static_cast<double>(c.t);
  const double scores = 5.0 * static_cast<double>(c.a * c.s) / static_cast<double>(c.h);
  Setting alone = c;
  alone.t = 1;
  EXPECT_DOUBLE_EQ(kept(alone, Recompute::none, false), sbh * (34 + scores));
  EXPECT_DOUBLE_EQ(kept(c, Recompute::none, false), sbh * (10 + 24 / t + scores / t));
  EXPECT_DOUBLE_EQ(kept(c, Recompute::none, true), sbh / t * (34 + scores));
  EXPECT_DOUBLE_EQ(kept(c, Recompute::selective, false), sbh * (10 + 24 / t));
  EXPECT_DOUBLE_EQ(kept(c, Recompute::selective, true), 34 * sbh / t);
  EXPECT_DOUBLE_EQ(kept(c, Recompute::full, false), 2 * sbh);
}

// The paper's table 3 models: 22B, 175B (GPT-3), 530B (MT-NLG) and 1T, s = 2048, t = 8.
INSTANTIATE_TEST_SUITE_P(Paper, Korthikanti,
                         testing::Values(Setting{2048, 4, 6144, 64, 8}, Setting{2048, 1, 12288, 96, 8},
                                         Setting{2048, 1, 20480, 128, 8}, Setting{2048, 1, 25600, 160, 8}));

TEST(Activations, SelectiveSavingsOfThePaper) {
  // Section 5: selective recomputation saves 70 % for GPT-3 (5as/h = 80: 80/114) and 65 % for MT-NLG (64/98).
  const Setting gpt3{2048, 1, 12288, 96, 8}, mt_nlg{2048, 1, 20480, 128, 8};
  EXPECT_NEAR(1 - kept(gpt3, Recompute::selective, true) / kept(gpt3, Recompute::none, true), 80.0 / 114, 1e-12);
  EXPECT_NEAR(1 - kept(mt_nlg, Recompute::selective, true) / kept(mt_nlg, Recompute::none, true), 64.0 / 98, 1e-12);
}

TEST(Activations, GatedFfnAndGqaByWidth) {
  // Megatron's estimate assumes GELU and MHA (peers' mistake 9). Llama 3 8B, one token, bf16, FlashAttention, no
  // dropout: attention: input 4096 + Q 4096 + K, V 2 * 1024 + output 4096; row sums 4 bytes * 32; FFN: input 4096 + 3 *
  // 14336; norms 2 * 4096.
  Workload work = test::sequence(1024);
  const LayerActivations kept =
      layer_activations(test::llama3_8b(), work, split_rank(test::llama3_8b(), work, Layout{}));
  EXPECT_EQ(kept.attention.value(), 1024 * 2.0 * (4096 + 4096 + 2048 + 4096));
  EXPECT_EQ(kept.core.value(), 1024 * 4.0 * 32);
  EXPECT_EQ(kept.ffn.value(), 1024 * 2.0 * (4096 + 3 * 14336));
  EXPECT_EQ(kept.norms.value(), 1024 * 2.0 * 2 * 4096);
}

TEST(Activations, ExpertsKeepCopiesAndTheRouter) {
  // 4 experts, 2 for each of 1024 tokens, shared width 512: input; 3 widths; routed copies with their results, or
  // without where probabilities are applied inside the experts; the router's 24 bytes an expert.
  Transformer m = test::llama3_8b();
  m.experts = {4, 2, 1024, 512, 0, 1};
  Workload work = test::sequence(1024);
  const auto ffn = [&] {
    return layer_activations(m, work, split_rank(m, work, Layout{}), LayerKind::moe).ffn.value();
  };
  const double inner = 4096 + 3 * (512 + 2 * 1024), router = 24 * 4;
  EXPECT_EQ(ffn(), 1024 * (2 * (inner + 2 * 2 * 4096) + router));
  work.transformer_engine = true;
  EXPECT_EQ(ffn(), 1024 * (2 * (inner + 2 * 4096) + router));
}

TEST(Activations, ShrinkWithTheSequenceSplit) {
  // Megatron's script forgets to divide by the context-parallel size (peers' mistake 9).
  Workload work = test::sequence(65536);
  work.recompute = Recompute::full;
  const auto at = [&](const Layout& layout) {
    return kept_activations(test::llama_7b(), work, split_rank(test::llama_7b(), work, layout)).value();
  };
  const double whole = at(Layout{});
  EXPECT_EQ(whole, 2.0 * 65536 * 4096);
  EXPECT_EQ(at({.strategy = Strategy::ulysses, .ulysses = 8}), whole / 8);
  EXPECT_EQ(at({.strategy = Strategy::ring, .ring = 16}), whole / 16);
  EXPECT_EQ(at({.strategy = Strategy::megatron_sp, .tp = 4}), whole / 4);
}

TEST(Activations, FlashLeavesNothingToSelectiveRecompute) {
  Workload work = test::sequence(4096);
  const RankSplit rank = split_rank(test::llama_7b(), work, Layout{});
  work.recompute = Recompute::selective;
  EXPECT_EQ(kept_activations(test::llama_7b(), work, rank), layer_activations(test::llama_7b(), work, rank).total());
}

/// Everything in small numbers: the stream is 6 rows of 11 = 66 elements, attention's block 2 * 20 rows.
class SmallLayer : public testing::Test {
 protected:
  LayerActivations kept(LayerKind kind = LayerKind::dense) const {
    return layer_activations(model_, work_, rank_, kind);
  }
  double attention() const { return kept().attention.value(); }
  double ffn(LayerKind kind = LayerKind::dense) const { return kept(kind).ffn.value(); }

  Transformer model_ = test::small_model();
  Workload work_ = test::small_work();
  RankSplit rank_ = test::small_rank();
};

// The stream; Q of 3 heads of 6, K and V of 2 heads of 6 + 4 in the block, 40 * 38 = 1520; the output of 5 heads of 4
// in 12 rows, 240, and of 3 in the block before the all-to-all, 480. Where nothing moves there is one output, without
// FlashAttention as well: the projection's input.
TEST_F(SmallLayer, AttentionKeepsItsInputsAndItsOutput) {
  EXPECT_EQ(attention(), 2 * (66 + 1520 + 240 + 480));
  EXPECT_EQ(kept().core.value(), 4 * 40 * 3);
  EXPECT_EQ(kept().norms.value(), 2 * 2 * 66);
  EXPECT_EQ(layer_input(model_, work_, rank_).value(), 2 * 66);
  work_.dropout = true;
  EXPECT_EQ(attention(), 2 * (66 + 1520 + 240 + 480) + 66);
  EXPECT_EQ(ffn(), 2 * (66 + 2 * 96) + 66);
  work_.dropout = false;
  work_.flash = false;
  EXPECT_EQ(attention(), 2 * (66 + 1520 + 240));
  rank_.heads = 3;
  EXPECT_EQ(attention(), 2 * (66 + 1520 + 144));
  work_.flash = true;
  EXPECT_EQ(attention(), 2 * (66 + 1520 + 144));
}

// Scores of 40 rows, 3 heads and 80 keys; with dropout what comes out of it and a byte of mask.
TEST_F(SmallLayer, ScoresAreKeptWithoutFlash) {
  work_.flash = false;
  EXPECT_EQ(kept().core.value(), 2 * 9600);
  work_.dropout = true;
  EXPECT_EQ(kept().core.value(), (2 + 2 + 1) * 9600);
}

// Q and K heads before their norms: 12 rows of (5 + 2) * 6. Latents of 3 and 5 before and after, and 1 of positions.
TEST_F(SmallLayer, WhatInnerNormsRead) {
  const double plain = attention();
  model_.qk_norm = true;
  EXPECT_EQ(attention(), plain + 2 * 504);
  model_.qk_norm = false;
  model_.latent = {.query_rank = 3, .kv_rank = 5, .rope_dim = 1};
  EXPECT_EQ(attention(), plain + 2 * 12 * (6 + 10 + 1));
}

// Adapters of rank 3 keep 12 rows of it for each of Q, K, V and the output, and of up and down. Beside those of the FFN
// attention's matrices are frozen: only what its core and the residual read is kept, and the other way round only the
// activation's input.
TEST_F(SmallLayer, FrozenMatricesKeepNoInput) {
  work_.lora_rank = 3;
  EXPECT_EQ(attention(), 2 * (66 + 1520 + 240 + 480 + 4 * 36));
  EXPECT_EQ(ffn(), 2 * (66 + 2 * 96 + 2 * 36));
  work_.lora_targets = {.attention = false, .ffn = true};
  EXPECT_EQ(attention(), 2 * (1520 + 480));
  EXPECT_EQ(ffn(), 2 * (66 + 2 * 96 + 2 * 36));
  work_.flash = false;
  EXPECT_EQ(attention(), 2 * 1520);
  work_.flash = true;
  rank_.heads = 3;
  EXPECT_EQ(attention(), 2 * (1520 + 144));
  work_.lora_targets = {.attention = true, .ffn = false};
  EXPECT_EQ(attention(), 2 * (66 + 1520 + 144 + 4 * 36));
  EXPECT_EQ(ffn(), 2 * 96);
  model_.gated_ffn = true;
  EXPECT_EQ(ffn(), 2 * 2 * 96);
  work_.lora_rank = 1;
  EXPECT_EQ(ffn(), 2 * 2 * 96);
  work_.lora_rank = 0;  // no adapters: the targets mean nothing
  EXPECT_EQ(ffn(), 2 * (66 + 3 * 96));
}

// In and out of the activation 12 rows of 13 of the shared experts, 2 * 9 of 7 of the routed; 18 rows of 11 sent and
// their results; 24 bytes for each of 12 rows and 5 experts. Adapters of rank 1: shared up and down 12 rows, routed 18.
TEST_F(SmallLayer, ExpertsKeepRoutedRows) {
  model_.experts.count = 5;
  const double router = 24 * 12 * 5;
  EXPECT_EQ(ffn(LayerKind::moe), 2 * (66 + 2 * (156 + 126) + 2 * 198) + router);
  work_.transformer_engine = true;
  EXPECT_EQ(ffn(LayerKind::moe), 2 * (66 + 2 * (156 + 126) + 198) + router);
  work_.lora_rank = 1;
  EXPECT_EQ(ffn(LayerKind::moe), 2 * (66 + 2 * (156 + 126) + 198 + 2 * 12 + 2 * 18) + router);
  EXPECT_EQ(ffn(), 2 * (66 + 2 * 96 + 2 * 12));
}

TEST_F(SmallLayer, EveryFourthLayerIsRecomputed) {
  work_.recompute_every = 4;
  // attention 4612, row sums 480, FFN 516, norms 264; the input alone 132.
  EXPECT_EQ(kept_activations(model_, work_, rank_).value(), 132 / 4.0 + (4612 + 480 + 516 + 264) * 3 / 4.0);
  work_.recompute = Recompute::selective;
  work_.flash = false;
  EXPECT_EQ(kept_activations(model_, work_, rank_).value(), 2 * (66 + 1520 + 240) + 516 + 264);
  work_.recompute = Recompute::none;
  EXPECT_EQ(kept_activations(model_, work_, rank_).value(), 2 * (66 + 1520 + 240) + 516 + 264 + 2 * 9600);
}

}  // namespace
}  // namespace ithaca
