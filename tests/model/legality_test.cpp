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

TEST(Legality, RefusalsSayWhatWasGivenAndWhatItWasHeldAgainst) {
  Transformer m = test::llama3_8b();  // 32 query and 8 KV heads, 32 layers
  m.experts = {.count = 6, .top_k = 2, .ffn = 1024};
  Workload work = test::sequence(65536);
  work.micro_batch = 2, work.global_batch = 12;
  Cluster cluster = test::round_cluster();
  const auto expect = [&](const Layout& layout, Rule rule, std::int64_t given, std::int64_t limit) {
    const auto refusal = check_layout(m, work, cluster, layout);
    ASSERT_TRUE(refusal) << name(rule);
    EXPECT_EQ(name(refusal->rule), name(rule));
    EXPECT_EQ(refusal->given, given) << name(rule);
    EXPECT_EQ(refusal->limit, limit) << name(rule);
    EXPECT_EQ(refusal->layout, layout);
  };
  const auto legal = [&](const Layout& layout) {
    const auto refusal = check_layout(m, work, cluster, layout);
    EXPECT_FALSE(refusal) << (refusal ? why(*refusal) : "");
  };
  expect({.zero = -1}, Rule::zero_stage, -1, 3);
  expect({.pp = 2, .zero = 2}, Rule::pipeline_zero, 2, 1);
  legal({.pp = 2, .zero = 1});
  expect({.pp = 2, .zero = 0, .virtual_pp = 2, .schedule = Schedule::gpipe}, Rule::interleaving, 2, 1);
  legal({.pp = 2, .zero = 0, .schedule = Schedule::gpipe});
  expect({.strategy = Strategy::ring, .ulysses = 2}, Rule::strategy_degree, 2, 1);
  expect({.ring = 2}, Rule::strategy_degree, 2, 1);
  expect({.strategy = Strategy::loongtrain, .ring = 4, .inner_ring = 3}, Rule::inner_ring, 3, 4);
  legal({.strategy = Strategy::loongtrain, .ring = 4, .inner_ring = 2});
  expect({.strategy = Strategy::megatron_sp, .tp = 64}, Rule::tp_heads, 64, 32);
  expect({.tp = 2, .ulysses = 17}, Rule::ulysses_heads, 17, 16);
  legal({.tp = 2, .ulysses = 16});
  expect({.dp = 6, .ep = 4}, Rule::experts, 4, 6);
  expect({.dp = 6, .ep = 5}, Rule::experts, 5, 6);
  expect({.dp = 2, .ep = 3}, Rule::expert_ranks, 3, 2);
  expect({.ulysses = 3, .ep = 2}, Rule::expert_ranks, 2, 3);
  legal({.dp = 2, .ulysses = 3, .ep = 6});
  expect({.pp = 8, .zero = 1, .virtual_pp = 5}, Rule::pipeline_layers, 40, 32);
  legal({.pp = 8, .zero = 1, .virtual_pp = 4});
  expect({.dp = 4}, Rule::dp_batch, 8, 12);  // of sequences by twos
  legal({.dp = 3});
  cluster.max_gpus = 3;
  expect({.dp = 2, .ulysses = 2}, Rule::cluster_size, 4, 3);
  legal({.dp = 3});
  cluster.max_gpus = 1;
  expect({.dp = 2}, Rule::cluster_size, 2, 1);
  work.seq_len = Tokens{7};  // two chunks for each of four ranks
  expect({.strategy = Strategy::ring, .ring = 4}, Rule::sequence_short, 7, 8);
  cluster.max_gpus = 0;
  work.seq_len = Tokens{8};
  legal({.strategy = Strategy::ring, .ring = 4});
  m.experts = {};
  expect({.dp = 6, .ep = 2}, Rule::experts, 2, 0);
  legal({.dp = 6});
}

TEST(Legality, RingsAndFlashAttention) {
  Workload eager = test::sequence(65536);
  eager.flash = false;
  EXPECT_EQ(rule({.strategy = Strategy::ring, .ring = 2}, eager), Rule::ring_flash);
  EXPECT_EQ(rule({.strategy = Strategy::ring}, eager), std::nullopt);
  EXPECT_EQ(rule({.strategy = Strategy::ring_self_attention, .ring = 2}), Rule::ring_scores);
  EXPECT_EQ(rule({.strategy = Strategy::ring_self_attention}), std::nullopt);
  EXPECT_EQ(rule({.strategy = Strategy::ring_self_attention, .ring = 2}, eager), std::nullopt);
  const auto refusal =
      check_layout(test::llama3_8b(), eager, test::round_cluster(), {.strategy = Strategy::ring, .ring = 2});
  EXPECT_EQ(refusal->given, 2);
  EXPECT_EQ(refusal->limit, 1);
  const auto scores = check_layout(test::llama3_8b(), test::sequence(65536), test::round_cluster(),
                                   {.strategy = Strategy::ring_self_attention, .ring = 2});
  EXPECT_EQ(scores->given, 2);
  EXPECT_EQ(scores->limit, 1);
}

}  // namespace
}  // namespace ithaca
