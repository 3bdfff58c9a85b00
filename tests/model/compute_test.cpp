#include "model/compute.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

namespace ithaca {
namespace {

/// A GPU of round numbers with the multiprocessors of an H100.
Gpu tiled_gpu() {
  Gpu gpu;
  gpu.name = "tiled";
  gpu.sms = 132;
  gpu.memory_rate = BytesPerSecond{4e12};
  gpu.memory_efficiency = 0.9;
  gpu.peak = {FlopPerSecond{1000e12}, FlopPerSecond{1000e12}, FlopPerSecond{500e12}};
  gpu.sustained = {FlopPerSecond{780e12}, FlopPerSecond{}, FlopPerSecond{}};
  gpu.gemm.launch = Seconds{5e-6};
  gpu.gemm.half.tile = {FlopPerSecond{800e12}, FlopPerSecond{700e12}, FlopPerSecond{600e12}, FlopPerSecond{500e12}};
  gpu.gemm.half.wave = Seconds{2e-6};
  gpu.gemm.half.split = Seconds{3e-6};
  gpu.gemm.fp32 = gpu.gemm.half;
  for (FlopPerSecond& rate : gpu.gemm.fp32.tile) rate = rate / 2;
  gpu.attention.launch = Seconds{5e-6};
  for (AttentionCurve::Pass* pass : {&gpu.attention.forward, &gpu.attention.backward}) {
    pass->full.push_back({64, FlopPerSecond{400e12}, 200});
    pass->full.push_back({128, FlopPerSecond{500e12}, 100});
    pass->causal = pass->full;
  }
  return gpu;
}

double us(Seconds time) { return time.value() * 1e6; }
double gemm_us(const Gemm& gemm, Dtype dtype = Dtype::bf16) { return us(gemm_time(tiled_gpu(), gemm, dtype)); }
double forward_us(const AttentionCall& call) { return us(attention_forward_time(tiled_gpu(), call, Dtype::bf16)); }
double backward_us(const AttentionCall& call) { return us(attention_backward_time(tiled_gpu(), call, Dtype::bf16)); }

AttentionCall square(std::int64_t n, std::int64_t heads, std::int64_t d, bool causal) {
  return {.batch = 1, .queries = n, .keys = n, .heads = heads, .kv_heads = heads, .head_dim = d, .causal = causal};
}

// Under a causal mask 300 queries see of 100 keys the triangle, 100^2 / 2 of 300 x 100, and 100 queries at the end of
// 300 keys all but a triangle, 300 x 100 - 100^2 / 2.
TEST(Compute, CausalAreaOfUnequalSides) {
  AttentionCall call = square(300, 8, 128, false);
  call.keys = 100;
  const Flop full = attention_flops(call);
  call.causal = true;
  EXPECT_DOUBLE_EQ(attention_flops(call).value(), full.value() / 6);
  std::swap(call.queries, call.keys);
  EXPECT_DOUBLE_EQ(attention_flops(call).value(), full.value() * 5 / 6);
}

/// Shapes of training and of corners: thin, tiny, odd and huge.
std::vector<Gemm> many_gemms() {
  std::vector<Gemm> all;
  for (const std::int64_t m : {1, 100, 4096, 32768, 1000000})
    for (const std::int64_t n : {1, 384, 4097, 28672, 152064})
      for (const std::int64_t k : {1, 64, 1792, 14336})
        for (const std::int64_t batch : {1, 3, 64}) all.push_back({m, n, k, batch});
  return all;
}

TEST(Gemm, FullWavesOfTheBestTile) {
  // 4096^2 in tiles of 256x128: 16 x 32 = 512, four waves on 132. A tile runs on 1/132 of 800 TFLOP/s:
  // 2 x 256 x 128 x 4096 x 132 / 800e12 = 44.29185 us, and 2 us of start and write-out.
  // Smaller tiles: 8 x (25.30963 + 1) = 210.5 us and worse. 5 + 4 x 46.29185 = 190.1674 us.
  EXPECT_NEAR(gemm_us({4096, 4096, 4096}), 190.1674, 1e-3);
}

TEST(Gemm, OneTileTooManyIsAnotherWave) {
  // 11 x 12 = 132 tiles of 256x128 are one wave. One row more makes 12 x 12 = 144 of them (two waves, 92.58 us); best
  // are now 64x128 tiles: 45 x 12 = 540 in five waves of 14.76395 + 0.5 us.
  EXPECT_NEAR(gemm_us({2816, 1536, 4096}), 5 + 46.29185, 1e-3);
  EXPECT_NEAR(gemm_us({2817, 1536, 4096}), 5 + 5 * 15.26395, 1e-3);
}

TEST(Gemm, FewTilesSplitK) {
  // 256^2 with k = 8192: 16 tiles of 64x64; each alone takes 2 x 64 x 64 x 8192 x 132 / 500e12 = 17.71674 us and 0.25
  // us. Split by 4: 4.42919 + 0.25 us and 3 us for adding up; 4 x 16 tiles still fit in a wave.
  EXPECT_NEAR(gemm_us({256, 256, 8192}), 5 + 4.42919 + 0.25 + 3, 1e-3);
}

TEST(Gemm, BatchesMayBeSlower) {
  // Four products of 2048^2 are 4 x 8 x 16 = 512 tiles like one of 4096^2, at 80 % of the rate.
  Gpu gpu = tiled_gpu();
  gpu.gemm.half.batched = 0.8;
  EXPECT_NEAR(us(gemm_time(gpu, {2048, 2048, 4096, 4}, Dtype::bf16)), 5 + 4 * (44.29185 / 0.8 + 2), 1e-3);
}

TEST(Gemm, ThinOnesReadTheirBytes) {
  // One row by a 28672 x 4096 matrix: 2 x (4096 + 28672 x 4096 + 28672) bytes at 4 TB/s = 58.7 us, while
  // 448 tiles of 64x64 in 4 waves of 9.108 us would do in 36 us.
  EXPECT_NEAR(gemm_us({1, 28672, 4096}), 5 + 2 * (4096 + 28672.0 * 4096 + 28672) / 4e12 * 1e6, 1e-3);
}

TEST(Gemm, LargeOnesRunAtTheSustainedRate) {
  // The fitted tiles reach 800 TFLOP/s, but the GPU does not hold more than 780.
  const Gemm logits{1000000, 152064, 16384};
  EXPECT_DOUBLE_EQ(gemm_us(logits), flops(logits).value() / 780e12 * 1e6);
}

TEST(Gemm, TypesHaveRatesOfTheirOwn) {
  EXPECT_EQ(gemm_us({4096, 4096, 4096}, Dtype::fp16), gemm_us({4096, 4096, 4096}, Dtype::bf16));
  // Half the tile rate: 5 + 4 x (88.5837 + 2) us.
  EXPECT_NEAR(gemm_us({4096, 4096, 4096}, Dtype::fp32), 367.3348, 1e-3);
  Gpu without_bf16 = tiled_gpu();
  without_bf16.peak[0] = {};
  EXPECT_TRUE(std::isinf(gemm_time(without_bf16, {4096, 4096, 4096}, Dtype::bf16).value()));
}

TEST(Gemm, WithoutACurveTheSustainedRateAnswers) {
  Gpu gpu = tiled_gpu();
  gpu.gemm = {};
  const Gemm gemm{8192, 8192, 8192};
  EXPECT_DOUBLE_EQ(gemm_time(gpu, gemm, Dtype::bf16).value(), flops(gemm).value() / 780e12);
}

TEST(Gemm, EmptyOnesTakeNoTime) { EXPECT_EQ(gemm_us({0, 4096, 4096}), 0); }

TEST(Gemm, NeverBelowTheBounds) {
  const Gpu gpu = tiled_gpu();
  for (const Gemm& g : many_gemms()) {
    const double m = double(g.m), n = double(g.n), k = double(g.k), b = double(g.batch);
    const double time = gemm_time(gpu, g, Dtype::bf16).value();
    EXPECT_GE(time, flops(g).value() / 1000e12);
    EXPECT_GE(time, 2 * b * (m * k + k * n + m * n) / 4e12);
  }
}

TEST(Gemm, MoreWorkIsNeverFaster) {
  for (const Gemm& g : many_gemms()) {
    const double time = gemm_us(g);
    EXPECT_GE(gemm_us({2 * g.m, g.n, g.k, g.batch}), time);
    EXPECT_GE(gemm_us({g.m + 1, g.n, g.k, g.batch}), time);
    EXPECT_GE(gemm_us({g.m, 2 * g.n, g.k, g.batch}), time);
    EXPECT_GE(gemm_us({g.m, g.n, 2 * g.k, g.batch}), time);
    EXPECT_GE(gemm_us({g.m, g.n, g.k, 2 * g.batch}), time);
  }
}

TEST(Attention, FlopsCountHalfTheSquareUnderAMask) {
  // 4 x 1024^2 x 8 heads x 128.
  EXPECT_EQ(attention_flops(square(1024, 8, 128, false)).value(), 4.0 * 1024 * 1024 * 8 * 128);
  EXPECT_EQ(attention_flops(square(1024, 8, 128, true)).value(), 2.0 * 1024 * 1024 * 8 * 128);
  // The last 256 queries of 1024 keys miss only their own triangle: 256 x 1024 - 256^2 / 2.
  AttentionCall last = square(1024, 1, 64, true);
  last.queries = 256;
  EXPECT_EQ(attention_flops(last).value(), 4.0 * 64 * (256 * 1024 - 256 * 128));
}

TEST(Attention, RateAndStartUp) {
  // 32 heads of 8192^2 with d = 128 at 500 TFLOP/s: 4 x 128 x 32 x 8192^2 / 500e12 = 2199.02 us; each query costs 100
  // keys more, 100 / 8192 of it or 26.84 us; causal: half the area, the same start-up.
  EXPECT_NEAR(forward_us(square(8192, 32, 128, false)), 5 + 2199.023 + 26.844, 0.01);
  EXPECT_NEAR(forward_us(square(8192, 32, 128, true)), 5 + 2199.023 / 2 + 26.844, 0.01);
  // The same rate over 2.5 times the FLOPs.
  EXPECT_NEAR(backward_us(square(8192, 32, 128, true)), 5 + 2.5 * (2199.023 / 2 + 26.844), 0.01);
}

TEST(Attention, HeadSizesBetweenAndBeyondThePoints) {
  // A score takes 4 x 64 / 400e12 = 0.640 ps at 64 and 4 x 128 / 500e12 = 1.024 ps at 128: on the line 0.832 ps at 96
  // and 0.448 ps at 32; beyond the last point its rate stays, 1.280 ps at 160. Start-up: 200, 100, and 150 keys at 96.
  const double n = 16384, heads = 8;
  const auto expected = [&](double ps, double keys) { return 5 + heads * n * (n + keys) * ps * 1e-6; };
  EXPECT_NEAR(forward_us(square(16384, 8, 64, false)), expected(0.640, 200), 1e-6);
  EXPECT_NEAR(forward_us(square(16384, 8, 96, false)), expected(0.832, 150), 1e-6);
  EXPECT_NEAR(forward_us(square(16384, 8, 32, false)), expected(0.448, 200), 1e-6);
  EXPECT_NEAR(forward_us(square(16384, 8, 160, false)), expected(1.280, 100), 1e-6);
}

TEST(Attention, CausalIsFasterThanFull) {
  for (const std::int64_t n : {256, 4096, 1048576})
    for (const std::int64_t d : {32, 64, 96, 128, 160, 256}) {
      EXPECT_LT(forward_us(square(n, 32, d, true)), forward_us(square(n, 32, d, false)));
      EXPECT_LT(backward_us(square(n, 32, d, true)), backward_us(square(n, 32, d, false)));
    }
}

TEST(Attention, BlocksOfARing) {
  // A rank's queries against a neighbour's keys: the whole rectangle. 8 blocks of keys cost what one call over all keys
  // costs, 7 launches and 7 start-ups more: 32 heads x 8192 queries x 100 keys x 1.024 ps = 26.84 us.
  AttentionCall block = square(8192, 32, 128, false);
  AttentionCall all = block;
  all.keys = 8 * 8192;
  EXPECT_NEAR(8 * forward_us(block) - forward_us(all), 7 * (5 + 26.8435), 0.01);
  // Queries of one half of the zigzag against the keys of two halves are twice one half.
  AttentionCall half = block, two = block;
  half.queries = two.queries = 4096;
  two.keys = 16384;
  EXPECT_NEAR(forward_us(two) - forward_us(half), forward_us(half) - 5 - 26.8435 / 2, 0.01);
}

TEST(Attention, FewBlocksLeaveMultiprocessorsIdle) {
  // 128 queries of one head are one block: 132 heads take no longer than one.
  AttentionCall one = square(128, 1, 128, false), many = square(128, 132, 128, false);
  one.keys = many.keys = 65536;
  many.kv_heads = 1;  // so that reading the keys does not take longer
  EXPECT_NEAR(forward_us(many), forward_us(one), 1e-6);
  // A block runs at 1/132 of the rate: 128 x (65536 + 100) scores x 1.024 ps x 132.
  EXPECT_NEAR(forward_us(one), 5 + 128 * 65636.0 * 1.024e-6 * 132, 0.01);
}

TEST(Attention, WhereBurstIsKnownTheLastWaveCounts) {
  Gpu gpu = tiled_gpu();
  for (AttentionCurve::Pass* pass : {&gpu.attention.forward, &gpu.attention.backward})
    for (AttentionCurve::Points* points : {&pass->full, &pass->causal})
      for (AttentionCurve::Point& point : *points) point.burst = 1.25;
  const auto forward = [&](const AttentionCall& call) { return us(attention_forward_time(gpu, call, Dtype::bf16)); };
  // A score takes 1.024 ps of the whole GPU; 132 multiprocessors work on a block of 128 queries each, 1.25 times
  // faster.
  const auto waves = [](double keys, double start_ups) {
    return 5 + 128 * 132 * (8192 * keys + 100 * start_ups) * 1.024e-6 / 1.25;
  };
  EXPECT_NEAR(forward(square(8192, 1, 128, false)), waves(1, 1), 1e-6);  // 64 blocks
  EXPECT_NEAR(forward(square(8192, 3, 128, false)), waves(2, 2), 1e-6);  // 192
  // 2048 blocks are 15.5 waves of the whole GPU at its own rate, longer than 16 at 1.25 times the rate.
  EXPECT_EQ(forward(square(8192, 32, 128, false)), forward_us(square(8192, 32, 128, false)));
  // Blocks see half of the keys on average: three heads are 3 x 64 / 2 / 132 = 0.727 waves, then the last head's
  // longest.
  EXPECT_NEAR(forward(square(8192, 4, 128, true)), waves(3 * 32.0 / 132 + 1, 2), 1e-6);
  // 256 blocks of one head: half a block past the average forward; backward the longest comes first.
  const double average = 256 / 2.0 / 132;
  EXPECT_NEAR(forward(square(32768, 1, 128, true)), waves(4 * (average + 0.5), 2), 1e-6);
  EXPECT_NEAR(us(attention_backward_time(gpu, square(32768, 1, 128, true), Dtype::bf16)),
              5 + 2.5 * 32768 * (32768 / 2.0 + 100) * 1.024e-6, 1e-6);  // one wave of 1 at 1.25 is shorter than that
  // Blocks that all run at once take no longer masked than whole.
  EXPECT_EQ(forward(square(4096, 2, 128, true)), forward(square(4096, 2, 128, false)));
}

TEST(Attention, GroupedKeysSaveOnlyBytes) {
  AttentionCall grouped = square(16384, 32, 128, true);
  grouped.kv_heads = 4;
  EXPECT_EQ(forward_us(grouped), forward_us(square(16384, 32, 128, true)));
  // 64 queries and 64Ki keys on a memory of 40 GB/s: Q and O are 2 x 2 x 64 x 32 x 128 bytes, the row sums 4 x 64 x 32;
  // K and V 2 x 2 x 65536 x 128 bytes a KV head. At 90 %.
  Gpu slow = tiled_gpu();
  slow.memory_rate = BytesPerSecond{40e9};
  grouped.queries = 64;
  grouped.keys = 65536;
  const double bytes = 4.0 * 64 * 32 * 128 + 4 * 64 * 32 + 4 * 4.0 * 65536 * 128;
  EXPECT_NEAR(us(attention_forward_time(slow, grouped, Dtype::bf16)), 5 + bytes / 36e9 * 1e6, 0.01);
}

TEST(Attention, NeverBelowTheBounds) {
  const Gpu gpu = tiled_gpu();
  for (const std::int64_t n : {1, 100, 4096, 1048576})
    for (const std::int64_t heads : {1, 7, 64})
      for (const std::int64_t d : {8, 64, 96, 256})
        for (const bool flash : {true, false}) {
          AttentionCall call = square(n, heads, d, true);
          call.flash = flash;
          const double work = attention_flops(call).value();
          const double bytes = 2.0 * 4 * double(n * heads * d);  // Q, K, V and O in bf16
          EXPECT_GE(attention_forward_time(gpu, call, Dtype::bf16).value(), std::max(work / 1e15, bytes / 4e12));
          EXPECT_GE(attention_backward_time(gpu, call, Dtype::bf16).value(),
                    std::max(2 * work / 1e15, 2 * bytes / 4e12));
          AttentionCall twice = call;
          twice.batch = 2;
          EXPECT_GE(attention_forward_time(gpu, twice, Dtype::bf16), attention_forward_time(gpu, call, Dtype::bf16));
        }
}

TEST(Attention, Fp32RunsAtItsShareOfTheRate) {
  // Peak and sustained of fp32 are 500, of bf16 780: 780 / 500 times the curve's time.
  const AttentionCall call = square(16384, 8, 128, false);
  EXPECT_NEAR(us(attention_forward_time(tiled_gpu(), call, Dtype::fp32)), 5 + (forward_us(call) - 5) * 780 / 500, 1e-6);
}

TEST(Attention, WithoutFlashTheScoresMoveThroughMemory) {
  AttentionCall call = square(4096, 32, 128, false);
  call.flash = false;
  // Scores and values as GEMMs of 32 heads, then softmax and dropout (or a cast) read and write the 32 x 4096^2 scores.
  const double scores = 32.0 * 4096 * 4096;
  const double gemms = gemm_us({4096, 4096, 128, 32}) + gemm_us({4096, 128, 4096, 32});
  EXPECT_NEAR(forward_us(call), gemms + 5 + 4 * 2 * scores / 3.6e12 * 1e6, 1e-6);
  // Two products with the scores' shape, then dQ and dV, dK: five accesses to the scores besides.
  const double back =
      2 * gemm_us({4096, 128, 4096, 32}) + gemm_us({4096, 128, 4096, 32}) + gemm_us({4096, 4096, 128, 32});
  EXPECT_NEAR(backward_us(call), back + 5 + 5 * 2 * scores / 3.6e12 * 1e6, 1e-6);
  // A causal mask saves nothing; the softmax applies it.
  AttentionCall causal = call;
  causal.causal = true;
  EXPECT_EQ(forward_us(causal), forward_us(call));
  EXPECT_GT(forward_us(call), 3 * forward_us(square(4096, 32, 128, false)));
}

TEST(Memory, BytesAtTheStreamingRateAndALaunch) {
  // 3.6 GB at 90 % of 4 TB/s are 1 ms.
  EXPECT_NEAR(us(memory_time(tiled_gpu(), Bytes{3.6e9})), 1005, 1e-9);
  EXPECT_EQ(memory_time(tiled_gpu(), Bytes{0}), Seconds{});
}

TEST(Rescale, TheSameGpuKeepsItsCurve) {
  const Gpu gpu = tiled_gpu();
  Gpu copy = gpu;
  copy.gemm = rescale(gpu.gemm, gpu, gpu);
  copy.attention = rescale(gpu.attention, gpu, gpu);
  for (const Gemm& g : many_gemms())
    for (const Dtype dtype : {Dtype::bf16, Dtype::fp32}) EXPECT_EQ(gemm_time(copy, g, dtype), gemm_time(gpu, g, dtype));
  for (const bool causal : {true, false})
    EXPECT_EQ(attention_backward_time(copy, square(8192, 8, 96, causal), Dtype::bf16),
              attention_backward_time(gpu, square(8192, 8, 96, causal), Dtype::bf16));
}

TEST(Rescale, HalfTheMachineTakesTwiceTheTime) {
  const Gpu gpu = tiled_gpu();
  Gpu half = gpu;
  half.sms = 66;
  half.memory_rate = gpu.memory_rate / 2;
  for (FlopPerSecond& rate : half.peak) rate = rate / 2;
  for (FlopPerSecond& rate : half.sustained) rate = rate / 2;
  half.gemm = rescale(gpu.gemm, gpu, half);
  half.attention = rescale(gpu.attention, gpu, half);
  // 66 tiles of 256x128 on 66 multiprocessors are the same wave as 132 on 132.
  EXPECT_NEAR(us(gemm_time(half, {2816, 768, 4096}, Dtype::bf16)), 5 + 46.29185, 1e-3);
  const AttentionCall call = square(8192, 32, 128, false);
  EXPECT_NEAR(us(attention_forward_time(half, call, Dtype::bf16)), 5 + 2 * (2199.023 + 26.844), 0.02);
}

TEST(Rescale, TheWorseOfPeakAndSustainedDecides) {
  // Twice the peak, but only 1.2 times the sustained rate.
  const Gpu gpu = tiled_gpu();
  Gpu other = gpu;
  for (FlopPerSecond& rate : other.peak) rate = rate * 2;
  other.sustained[0] = gpu.sustained[0] * 1.2;
  const GemmCurve curve = rescale(gpu.gemm, gpu, other);
  EXPECT_DOUBLE_EQ(curve.half.tile[0].value(), 960e12);
  EXPECT_DOUBLE_EQ(curve.fp32.tile[0].value(), 800e12);  // no sustained figure: the peaks' ratio
}

}  // namespace
}  // namespace ithaca
