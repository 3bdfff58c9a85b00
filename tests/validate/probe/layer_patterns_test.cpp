#include "validate/probe/layer_patterns.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "model/traffic.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

double model_bytes(const Transformer& model, std::int64_t tokens, const Layout& layout) {
  const Workload work = test::sequence(tokens);  // bf16
  const Cluster cluster = test::round_cluster();
  return layer_traffic(model, work, cluster, layout, split_rank(model, work, layout), place_groups(cluster, layout))
      .forward.sent.value();
}

double most_sent(const Transformer& model, std::int64_t tokens, int ranks) {
  Bytes most{};
  for (int rank = 0; rank < ranks; ++rank)
    most = std::max(most, sent_bytes(ulysses_pattern(model, tokens, ranks, rank), ranks, rank));
  return most.value();
}

TEST(LayerPatterns, UlyssesSendsWhatTheModelSays) {
  Transformer uneven = test::llama_7b();
  uneven.heads = uneven.kv_heads = 7;
  for (const Transformer& model : {test::llama_7b(), test::llama3_8b(), uneven})
    for (const int ranks : {2, 4, 7})
      EXPECT_EQ(most_sent(model, 8 * 7 * 16, ranks),
                model_bytes(model, 8 * 7 * 16, {.strategy = Strategy::ulysses, .ulysses = ranks}))
          << model.name << " on " << ranks;
}

TEST(LayerPatterns, MegatronSendsWhatTheModelSays) {
  const Transformer model = test::llama3_8b();
  EXPECT_EQ(sent_bytes(megatron_sp_pattern(model, 4096, 8), 8, 0).value(),
            model_bytes(model, 4096, {.strategy = Strategy::megatron_sp, .tp = 8}));
}

/// What r sends to s in a step is what s expects of r.
TEST(LayerPatterns, RanksAgreeOnEveryBlock) {
  const Transformer model = test::qwen25_14b();
  constexpr int kRanks = 6;  // 40 heads: 7, 7, 7, 7, 6, 6
  for (std::size_t step = 0; step < 2; ++step)
    for (int r = 0; r < kRanks; ++r)
      for (int s = 0; s < kRanks; ++s)
        EXPECT_EQ(ulysses_pattern(model, 600, kRanks, r).steps[step].sent[static_cast<std::size_t>(s)],
                  ulysses_pattern(model, 600, kRanks, s).steps[step].received[static_cast<std::size_t>(r)]);
}

TEST(LayerPatterns, BuffersHoldTheLargestStep) {
  // 1,000 tokens of 8 ranks: 125 each; h = 4,096.
  const LayerPattern megatron = megatron_sp_pattern(test::llama3_8b(), 1000, 8);
  EXPECT_EQ(megatron.most_sent(8), 1000u * 4096);
  EXPECT_EQ(megatron.most_received(8), 1000u * 4096);
  // MHA on 4 ranks, 250 tokens each, 8 heads of 128 of each kind: Q, K and V of all 32 heads leave.
  const LayerPattern ulysses = ulysses_pattern(test::llama_7b(), 1000, 4, 0);
  EXPECT_EQ(ulysses.most_sent(4), 250u * 3 * 32 * 128);
  EXPECT_EQ(ulysses.most_received(4), 250u * 3 * 32 * 128);
}

}  // namespace
}  // namespace ithaca
