#include "model/layer_compute.hpp"

#include <gtest/gtest.h>

#include "model/packing.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using test::llama_7b;
using test::round_gpu;
using test::sequence;

KernelTimes forward(const Layout& layout, const Workload& work, const Transformer& model = llama_7b()) {
  return layer_forward(model, work, round_gpu(), layout, split_rank(model, work, layout));
}

TEST(LayerCompute, GemmsAtTheRateOfTheirTiles) {
  // 65,536 tokens: 2 * 65536 * 202,375,168 weights = 26.5 TFLOP at 800 TFLOPS: 33.157 ms, plus four launches of 3 us
  // and what the last wave leaves idle (under one of the smallest product's 4,096 / 128 = 32 waves of 256 x 128 tiles).
  const KernelTimes t = forward(Layout{}, sequence(65536));
  const double least = 2.0 * 65536 * 202375168 / 800e12;
  EXPECT_GE(t.gemm.value(), least);
  EXPECT_LE(t.gemm.value(), least * (1 + 1.0 / 32) + 4 * 3e-6);
}

TEST(LayerCompute, LatentsAreFourProducts) {
  // DeepSeek-V3 (arXiv 2412.19437 section 4.2): 7168 x 1536 and 1536 x 128*192 for queries, 7168 x (512 + 64) and
  // 512 x 128*(128 + 128) for keys and values are 69,664,768 weights; tiles of 128 leave up to 4 % idle.
  Transformer m = llama_7b();
  m.hidden = 7168;
  m.heads = m.kv_heads = 128;
  m.head_dim = 192;
  m.value_dim = 128;
  m.latent = {.query_rank = 1536, .kv_rank = 512, .rope_dim = 64};
  const Workload work = sequence(65536);
  const double qkv = forward_gemms(m, work, round_gpu(), split_rank(m, work, Layout{})).qkv.value();
  const double least = 2.0 * 65536 * 69664768 / 800e12;
  EXPECT_GE(qkv, least);
  EXPECT_LE(qkv, least * 1.04 + 4 * 3e-6);
}

TEST(LayerCompute, WindowsLeaveAShareOfTheMask) {
  // A window of n/4: n/4 * n - (n/4)^2 / 2 of n^2 / 2 under a causal mask, twice n/4 of n without.
  Transformer m = llama_7b();
  Workload work = sequence(65536);
  m.window = 16384;
  EXPECT_DOUBLE_EQ(mask_share(m, work), 0.5 - 0.0625);
  m.full_layers = m.layers / 2;
  EXPECT_DOUBLE_EQ(mask_share(m, work), 0.5 + 0.5 * (0.5 - 0.0625));
  work.causal = false;
  m.full_layers = 0;
  EXPECT_DOUBLE_EQ(mask_share(m, work), 0.5);
  m.window = 65536;
  EXPECT_DOUBLE_EQ(mask_share(m, work), 1);
  m.window = 49152;  // keys on either side
  EXPECT_DOUBLE_EQ(mask_share(m, work), 1);
  // Of 2 tokens a window of one sees 1.5 scores of 2; a quarter of 8 of 32 layers sees all. Half the blocks are there.
  m.window = 1;
  m.full_layers = 8;
  m.attention_density = 0.5;
  work = sequence(2);
  EXPECT_DOUBLE_EQ(mask_share(m, work), 0.5 * (0.25 + 0.75 * 0.75));
  m.window = 0;
  EXPECT_DOUBLE_EQ(mask_share(m, work), 0.5);
}

TEST(LayerCompute, TwoDocumentsOfHalfASequenceAreTwoSequencesOfHalf) {
  const std::vector<std::int64_t> lengths{32768, 32768};
  const Packing packing = pack(lengths, 65536, 1);
  Workload packed = sequence(65536), apart = sequence(32768);
  packed.packing = &packing;
  apart.micro_batch = apart.global_batch = 2;
  EXPECT_NEAR(forward(Layout{}, packed).attention / forward(Layout{}, apart).attention, 1, 1e-9);
  EXPECT_NEAR(forward(Layout{}, packed).imbalance.value(), 0, 1e-12);
}

TEST(LayerCompute, RanksWithShortDocumentsWait) {
  // Documents of 3/4 and 1/4 of a sequence: its four quarters have 1, 3, 5 and again 1 times (n/4)^2 / 2 of their
  // masks. Of two ranks one holds the second and third, 8, the other 2: 5 in the mean.
  const std::vector<std::int64_t> lengths{49152, 16384};
  const Packing packing = pack(lengths, 65536, 1);
  Workload work = sequence(65536);
  work.packing = &packing;
  const KernelTimes t = forward({.strategy = Strategy::ring, .ring = 2}, work);
  EXPECT_NEAR(t.imbalance / t.attention, 3.0 / 8, 1e-12);
}

