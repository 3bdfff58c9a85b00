#include "model/stage.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

Transformer deep(std::int64_t layers, std::int64_t dense) {
  Transformer m = test::llama_7b();
  m.layers = layers;
  m.experts = {.count = 64, .top_k = 4, .ffn = 1024, .dense_layers = dense};
  return m;
}

TEST(Stage, LayersAreDealtContiguouslyLargerSharesFirst) {
  // 61 layers over 4 stages: 16, 15, 15, 15; the first 3 layers are dense.
  const Layout layout{.pp = 4};
  const std::int64_t layers[] = {16, 15, 15, 15};
  for (int i = 0; i < 4; ++i) {
    const Stage s = stage(deep(61, 3), layout, i);
    EXPECT_EQ(s.layers(), layers[i]);
    EXPECT_EQ(s.dense, i == 0 ? 3 : 0);
    EXPECT_EQ(s.first, i == 0);
    EXPECT_EQ(s.last, i == 3);
  }
}

TEST(Stage, InterleavedStagesHoldEveryPpthChunk) {
  // 8 layers in 2 x 2 chunks of 2: stage 0 has layers 0, 1, 4, 5. Of 5 dense layers it holds 0, 1 and 4.
  const Stage s = stage(deep(8, 5), {.pp = 2, .virtual_pp = 2}, 0);
  EXPECT_EQ(s.dense, 3);
  EXPECT_EQ(s.moe, 1);
}

TEST(Stage, OneStageHoldsEverything) {
  const Stage s = stage(test::llama_7b(), {}, 0);
  EXPECT_EQ(s.dense, 32);
  EXPECT_TRUE(s.first && s.last);
}

TEST(Stage, MicroBatchesInFlight) {
  // 1F1B: one for each stage from here on, at most all. GPipe: all.
  EXPECT_EQ(micro_batches_in_flight({.pp = 4}, 0, 16), 4);
  EXPECT_EQ(micro_batches_in_flight({.pp = 4}, 3, 16), 1);
  EXPECT_EQ(micro_batches_in_flight({.pp = 4}, 0, 2), 2);
  EXPECT_EQ(micro_batches_in_flight({.pp = 4, .schedule = Schedule::gpipe}, 0, 16), 16);
  // Interleaved, arXiv 2205.05198 section 4.2.3: the first stage holds L (1 + (p - 1) / (p v)) layers, that is
  // p (1 + (p - 1) / (p v)) times its own L / p: 4 x (1 + 3/8) = 5.5.
  EXPECT_EQ(micro_batches_in_flight({.pp = 4, .virtual_pp = 2}, 0, 16), 5.5);
}

}  // namespace
}  // namespace ithaca
