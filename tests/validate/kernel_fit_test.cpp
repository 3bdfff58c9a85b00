#include "validate/kernel_fit.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using Op = KernelSample::Op;

KernelSample gemm_sample(const Gpu& gpu, const Gemm& gemm, Dtype dtype) {
  KernelSample s;
  s.gemm = gemm;
  s.dtype = dtype;
  s.time = gemm_time(gpu, gemm, dtype);
  return s;
}

/// A GPU whose tiles differ, to be found again from its own times.
Gpu known_gpu() {
  Gpu gpu = test::round_gpu();
  for (GemmCurve::Rates* rates : {&gpu.gemm.half, &gpu.gemm.fp32}) {
    const double scale = rates == &gpu.gemm.half ? 1 : 0.5;
    rates->tile = {FlopPerSecond{scale * 780e12}, FlopPerSecond{scale * 700e12}, FlopPerSecond{scale * 560e12},
                   FlopPerSecond{scale * 430e12}};
    rates->wave = Seconds{1.5e-6};
    rates->split = Seconds{2.5e-6};
    rates->batched = 0.9;
  }
  return gpu;
}

std::vector<KernelSample> known_gemms(const Gpu& gpu) {
  std::vector<KernelSample> samples;
  for (const Dtype dtype : {Dtype::bf16, Dtype::fp32})
    for (const std::int64_t b : {1, 2})
      for (const std::int64_t m : {256, 512, 1024, 4096})
        for (const std::int64_t n : {256, 768, 2048, 4096})
          for (const std::int64_t k : {256, 1024, 4096}) samples.push_back(gemm_sample(gpu, {m, n, k, b}, dtype));
  return samples;
}

KernelSample attention_sample(const Gpu& gpu, Op op, std::int64_t n, std::int64_t d, bool causal) {
  KernelSample s;
  s.op = op;
  s.kernel = "known";
  s.attention = {16384 / n, n, n, 2048 / d, 2048 / d, d, causal, true};
  s.time = predicted_time(gpu, s);
  return s;
}

std::vector<KernelSample> known_attention(const Gpu& gpu, const std::vector<Op>& ops) {
  std::vector<KernelSample> samples;
  for (const Op op : ops)
    for (const bool causal : {false, true})
      for (const std::int64_t d : {64, 128})
        for (const std::int64_t n : {512, 1024, 2048, 4096, 8192, 16384})
          samples.push_back(attention_sample(gpu, op, n, d, causal));
  return samples;
}

Gpu known_attention_gpu() {
  Gpu gpu = test::round_gpu();
  gpu.attention.forward.full.clear();
  gpu.attention.forward.full.push_back({64, FlopPerSecond{400e12}, 200});
  gpu.attention.forward.full.push_back({128, FlopPerSecond{600e12}, 150});
  gpu.attention.forward.causal = gpu.attention.forward.full;
  gpu.attention.forward.causal[0].start_up = 300;
  gpu.attention.backward = gpu.attention.forward;
  gpu.attention.backward.causal[1].rate = FlopPerSecond{550e12};
  return gpu;
}

TEST(KernelFit, AQuarterOfTheShapesIsHeldOut) {
  const std::vector<KernelSample> samples = known_gemms(known_gpu());
  const auto held = std::count_if(samples.begin(), samples.end(), is_held_out);
  EXPECT_GT(held, static_cast<long>(samples.size()) / 8);
  EXPECT_LT(held, static_cast<long>(samples.size()) * 3 / 8);
}

TEST(KernelFit, TheSplitDoesNotDependOnTypeOrTime) {
  for (KernelSample s : known_gemms(known_gpu())) {
    const bool held = is_held_out(s);
    s.dtype = Dtype::fp32;
    s.time = Seconds{1};
    EXPECT_EQ(is_held_out(s), held);
  }
  for (const std::int64_t n : {512, 1024, 2048, 8192, 16384})
    EXPECT_EQ(is_held_out(attention_sample(known_gpu(), Op::attention_forward, n, 64, true)), n == 1024 || n == 8192);
}

TEST(KernelFit, FindsAKnownGemmCurve) {
  const Gpu gpu = known_gpu();
  const Kernels kernels = fit_kernels(test::round_gpu(), known_gemms(gpu));
  ASSERT_TRUE(kernels.gemm);
  EXPECT_TRUE(kernels.attention.empty());
  EXPECT_NEAR(kernels.gemm->launch.value(), 3e-6, 1e-7);
  EXPECT_NEAR(kernels.gemm->half.tile[0].value(), 780e12, 8e12);
  EXPECT_NEAR(kernels.gemm->half.batched, 0.9, 0.01);
  EXPECT_NEAR(kernels.gemm->fp32.tile[0].value(), 390e12, 4e12);
  // What was not fitted comes out as well.
  for (const FitError& error : kernels.errors) EXPECT_LT(error.mean, 1) << error.of;
}

TEST(KernelFit, FindsAKnownAttentionCurve) {
  const Gpu gpu = known_attention_gpu();
  const Kernels kernels =
      fit_kernels(test::round_gpu(), known_attention(gpu, {Op::attention_forward, Op::attention_backward}));
  ASSERT_EQ(kernels.attention.size(), 1u);
  const AttentionCurve& curve = kernels.attention[0].curve;
  EXPECT_NEAR(curve.forward.full[1].rate.value(), 600e12, 1e9);
  EXPECT_NEAR(curve.forward.causal[0].start_up, 300, 0.1);
  EXPECT_NEAR(curve.backward.causal[1].rate.value(), 550e12, 1e9);
  EXPECT_EQ(kernels.attention[0].derived, "");
  EXPECT_EQ(kernels.errors.size(), 4u);  // two directions, fitted and held out
  for (const FitError& error : kernels.errors) EXPECT_LT(error.max, 0.1) << error.of;
}

