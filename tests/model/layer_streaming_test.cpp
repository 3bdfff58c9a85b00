#include "model/layer_streaming.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/small_rank.hpp"

namespace ithaca {
namespace {

/// A second a byte and nothing for a launch, or the other way round.
Gpu counting(bool launches) {
  Gpu gpu;
  gpu.memory_rate = BytesPerSecond{launches ? 1e30 : 1.0};
  gpu.memory_efficiency = 1;
  gpu.gemm.launch = Seconds{launches ? 1.0 : 0.0};
  return gpu;
}

class LayerStreaming : public testing::Test {
 protected:
  double count(bool launches, LayerKind kind, bool backward) const {
    return layer_streaming_time(model_, work_, counting(launches), layout_, rank_, kind, backward).value();
  }
  double bytes(LayerKind kind = LayerKind::dense, bool backward = false) const { return count(false, kind, backward); }
  double kernels(LayerKind kind = LayerKind::dense) const { return std::round(count(true, kind, false)); }

  Transformer model_ = test::small_model();
  Workload work_ = test::small_work();
  Layout layout_;
  RankSplit rank_ = test::small_rank();
  static constexpr LayerKind kMoe = LayerKind::moe;
};

// The stream is 6 rows of 11: two norms and two additions pass it 2 * 2 + 2 * 3 = 10 times, 660 elements. The
// activation reads and writes 12 rows of 8: 192. In bf16 1,704 bytes.
TEST_F(LayerStreaming, NormsAdditionsAndTheActivation) {
  EXPECT_EQ(bytes(), 2 * (660 + 192));
  EXPECT_EQ(bytes(LayerKind::dense, true), 2 * 2 * (660 + 192));
  EXPECT_EQ(kernels(), 6);
  work_.dtype = Dtype::fp32;
  EXPECT_EQ(bytes(), 4 * (660 + 192));
  model_.gated_ffn = true;  // gate and up are read
  EXPECT_EQ(bytes(), 4 * (660 + 288));
}

// Q and K are 12 rows of (5 + 2) heads of 6: 504 elements, read and written by each kernel.
TEST_F(LayerStreaming, PositionsAndNormsOfQueriesAndKeys) {
  model_.qk_norm = true;
  EXPECT_EQ(bytes(), 1704 + 2 * 2 * 504);
  model_.latent.kv_rank = 1;
  EXPECT_EQ(bytes(), 1704 + 2 * 2 * 504);
  model_.qk_norm = false;
  EXPECT_EQ(bytes(), 1704 + 2 * 2 * 504);
  EXPECT_EQ(kernels(), 6);
  model_.learned_positions = 0;
  EXPECT_EQ(bytes(), 1704 + 2 * (2 * 2 * 504));
  EXPECT_EQ(kernels(), 6 + 2);
}

// A byte for each element of the stream at two places.
TEST_F(LayerStreaming, DropoutWritesItsMasks) {
  work_.dropout = true;
  EXPECT_EQ(bytes(), 1704 + 2 * 66);
  EXPECT_EQ(kernels(), 6 + 6);
  work_.flash = false;
  EXPECT_EQ(kernels(), 6 + 6 + 8);
}

// Shared experts are 12 rows of 13, routed ones 2 * 9 of 7: 282 elements in, as many out. The 18 rows of 11 are read
// and written on the way out and back: 4 * 198.
TEST_F(LayerStreaming, ExpertsMoveTheirTokens) {
  EXPECT_EQ(bytes(kMoe), 2 * (660 + 2 * 282 + 4 * 198));
  EXPECT_EQ(kernels(kMoe), 6 + 8);
}

// Four bytes for every element that goes into a product: the stream twice and 5 heads of 4 in 12 rows, 12 * 42 = 504;
// 12 * 8 of the FFN; or 12 * 13 of shared experts and 18 rows of 11 and of 7.
TEST_F(LayerStreaming, Fp8CastsWhatItMultiplies) {
  const double dense = bytes(), moe = bytes(kMoe);
  work_.dtype = Dtype::fp8;
  EXPECT_EQ(bytes(), dense + 4 * (504 + 96));
  EXPECT_EQ(bytes(kMoe), moe + 4 * (504 + 156 + 324));
}

// Q, K and V go from 11 to 5 * 6, 2 * 6 and 2 * 4, the output from 5 * 4 to 11, the FFN from 11 to 8 and back: 80 out
// of the layer's matrices and 72 into them, by 12 rows. Three passes of each. Of experts 11 to 13 and back in 12 rows,
// 11 to 7 and back in 2 * 9.
TEST_F(LayerStreaming, AdaptersAreAdded) {
  const double dense = bytes(), moe = bytes(kMoe);
  work_.lora_rank = 1;
  EXPECT_EQ(bytes(), dense + 3 * 2 * 12 * 80);
  EXPECT_EQ(bytes(LayerKind::dense, true), 2 * dense + 3 * 2 * 12 * 72);
  EXPECT_EQ(kernels(), 6 + 6);
  EXPECT_EQ(bytes(kMoe), moe + 3 * 2 * (12 * (61 + 24) + 18 * 18));
  EXPECT_EQ(bytes(kMoe, true), 2 * moe + 3 * 2 * (12 * (53 + 24) + 18 * 18));
  EXPECT_EQ(kernels(kMoe), 14 + 8);
}

// Of 12 rows 5 heads and 4 copies of KV heads are packed, of 2 * 20 rows 3 and 2 unpacked; Q and K heads are 6 wide, V
// and the output 4: (12 * 9 + 40 * 5) * 10 elements read and written, on either side.
TEST_F(LayerStreaming, UlyssesPacksEachTensorOnEitherSide) {
  layout_.ulysses = 2;
  const double packed = 2 * 2 * (12 * 9 + 40 * 5) * 10;
  EXPECT_EQ(attention_streaming(model_, work_, layout_, rank_, false).value(), packed);
  EXPECT_EQ(bytes(), 1704 + packed);
  EXPECT_EQ(bytes(LayerKind::dense, true), 2 * 1704 + packed);
  EXPECT_EQ(kernels(), 6 + 4);
}

// 40 rows of 3 heads of 4 at 2 + 32 bytes, three times; backward of 3 heads of 6 and of 2 of 6 + 4 at 2 + 8 bytes.
TEST_F(LayerStreaming, RingsMergeTheirBlocks) {
  layout_.strategy = Strategy::ring;
  layout_.ring = 4;
  const auto merged = [&](bool backward) {
    return attention_streaming(model_, work_, layout_, rank_, backward).value();
  };
  EXPECT_EQ(merged(false), 3 * 34 * 480);
  EXPECT_EQ(merged(true), 3 * 10 * 1520);
  work_.dtype = Dtype::fp32;
  EXPECT_EQ(merged(false), 3 * 36 * 480);
  for (const Strategy whole : {Strategy::cp_all_gather, Strategy::ring_self_attention}) {
    layout_.strategy = whole;
    EXPECT_EQ(merged(false), 0) << name(whole);
    EXPECT_EQ(merged(true), 0) << name(whole);
  }
}

TEST_F(LayerStreaming, InferenceFusesKernelsButPassesTheSameBytes) {
  const auto fused = [&](bool launches, LayerKind kind) {
    return std::round(fused_streaming_time(model_, work_, counting(launches), layout_, rank_, kind).value());
  };
  EXPECT_EQ(fused(true, LayerKind::dense), 5);
  EXPECT_EQ(fused(true, kMoe), 5 + 3);
  layout_.ulysses = 2;
  EXPECT_EQ(fused(true, kMoe), 5 + 3 + 4);
  EXPECT_EQ(fused(false, LayerKind::dense), bytes());
  layout_ = {.strategy = Strategy::ring, .ring = 2};
  EXPECT_EQ(fused(false, LayerKind::dense), 1704 + 34 * 480);
}

}  // namespace
}  // namespace ithaca
