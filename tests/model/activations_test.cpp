#include "model/activations.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"

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

}  // namespace
}  // namespace ithaca