TEST(KernelFit, FindsHowFastFewBlocksAre) {
  Gpu gpu = known_attention_gpu();
  for (AttentionCurve::Points* points : {&gpu.attention.forward.full, &gpu.attention.forward.causal})
    for (AttentionCurve::Point& point : *points) point.burst = 1.3;
  std::vector<KernelSample> samples = known_attention(gpu, {Op::attention_forward});
  // One head of 2048 to 32768 tokens is 16 to 256 blocks on 128 multiprocessors; 64 wide heads have no such rows.
  for (const bool causal : {false, true})
    for (const std::int64_t n : {2048, 4096, 16384, 32768}) {
      KernelSample s = attention_sample(gpu, Op::attention_forward, n, 128, causal);
      s.attention.batch = s.attention.heads = s.attention.kv_heads = 1;
      s.time = predicted_time(gpu, s);
      samples.push_back(s);
    }
  const Kernels kernels = fit_kernels(test::round_gpu(), samples);
  const AttentionCurve& curve = kernels.attention.front().curve;
  for (const AttentionCurve::Points* points : {&curve.forward.full, &curve.forward.causal})
    for (const AttentionCurve::Point& point : *points) EXPECT_NEAR(point.burst, 1.3, 0.01);
  EXPECT_NEAR(curve.forward.full[1].rate.value(), 600e12, 3e12);
  for (const FitError& error : kernels.errors) EXPECT_LT(error.mean, 1) << error.of;
}

TEST(KernelFit, BackwardFollowsFromBothTogether) {
  const Gpu gpu = known_attention_gpu();
  const Kernels kernels =
      fit_kernels(test::round_gpu(), known_attention(gpu, {Op::attention_forward, Op::attention_forward_backward}));
  EXPECT_NEAR(kernels.attention[0].curve.backward.causal[1].rate.value(), 550e12, 1e9);
}

TEST(KernelFit, OneShapeTellsTheDirectionsApart) {
  // Both directions have the same start-up here, so one shape's shares hold for all.
  Gpu gpu = known_attention_gpu();
  gpu.attention.backward = gpu.attention.forward;
  gpu.attention.launch = Seconds{};
  std::vector<KernelSample> samples = known_attention(gpu, {Op::attention_forward_backward});
  for (const Op op : {Op::attention_forward, Op::attention_forward_backward})
    samples.push_back(attention_sample(gpu, op, 8192, 32, true));
  const Kernels kernels = fit_kernels(test::round_gpu(), samples);
  const AttentionKernel& fitted = kernels.attention[0];
  EXPECT_NE(fitted.derived, "");
  EXPECT_EQ(fitted.curve.forward.full.size(), 2u);
  EXPECT_NEAR(fitted.curve.forward.full[1].rate.value(), 600e12, 12e12);  // the launch of 5 us is not in the samples
  EXPECT_NEAR(fitted.curve.backward.full[1].rate.value(), 600e12, 12e12);
  // The shape of the hint is not judged: 12 lengths and masks a head size less the hint's.
  int judged = 0;
  for (const FitError& error : kernels.errors) judged += error.samples;
  EXPECT_EQ(judged, 24);
}

TEST(KernelFit, CausalBackwardFollowsAnotherKernel) {
  // "known" shows the causal backward pass at 550/600 of the full one at d = 128; "other" has twice its rates.
  const Gpu gpu = known_attention_gpu();
  std::vector<KernelSample> samples = known_attention(gpu, {Op::attention_forward, Op::attention_backward});
  const std::size_t count = samples.size();
  for (std::size_t i = 0; i < count; ++i) {
    KernelSample s = samples[i];
    if (s.op == Op::attention_backward && s.attention.causal) continue;
    s.kernel = "other";
    s.time = s.time / 1.25;
    samples.push_back(s);
  }
  const Kernels kernels = fit_kernels(test::round_gpu(), samples);
  ASSERT_EQ(kernels.attention.size(), 2u);
  EXPECT_EQ(kernels.attention[0].kernel, "known");  // in the order of the table
  const AttentionCurve::Pass& other = kernels.attention[1].curve.backward;
  EXPECT_NEAR(other.causal[1].rate / other.full[1].rate, 550.0 / 600, 1e-3);
  EXPECT_NEAR(other.causal[0].start_up / other.full[0].start_up, 300.0 / 200, 0.05);
  EXPECT_NE(kernels.attention[1].derived, "");
}

TEST(KernelFit, MemoryBoundSamplesArePredictedByTheirBytes) {
  const Gpu gpu = known_gpu();
  KernelSample s;
  s.op = Op::residual;
  s.moved = Bytes{3e9};
  EXPECT_EQ(predicted_time(gpu, s), memory_time(gpu, Bytes{3e9}));
  // A copy within the device reads and writes.
  s.op = Op::copy;
  s.path = KernelSample::Path::within_device;
  EXPECT_EQ(predicted_time(gpu, s), memory_time(gpu, Bytes{6e9}));
}

TEST(KernelFit, NoCurveComesFromMemoryBoundSamples) {
  KernelSample s;
  s.op = Op::swiglu;
  s.time = Seconds{1e-3};
  EXPECT_TRUE(fit_kernels(known_gpu(), {s}).attention.empty());
}

}  // namespace
}  // namespace ithaca