TEST(LayerCompute, UnevenHeadsWaitForTheSlowestRank) {
  // 32 heads over 5 ranks: the slowest has 7, an even deal 6.4: 0.6/7 of its attention is waiting.
  const KernelTimes t = forward({.strategy = Strategy::ulysses, .ulysses = 5}, sequence(65536));
  EXPECT_NEAR(t.imbalance / t.attention, 0.6 / 7, 1e-12);
  EXPECT_EQ(forward({.strategy = Strategy::ulysses, .ulysses = 4}, sequence(65536)).imbalance.value(), 0);
}

TEST(LayerCompute, PlainCausalRingTakesTwoMinusOneOverRTimesTheBalanced) {
  // arXiv-independent: rank r-1 of r sees (r - 1/2) blocks of N/r x N/r where the balanced ring sees r/2.
  for (int r : {2, 4, 8}) {
    const Layout zigzag{.strategy = Strategy::ring, .ring = r};
    Layout plain = zigzag;
    plain.zigzag = false;
    const double balanced = forward(zigzag, sequence(1 << 20)).attention.value();
    const double worst = forward(plain, sequence(1 << 20)).attention.value();
    EXPECT_NEAR(worst / balanced, 2.0 - 1.0 / r, 0.01) << r;
  }
}

TEST(LayerCompute, SplittingSharesTheWork) {
  // Every strategy on 8 GPUs does an eighth of one GPU's matrices and attention, to launches and quantisation.
  const KernelTimes one = forward(Layout{}, sequence(1 << 20));
  for (const Layout& layout :
       {Layout{.strategy = Strategy::ulysses, .ulysses = 8}, Layout{.strategy = Strategy::ring, .ring = 8},
        Layout{.strategy = Strategy::usp, .ulysses = 4, .ring = 2},
        Layout{.strategy = Strategy::megatron_sp, .tp = 8}}) {
    const KernelTimes t = forward(layout, sequence(1 << 20));
    EXPECT_NEAR(t.gemm / one.gemm, 1.0 / 8, 0.003) << name(layout.strategy);
    EXPECT_NEAR(t.attention / one.attention, 1.0 / 8, 0.003) << name(layout.strategy);
  }
}

TEST(LayerCompute, CopiedKvHeadsAreComputedToo) {
  // Llama 3 8B under tp 32: each rank projects one whole KV head, 4 times the 8/32 of an even share.
  const Transformer m = test::llama3_8b();
  const Layout tp{.strategy = Strategy::megatron_sp, .tp = 32};
  const Workload work = sequence(65536);
  const ExecutedFlops copied = executed_forward_flops(m, work, tp, split_rank(m, work, tp));
  const ExecutedFlops alone = executed_forward_flops(m, work, Layout{}, split_rank(m, work, Layout{}));
  EXPECT_DOUBLE_EQ((copied.matrices - alone.matrices).value(), 2.0 * 65536 * 4096 * 2 * 24 * 128);
}

TEST(LayerCompute, BackwardIsAboutTwiceTheForward) {
  // Two products for each of the forward's; flash's backward 2.5 x FLOPs at 400 instead of 500 TFLOPS: 3.125 times.
  const Workload work = sequence(1 << 20);
  const RankSplit rank = split_rank(llama_7b(), work, Layout{});
  const KernelTimes f = layer_forward(llama_7b(), work, round_gpu(), Layout{}, rank);
  const KernelTimes b = layer_backward(llama_7b(), work, round_gpu(), Layout{}, rank);
  EXPECT_NEAR(b.gemm / f.gemm, 2, 0.01);
  EXPECT_NEAR(b.attention / f.attention, 3.125, 0.01);
}

TEST(LayerCompute, GemmTimesAddUp) {
  const Layout layout{.strategy = Strategy::ulysses, .ulysses = 4};
  const RankSplit rank = split_rank(llama_7b(), sequence(65536), layout);
  EXPECT_EQ(forward_gemms(llama_7b(), sequence(65536), round_gpu(), rank).total(),
            forward(layout, sequence(65536)).gemm);
  // Two products of the forward's size each; the QKV product has three times the output projection's columns.
  const GemmTimes back = backward_gemms(llama_7b(), sequence(65536), round_gpu(), rank);
  EXPECT_NEAR(back.qkv / back.output, 3, 0.05);
  EXPECT_NEAR(back.total() / forward(layout, sequence(65536)).gemm, 2, 0.05);
}

}  // namespace
}  // namespace ithaca
