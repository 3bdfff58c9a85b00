#include "model/layer_memory.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"
#include "tests/support/small_rank.hpp"

namespace ithaca {
namespace {

double term(const MemoryBook& book, std::string_view name) {
  for (const MemoryTerm& t : book.ledger.terms) {
    if (t.name == name) return t.bytes.value();
  }
  return 0;
}

/// Bytes by the width of one token, for 8192 tokens in bf16.
class LayerBackward : public testing::Test {
 protected:
  MemoryBook at(Operator op) {
    rank_ = split_rank(model_, work_, layout_);
    MemoryBook book{model_, work_, gpu_, layout_, rank_, stage(model_, layout_, 0)};
    add_layer_backward(book, op);
    return book;
  }

  Transformer model_ = test::llama3_8b();
  Workload work_ = test::sequence(8192);
  Gpu gpu_ = test::round_gpu();
  Layout layout_{.strategy = Strategy::ulysses, .zero = 1};
  RankSplit rank_;
  static constexpr double kToken = 2.0 * 8192;
};

TEST_F(LayerBackward, AttentionNoLongerNeedsTheFfn) {
  // Recomputed: input and its norm 2 * 4096, Q 4096, K and V 2048, output 4096, row sums 4 bytes * 32 heads.
  const MemoryBook b = at(Operator::attention);
  EXPECT_EQ(term(b, "recomputed_layer"), kToken * (2 * 4096 + 4096 + 2048 + 4096) + 4.0 * 8192 * 32);
  // dO, dQ, dK and dV, dK and dV of 32 heads, dQ in fp32.
  EXPECT_EQ(term(b, "gradient_workspace"), kToken * (2 * 4096 + 2048 + 2 * 4096 + 2 * 4096));
  EXPECT_EQ(term(b, "residual_gradients"), 2 * kToken * 4096);
}

TEST_F(LayerBackward, TheFfnHoldsTheWholeLayer) {
  const MemoryBook b = at(Operator::ffn);
  const double attention = 2 * 4096 + 4096 + 2048 + 4096, ffn = 2 * 4096 + 3 * 14336;
  EXPECT_EQ(term(b, "recomputed_layer"), kToken * (attention + ffn) + 4.0 * 8192 * 32);
  EXPECT_EQ(term(b, "gradient_workspace"), kToken * 2 * 14336);
}

TEST_F(LayerBackward, ATiledMlpKeepsItsInputAndOneOfTwoSlices) {
  work_.tiled_mlp = true;  // ceil(8192 / 4096) slices
  const MemoryBook b = at(Operator::ffn);
  const double attention = 2 * 4096 + 4096 + 2048 + 4096, ffn = 2 * 4096 + 3 * 14336 / 2.0;
  EXPECT_EQ(term(b, "recomputed_layer"), kToken * (attention + ffn) + 4.0 * 8192 * 32);
  EXPECT_EQ(term(b, "gradient_workspace"), kToken * 14336);
}

TEST_F(LayerBackward, WithoutRecomputationNothingIsMadeAgain) {
  work_.recompute = Recompute::none;
  const MemoryBook b = at(Operator::attention);
  EXPECT_EQ(term(b, "recomputed_layer"), 0);
  EXPECT_EQ(term(b, "residual_gradients"), kToken * 4096);
  EXPECT_EQ(freed_before(Operator::attention, b).value(), kToken * (2 * 4096 + 3 * 14336));
  EXPECT_EQ(freed_before(Operator::ffn, b).value(), 0);
}

TEST_F(LayerBackward, UlyssesSendsOneTensorAfterTheOther) {
  // 16 ranks: 512 tokens each with 32 query heads, then 8192 tokens with 2; 8 KV heads in 16 copies, one a rank.
  layout_.ulysses = 16;
  const MemoryBook b = at(Operator::attention);
  EXPECT_EQ(term(b, "all_to_all_buffers"), 2.0 * (512 * 32 * 128 + 8192 * 2 * 128));
  EXPECT_EQ(term(b, "chunks"), 0);
  layout_.ulysses = 32;
  EXPECT_EQ(term(at(Operator::attention), "all_to_all_buffers"), 2.0 * (256 * 32 * 128 + 8192 * 128));
  // FPDT exchanges a quarter at a time, and holds K and V of one chunk while the next arrives.
  layout_.strategy = Strategy::fpdt;
  layout_.chunks = 4;
  const MemoryBook fpdt = at(Operator::attention);
  EXPECT_EQ(term(fpdt, "all_to_all_buffers"), 2.0 * (256 * 32 * 128 + 8192 * 128) / 4);
  EXPECT_EQ(term(fpdt, "chunks"), 2 * 2.0 * 8192 * 2 * 128 / 4);
}

TEST_F(LayerBackward, ExpertsHoldFourCopiesOfTheRoutedGradient) {
  model_.experts = {8, 2, 2048, 0, 0, 1};
  const MemoryBook b = at(Operator::experts);
  EXPECT_EQ(term(b, "gradient_workspace"), kToken * (4 * 2 * 4096 + 4096));
}

/// A rank in small numbers, with the activations of its layer given: 1000 of attention, 100 of its core, 400 of the FFN
/// and 40 of norms. The stream is 6 rows of 11 = 66 elements; attention's block 40 rows, Q 3 heads of 6, K and V 2
/// of 10.
class SmallBackward : public testing::Test {
 protected:
  MemoryBook book() const {
    MemoryBook b{model_, work_, gpu_, layout_, rank_, {.dense = moe_ ? 0 : 1, .moe = moe_ ? 1 : 0}};
    b.layer = {Bytes{1000}, Bytes{100}, Bytes{400}, Bytes{40}};
    return b;
  }
  double of(Operator op, std::string_view name) const {
    MemoryBook b = book();
    add_layer_backward(b, op);
    return term(b, name);
  }
  double attention(std::string_view name) const { return of(Operator::attention, name); }
  double ffn(std::string_view name) const { return of(Operator::ffn, name); }

