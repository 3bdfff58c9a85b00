#include "cli/volume_formula.hpp"

#include <gtest/gtest.h>

#include "tests/cli/sample_report.hpp"

namespace ithaca {
namespace {

void expect_formulas_meet_the_model(const Question& q, const Row& row) {
  ASSERT_TRUE(row.estimate);
  const RankSplit rank = split_rank(q.model, q.work, row.layout);
  for (const Collective& c : row.estimate->forward.collectives) {
    const Product formula = sent_formula(q.model, q.work, row.layout, rank, c, false);
    EXPECT_DOUBLE_EQ(value(formula), c.sent.value()) << symbols(formula) << " = " << numbers(formula);
  }
  for (const Collective& c : row.estimate->backward.collectives) {
    const Product formula = sent_formula(q.model, q.work, row.layout, rank, c, !c.recomputed);
    EXPECT_DOUBLE_EQ(value(formula), c.sent.value()) << symbols(formula) << " = " << numbers(formula);
  }
  for (const Collective& c : row.estimate->parameters.collectives) {
    const Product formula = parameter_formula(c);
    EXPECT_DOUBLE_EQ(value(formula), c.sent.value()) << symbols(formula) << " = " << numbers(formula);
  }
}

TEST(VolumeFormula, MeetsTheModelForEveryStrategy) {
  for (const Transformer& model : {test::llama_7b(), test::llama3_8b(), test::qwen25_14b()}) {
    for (const int gpus : {6, 64}) {
      for (const auto recompute : {Recompute::none, Recompute::full}) {
        Question q = test::question(model, gpus, 1048577);
        q.work.recompute = recompute;
        q.work.global_batch = 4;
        q.work.micro_batch = 2;
        for (const Row& row : compare(q)) expect_formulas_meet_the_model(q, row);
      }
    }
  }
}

TEST(VolumeFormula, MeetsTheModelForEveryZeroStageAndRingGradient) {
  for (int zero = 0; zero <= 3; ++zero) {
    Question q = test::question(test::llama3_8b(), 16, 65536);
    q.degrees.zero = zero;
    q.degrees.tp = 2;
    q.work.ring_gradient = zero % 2 == 0 ? RingGradient::half : RingGradient::fp32;
    for (const Row& row : compare(q)) expect_formulas_meet_the_model(q, row);
  }
}

TEST(VolumeFormula, MeetsTheModelForStrategiesThatAreAskedFor) {
  // Values narrower than keys, as in latent attention; experts over 4 ranks; eager attention for the rings of K and V.
  Transformer narrow = test::llama3_8b(), experts = test::llama3_8b();
  narrow.value_dim = 96;
  experts.experts = {.count = 8, .top_k = 2, .ffn = 4096};
  std::size_t rows = 0;
  for (const Transformer& model : {test::llama3_8b(), narrow, experts}) {
    for (const bool flash : {true, false}) {
      Question q = test::question(model, 16, 65536);
      q.strategies.assign(kAllStrategies.begin(), kAllStrategies.end());
      q.work.flash = flash;
      q.degrees.ep = model.is_moe() ? 4 : 1;
      for (const Row& row : compare(q)) {
        if (row.refused) continue;
        expect_formulas_meet_the_model(q, row);
        ++rows;
      }
    }
  }
  // Nine strategies: all but one with flash, four without, of three models.
  EXPECT_GE(rows, 30u);
}

TEST(VolumeFormula, ReadsAsThePaperDoes) {
  const Report report = test::sample_report();
  const Question& q = report.question;
  const Row& ulysses = report.rows[0];
  const RankSplit rank = split_rank(q.model, q.work, ulysses.layout);
  const Product qkv =
      sent_formula(q.model, q.work, ulysses.layout, rank, ulysses.estimate->forward.collectives[0], false);
  EXPECT_EQ(symbols(qkv), "e * T * d * [(a-q) + 2(K-k)]");
  // (32 - 1) + 2 (32 - 1) = 93 head slices of N/P = 32,768 tokens
  EXPECT_EQ(numbers(qkv), "2 * 32,768 * 128 * 93");
}

}  // namespace
}  // namespace ithaca
