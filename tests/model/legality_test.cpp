#include "model/legality.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

std::optional<Rule> rule(const Layout& layout, Workload work = test::sequence(65536),
                         const Transformer& model = test::llama3_8b()) {
  const auto refusal = check_layout(model, work, test::round_cluster(), layout);
  return refusal ? std::optional(refusal->rule) : std::nullopt;
}

TEST(Legality, HeadsLimitTheDegrees) {
  EXPECT_EQ(rule({.strategy = Strategy::ulysses, .ulysses = 32}), std::nullopt);
  EXPECT_EQ(rule({.strategy = Strategy::ulysses, .ulysses = 33}), Rule::ulysses_heads);
  EXPECT_EQ(rule({.strategy = Strategy::ulysses, .tp = 2, .ulysses = 17}), Rule::ulysses_heads);
  EXPECT_EQ(rule({.strategy = Strategy::ulysses, .ulysses = 7}), std::nullopt);  // uneven heads are legal
  EXPECT_EQ(rule({.strategy = Strategy::megatron_sp, .tp = 5}), Rule::tp_heads);
  EXPECT_EQ(rule({.strategy = Strategy::megatron_sp, .tp = 64}), Rule::tp_heads);
  EXPECT_EQ(rule({.strategy = Strategy::megatron_sp, .tp = 32}), std::nullopt);  // 8 KV heads, copied
}

TEST(Legality, KvHeadsAndFfnMustDivide) {
  // 40 heads, 8 KV heads: tp 5 and 10 divide the heads but cut KV heads.
  EXPECT_EQ(rule({.strategy = Strategy::megatron_sp, .tp = 5}, test::sequence(65536), test::qwen25_14b()),
            Rule::tp_kv_heads);
  Transformer odd = test::llama_7b();
  odd.ffn = 11009;
  EXPECT_EQ(rule({.strategy = Strategy::megatron_sp, .tp = 2}, test::sequence(65536), odd), Rule::tp_ffn);
}

TEST(Legality, EachStrategyHasItsOwnDegrees) {
  EXPECT_EQ(rule({.strategy = Strategy::ulysses, .ring = 2}), Rule::strategy_degree);
  EXPECT_EQ(rule({.strategy = Strategy::ring, .ulysses = 2}), Rule::strategy_degree);
  EXPECT_EQ(rule({.strategy = Strategy::megatron_sp, .ulysses = 2}), Rule::strategy_degree);
  EXPECT_EQ(rule({.strategy = Strategy::usp, .ulysses = 2, .ring = 2}), std::nullopt);
}

TEST(Legality, BatchSequenceAndSwitches) {
  EXPECT_EQ(rule({.strategy = Strategy::ulysses, .dp = 2}), Rule::dp_batch);
  EXPECT_EQ(rule({.strategy = Strategy::ring, .ring = 64}, test::sequence(64)), Rule::sequence_short);
  Workload eager = test::sequence(65536);
  eager.flash = false;
  EXPECT_EQ(rule({.strategy = Strategy::ring, .ring = 4}, eager), Rule::ring_flash);
  EXPECT_EQ(rule({.strategy = Strategy::ulysses, .pp = 2}), Rule::pipeline_zero);                // stage 3 by default
  EXPECT_EQ(rule({.strategy = Strategy::ulysses, .pp = 64, .zero = 1}), Rule::pipeline_layers);  // 32 layers
  EXPECT_EQ(rule({.strategy = Strategy::ulysses, .zero = 1, .virtual_pp = 2}), Rule::interleaving);
  EXPECT_EQ(rule({.strategy = Strategy::ulysses, .zero = 4}), Rule::zero_stage);
  const Layout none{.strategy = Strategy::ulysses, .ulysses = 0};
  EXPECT_EQ(rule(none), Rule::degree);
  EXPECT_EQ(check_layout(test::llama3_8b(), eager, test::round_cluster(), none)->limit, 1);  // the least there is
}

TEST(Legality, MachineLimits) {
  Cluster small = test::round_cluster();
  small.max_gpus = 8;
  const Workload work = test::sequence(65536);
  const Layout sixteen{.strategy = Strategy::ulysses, .ulysses = 16};
  EXPECT_EQ(check_layout(test::llama_7b(), work, small, sixteen)->rule, Rule::cluster_size);
  small.gpu.peak[0] = FlopPerSecond{};
  const Layout eight{.strategy = Strategy::ulysses, .ulysses = 8};
  EXPECT_EQ(check_layout(test::llama_7b(), work, small, eight)->rule, Rule::dtype);
}

}  // namespace
}  // namespace ithaca