  Transformer model_ = test::small_model();
  Workload work_ = test::small_work();
  Gpu gpu_;
  Layout layout_{.strategy = Strategy::ulysses, .zero = 0};
  RankSplit rank_ = test::small_rank();
  bool moe_ = false;
};

// All but the FFN's and the second norm's, 1540 - 400 - 20. FPDT repeats attention in two chunks. Of a tiled MLP two
// slices, ceil(12 / 11), of what is not its input of 132 bytes: 132 + 268 / 2.
TEST_F(SmallBackward, WhatOfTheRecomputedLayerIsStillNeeded) {
  EXPECT_EQ(ffn("recomputed_layer"), 1540);
  EXPECT_EQ(attention("recomputed_layer"), 1120);
  work_.tiled_mlp = true;
  EXPECT_EQ(ffn("recomputed_layer"), 1540 - 400 + 266);
  EXPECT_EQ(attention("recomputed_layer"), 1120);
  EXPECT_EQ(freed_before(Operator::attention, book()).value(), 266 + 20);
  rank_.tokens = 23;  // ceil(23 / 11) = 3
  rank_.norm_tokens = 2;
  EXPECT_EQ(ffn("recomputed_layer"), 1540 - 400 + (44 + 356 / 3) + 1);  // in whole bytes, 356 / 3 = 118.7
  work_.recompute = Recompute::none;
  EXPECT_EQ(freed_before(Operator::attention, book()).value(), 400 + 20);
  work_.recompute = Recompute::full;
  work_.tiled_mlp = false;
  layout_.chunks = 2;
  EXPECT_EQ(ffn("recomputed_layer"), 1540 - 500);
  EXPECT_EQ(attention("recomputed_layer"), 1120 - 500);
}

TEST_F(SmallBackward, SelectiveRecomputationMakesTheScoresAgain) {
  work_.recompute = Recompute::selective;
  EXPECT_EQ(attention("recomputed_core"), 0);
  EXPECT_EQ(attention("recomputed_layer"), 0);
  EXPECT_EQ(attention("residual_gradients"), 2 * 66);
  work_.flash = false;
  EXPECT_EQ(attention("recomputed_core"), 100);
  work_.recompute = Recompute::none;
  EXPECT_EQ(attention("recomputed_core"), 0);
  work_.recompute = Recompute::full;
  EXPECT_EQ(attention("recomputed_core"), 0);
  EXPECT_EQ(attention("residual_gradients"), 2 * 2 * 66);
}

// 12 rows of 8, or of 13 where the stage's layers have experts; twice where gated, by two tiles.
TEST_F(SmallBackward, GradientsInsideTheFfn) {
  EXPECT_EQ(ffn("gradient_workspace"), 2 * 96);
  model_.gated_ffn = true;
  EXPECT_EQ(ffn("gradient_workspace"), 2 * 2 * 96);
  work_.tiled_mlp = true;
  EXPECT_EQ(ffn("gradient_workspace"), 2 * 96);
  moe_ = true;
  EXPECT_EQ(ffn("gradient_workspace"), 2 * 156);
  // 18 routed rows of 11, four times, and the stream; twice in a pipeline.
  EXPECT_EQ(of(Operator::experts, "gradient_workspace"), 2 * (4 * 198 + 66));
  layout_.pp = 2;
  EXPECT_EQ(of(Operator::experts, "gradient_workspace"), 2 * (4 * 198 + 2 * 66));
  // Tensor parallelism gathers 12 rows of 11, and reduces as many.
  EXPECT_EQ(ffn("gathered_activation"), 0);
  layout_.tp = 2;
  EXPECT_EQ(ffn("gathered_activation"), 2 * 2 * 132);
  EXPECT_EQ(of(Operator::experts, "gathered_activation"), 2 * 2 * 132);
  EXPECT_EQ(attention("gathered_activation"), 0);
}

// Q is 40 * 18 = 720 elements, K and V 40 * 20 = 800: dO and dQ, dK and dV, these by query head, dQ in fp32.
TEST_F(SmallBackward, GradientsOfAttention) {
  EXPECT_EQ(attention("gradient_workspace"), 2 * (2 * 720 + 800 + 2 * 720) + 4 * 720);
  layout_.chunks = 2;
  EXPECT_EQ(attention("gradient_workspace"), 2 * (2 * 720 + 800 + 2 * 720) / 2 + 4 * 720 / 2);
  rank_.split.max_kv = 3;  // nothing is shared: K and V 1200
  layout_.chunks = 1;
  EXPECT_EQ(attention("gradient_workspace"), 2 * (2 * 720 + 1200) + 4 * 720);
  work_.flash = false;
  EXPECT_EQ(attention("gradient_workspace"), 2 * (2 * 720 + 1200));
}

// Two blocks of K and V in bf16 with their gradients in fp32 or bf16, and the output's sum in fp32; or K, V and their
// gradients of all ranks.
TEST_F(SmallBackward, BuffersOfARing) {
  layout_ = {.strategy = Strategy::ring, .ring = 2, .zero = 0};
  EXPECT_EQ(attention("ring_buffers"), 2 * 800 * (2 + 4) + 4 * 720);
  work_.ring_gradient = RingGradient::half;
  EXPECT_EQ(attention("ring_buffers"), 2 * 800 * (2 + 2) + 4 * 720);
  layout_.strategy = Strategy::cp_all_gather;
  EXPECT_EQ(attention("gathered_keys_values"), 2 * 2 * 800 * 2);
  EXPECT_EQ(attention("ring_buffers"), 0);
  EXPECT_EQ(ffn("gathered_keys_values"), 0);
  layout_.ring = 1;
  EXPECT_EQ(attention("gathered_keys_values"), 0);
}

// The widest tensor is Q: 12 rows of 5 heads of 6 sent, 40 of 3 received. Two chunks halve it, and keep K and V of one
// while the next arrives.
TEST_F(SmallBackward, BuffersOfTheAllToAll) {
  layout_.ulysses = 2;
  EXPECT_EQ(attention("all_to_all_buffers"), 2 * (360 + 720));
  model_.value_dim = 7;  // the output
  EXPECT_EQ(attention("all_to_all_buffers"), 2 * (420 + 840));
  EXPECT_EQ(attention("chunks"), 0);
  model_.value_dim = 4;
  layout_.chunks = 2;
  EXPECT_EQ(attention("all_to_all_buffers"), 360 + 720);
  EXPECT_EQ(attention("chunks"), 2 * 2 * 800 / 2);
}

// A layer of 1003 parameters, 101 of which are trained, on two ranks that share its shards.
TEST_F(SmallBackward, WeightsOfTwoLayersAreGathered) {
  rank_.dense_layer = {1000, 3};
  rank_.dense_trained = {100, 1};
  EXPECT_EQ(ffn("gathered_parameters"), 0);
  EXPECT_EQ(ffn("unreduced_gradients"), 0);
  work_.offload.parameters = true;
  EXPECT_EQ(ffn("gathered_parameters"), 2 * 2 * 1003);
  work_.offload = {.optimizer = true};
  EXPECT_EQ(ffn("unreduced_gradients"), 0);  // not below ZeRO 2
  layout_.zero = 2;
  EXPECT_EQ(ffn("unreduced_gradients"), 2 * 101);
  work_.offload = {};
  EXPECT_EQ(ffn("unreduced_gradients"), 0);  // one rank has nothing to reduce
  layout_.zero = 3;
  EXPECT_EQ(ffn("gathered_parameters"), 0);  // nor to gather
  layout_.zero = 2;
  layout_.dp = 2;
  EXPECT_EQ(ffn("unreduced_gradients"), 2 * 101);
  EXPECT_EQ(ffn("gathered_parameters"), 0);
  work_.fp32_gradients = true;
  layout_.zero = 3;
  EXPECT_EQ(attention("unreduced_gradients"), 4 * 101);
  EXPECT_EQ(attention("gathered_parameters"), 2 * 2 * 1003);
}

}  // namespace
}  // namespace ithaca
