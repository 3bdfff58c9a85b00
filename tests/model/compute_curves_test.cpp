#include <gtest/gtest.h>

#include <utility>

#include "model/compute.hpp"

namespace ithaca {
namespace {

constexpr std::size_t kBf16 = 0, kFp16 = 1, kFp32 = 2, kFp8 = 3;

/// Multiprocessors that know one size of tile at 1 TFLOP/s; the others take forever.
Gpu only_tile(std::size_t tile, int sms = 4) {
  Gpu gpu;
  gpu.sms = sms;
  gpu.memory_rate = BytesPerSecond{1e18};
  gpu.memory_efficiency = 1;
  gpu.peak.fill(FlopPerSecond{1e18});
  gpu.gemm.launch = Seconds{5e-6};
  gpu.gemm.half.tile.fill(FlopPerSecond{1});
  gpu.gemm.half.tile[tile] = FlopPerSecond{1e12};
  gpu.gemm.half.wave = Seconds{200e-6};
  gpu.gemm.half.split = Seconds{30e-6};
  gpu.gemm.half.batched = 0.5;
  return gpu;
}

double gemm_us(const Gpu& gpu, const Gemm& gemm, Dtype dtype = Dtype::bf16) {
  return gemm_time(gpu, gemm, dtype).value() * 1e6;
}

// 600 x 150 are 5 tiles of 128 x 256 (3 x 2 the other way round), 5 x 2 of 128 x 128, 5 x 3 of 128 x 64 (10 x 2 the
// other way round) and 10 x 3 of 64 x 64: on five multiprocessors 1, 2, 3 and 6 waves. A tile of 256 x 128 takes 2 x
// 32768 x 4096 FLOPs at a fifth of 1 TFLOP/s, 1342.17728 us, and 200 us to start and write; the smaller ones their
// share. Two products are twice as many tiles, at half the rate.
TEST(GemmCurves, TilesOfEverySizeAndEitherWayRound) {
  const double waves[] = {1, 2, 3, 6}, areas[] = {1, 0.5, 0.25, 0.125};
  for (std::size_t tile = 0; tile < 4; ++tile) {
    const Gpu gpu = only_tile(tile, 5);
    const double one = 5 + waves[tile] * areas[tile] * (1342.17728 + 200);
    const double two = 5 + 2 * waves[tile] * areas[tile] * (2 * 1342.17728 + 200);
    EXPECT_NEAR(gemm_us(gpu, {600, 150, 4096}), one, 1e-6) << tile;
    EXPECT_NEAR(gemm_us(gpu, {150, 600, 4096}), one, 1e-6) << tile;
    EXPECT_NEAR(gemm_us(gpu, {600, 150, 4096, 2}), two, 1e-6) << tile;
  }
}

// Tiles of 64 x 64 take 134.217728 us and 25 us. Two fill half of four multiprocessors and split k in two, one in four,
// and the parts are added in 30 us. Where k is short that is not worth it; three tiles are a wave.
TEST(GemmCurves, KIsSplitWhereHalfOfTheGpuIdles) {
  const Gpu gpu = only_tile(3);
  EXPECT_NEAR(gemm_us(gpu, {64, 64, 4096}), 5 + 134.217728 / 4 + 25 + 30, 1e-6);
  EXPECT_NEAR(gemm_us(gpu, {128, 64, 4096}), 5 + 134.217728 / 2 + 25 + 30, 1e-6);
  EXPECT_NEAR(gemm_us(gpu, {192, 64, 4096}), 5 + 134.217728 + 25, 1e-6);
  EXPECT_NEAR(gemm_us(gpu, {64, 64, 256}), 5 + 134.217728 / 16 + 25, 1e-6);
}

// fp8 multiplies at the curve's rates times the ratio of sustained rates, here 3, and reads a byte an element; the
// result is of two.
TEST(GemmCurves, Fp8IsFasterByTheSustainedRates) {
  Gpu gpu = only_tile(0);
  gpu.gemm.half.tile[1] = {};  // nobody measured it
  gpu.sustained[kBf16] = FlopPerSecond{2e15};
  gpu.sustained[kFp8] = FlopPerSecond{6e15};
  EXPECT_NEAR(gemm_us(gpu, {600, 150, 4096}, Dtype::fp8), 5 + 2 * (1073.741824 / 3 + 200), 1e-6);
  gpu.memory_rate = BytesPerSecond{1e6};  // a byte a microsecond
  EXPECT_NEAR(gemm_us(gpu, {600, 150, 4096, 2}, Dtype::fp8), 5 + 2 * (4096 * 750.0 + 2 * 90000), 1e-3);
  EXPECT_NEAR(gemm_us(gpu, {600, 150, 4096, 2}, Dtype::bf16), 5 + 2 * 2 * (4096 * 750.0 + 90000), 1e-3);
  EXPECT_NEAR(gemm_us(gpu, {600, 150, 4096, 2}, Dtype::fp32), 5 + 2 * 4 * (4096 * 750.0 + 90000), 1e-3);
}

// What was measured of bf16 or fp16 holds for both, never above either's peak; fp32 has its own.
TEST(GemmCurves, HalfPrecisionsShareTheirSustainedRate) {
  Gpu gpu;
  gpu.peak = {FlopPerSecond{1000}, FlopPerSecond{900}, FlopPerSecond{500}};
  const auto rate = [&](Dtype dtype) { return 2e6 / gemm_time(gpu, {100, 100, 100}, dtype).value(); };
  gpu.memory_rate = BytesPerSecond{1e18};
  gpu.sustained[kFp16] = FlopPerSecond{800};
  EXPECT_NEAR(rate(Dtype::bf16), 800, 1e-9);
  EXPECT_NEAR(rate(Dtype::fp16), 800, 1e-9);
  EXPECT_NEAR(rate(Dtype::fp32), 500, 1e-9);
  gpu.sustained[kBf16] = FlopPerSecond{950};
  EXPECT_NEAR(rate(Dtype::bf16), 950, 1e-9);
  EXPECT_NEAR(rate(Dtype::fp16), 900, 1e-9);
  gpu.sustained[kFp32] = FlopPerSecond{1};  // slow, but measured
  EXPECT_NEAR(rate(Dtype::fp32), 1, 1e-9);
}

/// 132 multiprocessors; a score takes 1 ps at head size 64 and 2 ps at 128, forward and backward, at 200 and 100 keys
/// of start-up.
Gpu attention_gpu(double burst64 = 0, double burst128 = 0) {
  Gpu gpu;
  gpu.sms = 132;
  gpu.memory_rate = BytesPerSecond{1e18};
  gpu.memory_efficiency = 1;
  gpu.peak.fill(FlopPerSecond{1e15});
  gpu.attention.launch = Seconds{5e-6};
  for (const double flops_per_dim : {4.0, 10.0}) {
    AttentionCurve::Pass& pass = flops_per_dim == 4 ? gpu.attention.forward : gpu.attention.backward;
    pass.full.push_back({64, FlopPerSecond{flops_per_dim * 64 / 1e-12}, 200, burst64});
    pass.full.push_back({128, FlopPerSecond{flops_per_dim * 128 / 2e-12}, 100, burst128});
    pass.causal = pass.full;
  }
  return gpu;
}

AttentionCall call(std::int64_t queries, std::int64_t keys, std::int64_t heads, std::int64_t d, bool causal) {
  return {.batch = 1, .queries = queries, .keys = keys, .heads = heads, .kv_heads = 1, .head_dim = d, .causal = causal};
}
double forward_us(const Gpu& gpu, const AttentionCall& c, Dtype dtype = Dtype::bf16) {
  return attention_forward_time(gpu, c, dtype).value() * 1e6;
}
double backward_us(const Gpu& gpu, const AttentionCall& c, Dtype dtype = Dtype::bf16) {
  return attention_backward_time(gpu, c, dtype).value() * 1e6;
}

// 32 heads of 4096 queries are 1024 blocks of 128, more than 132. Values half as wide as queries: 96 in the mean. A
// score of 96 takes 1.5 ps and the start-up is 150 keys.
TEST(AttentionCurves, ValuesOfAnotherWidth) {
  AttentionCall c = call(4096, 4096, 32, 128, false);
  c.value_dim = 64;
  const double scores = 32 * 4096.0 * (4096 + 150) * 1.5e-6;
  EXPECT_NEAR(forward_us(attention_gpu(), c), 5 + scores, 1e-6);
  EXPECT_NEAR(backward_us(attention_gpu(), c), 5 + scores, 1e-6);
  EXPECT_EQ(attention_flops(c).value(), 2.0 * 32 * 192 * 4096 * 4096);
}

// One block on one of 132 multiprocessors; at 96 it is 1.375 times as fast as its share, below 64 as at 64.
TEST(AttentionCurves, BurstLiesBetweenItsPoints) {
  const Gpu gpu = attention_gpu(1.5, 1.25);
  const double block = 128 * 132;
  EXPECT_NEAR(forward_us(gpu, call(128, 8192, 1, 96, false)), 5 + block * (8192 + 150) * 1.5e-6 / 1.375, 1e-6);
  EXPECT_NEAR(forward_us(gpu, call(128, 8192, 1, 64, false)), 5 + block * (8192 + 200) * 1e-6 / 1.5, 1e-6);
  EXPECT_NEAR(forward_us(gpu, call(128, 8192, 1, 32, false)), 5 + block * (8192 + 200) * 0.5e-6 / 1.5, 1e-6);
  EXPECT_NEAR(forward_us(gpu, call(128, 8192, 1, 192, false)), 5 + block * (8192 + 100) * 3e-6 / 1.25, 1e-6);
}

// The last 16384 of 65536 keys see 1 - 1/8 of them. Four heads of 128 blocks are 4 waves on 132; each but the last
// 0.875 x 128 / 132 of a wave that sees all keys, the last half a block more forward.
TEST(AttentionCurves, WavesUnderAMaskOfUnequalSides) {
  const double of_head = 0.875 * 128 / 132, block = 128 * 132;
  const AttentionCall c = call(16384, 65536, 4, 128, true);
  EXPECT_NEAR(forward_us(attention_gpu(1, 1), c), 5 + block * (65536 * (4 * of_head + 0.5) + 100 * 4) * 2e-6, 1e-3);
  // Backward at most a wave for the last head.
  EXPECT_NEAR(backward_us(attention_gpu(1, 1), c), 5 + block * (65536 * (3 * of_head + 1) + 100 * 4) * 2e-6, 1e-3);
  // Three heads of 512 blocks under a whole mask are 12 waves (11.6), their area 5.8.
  const AttentionCall square = call(65536, 65536, 3, 128, true);
  EXPECT_NEAR(backward_us(attention_gpu(1, 1), square), 5 + block * (65536 * 3 * 256 / 132.0 + 100 * 12) * 2e-6, 1e-3);
}

// A byte a microsecond: Q and O are 64 x 3 heads x (6 + 4), K and V 512 x 1 x (6 + 4), in bf16, and a float for each
// query and head. Backward all of it and its gradients, and two floats.
TEST(AttentionCurves, BytesOfBothPasses) {
  Gpu gpu = attention_gpu();
  gpu.memory_rate = BytesPerSecond{2e6};
  gpu.memory_efficiency = 0.5;
  AttentionCall c = call(64, 512, 3, 6, false);
  c.value_dim = 4;
  c.batch = 2;
  EXPECT_NEAR(forward_us(gpu, c), 5 + 2 * (2 * (1920 + 5120) + 4 * 192), 1e-6);
  EXPECT_NEAR(backward_us(gpu, c), 5 + 2 * (2 * 2 * (1920 + 5120) + 2 * 4 * 192), 1e-6);
  EXPECT_NEAR(backward_us(gpu, c, Dtype::fp32), 5 + 2 * (4 * 2 * (1920 + 5120) + 2 * 4 * 192), 1e-6);
  // fp8 is the layers' products alone.
  EXPECT_EQ(forward_us(gpu, c, Dtype::fp8), forward_us(gpu, c));
  EXPECT_EQ(backward_us(gpu, c, Dtype::fp8), backward_us(gpu, c));
  c.keys = 0;
  EXPECT_EQ(forward_us(gpu, c), 0);
  EXPECT_EQ(backward_us(gpu, c), 0);
}

// Half a million scores of 2 heads in passes of a byte a microsecond, four and five of them; the products besides, each
// of its own shape.
TEST(AttentionCurves, ScoresInMemoryWithValuesOfAnotherWidth) {
  Gpu gpu = attention_gpu();
  gpu.gemm = only_tile(3).gemm;
  gpu.gemm.launch = Seconds{7e-6};
  AttentionCall c = call(512, 256, 1, 192, false);
  c.batch = 2;
  c.value_dim = 64;
  c.flash = false;
  gpu.memory_efficiency = 1e-12;
  const double scores = 2 * 512 * 256;
  const double products = gemm_us(gpu, {512, 256, 192, 2}) + gemm_us(gpu, {512, 64, 256, 2});
  EXPECT_NEAR(forward_us(gpu, c), products + 7 + 4 * 2 * scores, 1e-3);
  const double back = gemm_us(gpu, {512, 256, 64, 2}) + gemm_us(gpu, {512, 192, 256, 2}) +
                      gemm_us(gpu, {256, 192, 512, 2}) + gemm_us(gpu, {256, 64, 512, 2});
  EXPECT_NEAR(backward_us(gpu, c), back + 7 + 5 * 2 * scores, 1e-3);
  EXPECT_NEAR(backward_us(gpu, c, Dtype::fp8), backward_us(gpu, c), 1e-9);
}

// A machine without bf16 multiplies in fp16; fp32 takes the curve's time by the ratio of their rates.
TEST(AttentionCurves, Fp32WithoutBf16) {
  Gpu gpu = attention_gpu();
  gpu.peak[kBf16] = {};
  gpu.peak[kFp32] = FlopPerSecond{1e15 / 4};
  const double half = 32 * 4096.0 * (4096 + 100) * 2e-6;
  EXPECT_NEAR(forward_us(gpu, call(4096, 4096, 32, 128, false), Dtype::fp16), 5 + half, 1e-6);
  EXPECT_NEAR(forward_us(gpu, call(4096, 4096, 32, 128, false), Dtype::fp32), 5 + 4 * half, 1e-6);
  EXPECT_NEAR(backward_us(gpu, call(4096, 4096, 32, 128, false), Dtype::fp32), 5 + 4 * half, 1e-6);
}

// 4 x 128 x 32 x 4096^2 FLOPs at 1e15: 274.9 us.
TEST(AttentionCurves, WithoutACurveTheSustainedRateAnswers) {
  Gpu gpu = attention_gpu();
  gpu.attention = {};
  EXPECT_NEAR(forward_us(gpu, call(4096, 4096, 32, 128, false)), 4 * 128 * 32 * 4096.0 * 4096 / 1e9, 1e-6);
}

TEST(MemoryCurves, StreamingHasAShareOfItsOwn) {
  Gpu gpu = attention_gpu();
  gpu.gemm.launch = Seconds{5e-6};
  gpu.memory_rate = BytesPerSecond{1e6};
  gpu.memory_efficiency = 0.8;
  EXPECT_NEAR(memory_time(gpu, Bytes{100}, 3).value() * 1e6, 3 * 5 + 100 / 0.8, 1e-9);
  gpu.streaming_efficiency = 0.5;
  EXPECT_NEAR(memory_time(gpu, Bytes{100}, 3).value() * 1e6, 3 * 5 + 100 / 0.5, 1e-9);
}

// Three times the memory on twice the multiprocessors: a wave takes 2/3 of its time to write. Peaks are 3 and 4 times,
// sustained rates 2.5 and 2 times: 2.5 and 2 count, of peaks alone 3 and 4.
TEST(RescaledCurves, RatesAndWavesOfEveryKind) {
  Gpu from = attention_gpu(1.5, 1.25);
  from.gemm.half.tile.fill(FlopPerSecond{100});
  from.gemm.fp32.tile.fill(FlopPerSecond{30});
  from.gemm.half.wave = Seconds{6};
  from.gemm.fp32.wave = Seconds{9};
  from.gemm.half.split = Seconds{1};
  Gpu to = from;
  to.sms = 2 * from.sms;
  to.memory_rate = from.memory_rate * 3;
  to.peak[kBf16] = from.peak[kBf16] * 3;
  to.peak[kFp32] = from.peak[kFp32] * 4;
  const GemmCurve by_peak = rescale(from.gemm, from, to);
  from.sustained = {FlopPerSecond{4e14}, {}, FlopPerSecond{2e14}};
  to.sustained = {FlopPerSecond{10e14}, {}, FlopPerSecond{4e14}};
  const GemmCurve curve = rescale(from.gemm, from, to);
  for (const FlopPerSecond tile : by_peak.half.tile) EXPECT_NEAR(tile.value(), 300, 1e-9);
  for (const FlopPerSecond tile : by_peak.fp32.tile) EXPECT_NEAR(tile.value(), 120, 1e-9);
  for (const FlopPerSecond tile : curve.half.tile) EXPECT_NEAR(tile.value(), 250, 1e-9);
  for (const FlopPerSecond tile : curve.fp32.tile) EXPECT_NEAR(tile.value(), 60, 1e-9);
  EXPECT_NEAR(curve.half.wave.value(), 4, 1e-12);
  EXPECT_NEAR(curve.fp32.wave.value(), 6, 1e-12);
  EXPECT_EQ(curve.half.split.value(), 1);
  const AttentionCurve attention = rescale(from.attention, from, to);
  for (const auto& [scaled, was] : {std::pair{&attention.forward, &from.attention.forward},
                                    std::pair{&attention.backward, &from.attention.backward}}) {
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_NEAR(scaled->full[i].rate / was->full[i].rate, 2.5, 1e-12);
      EXPECT_NEAR(scaled->causal[i].rate / was->causal[i].rate, 2.5, 1e-12);
      EXPECT_EQ(scaled->causal[i].start_up, was->causal[i].start_up);
      EXPECT_EQ(scaled->causal[i].burst, was->causal[i].burst);
    }
  }
  // To a machine that multiplies in fp16: its rate, five times the peak and the sustained rate.
  to.peak = {FlopPerSecond{}, from.peak[kBf16] * 5, from.peak[kFp32]};
  to.sustained = {FlopPerSecond{}, FlopPerSecond{20e14}, {}};
  EXPECT_NEAR(rescale(from.gemm, from, to).half.tile[0].value(), 500, 1e-9);
  to.peak[kBf16] = FlopPerSecond{1};  // bf16 however slow
  EXPECT_LT(rescale(from.gemm, from, to).half.tile[0].value(), 1);
}

}  // namespace
}  // namespace ithaca
