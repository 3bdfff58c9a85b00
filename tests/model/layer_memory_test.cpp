#include "model/layer_memory.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"

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

}  // namespace
}  // namespace ithaca
