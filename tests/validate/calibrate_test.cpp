#include "validate/calibrate.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/machines.hpp"
#include "validate/kernel_fit.hpp"

namespace ithaca {
namespace {

using Op = KernelSample::Op;

bool says(const std::vector<std::string>& lines, const char* text) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

TEST(Calibrate, RefusesCurvesThatTheDataCannotTell) {
  const Gpu gpu = test::round_gpu();
  KernelSample gemm, attention;
  gemm.gemm = {4096, 4096, 4096, 1};
  gemm.time = Seconds{1e-3};
  attention.op = Op::attention_forward;
  attention.attention = {1, 4096, 4096, 32, 32, 128, true, true};
  attention.time = Seconds{1e-3};
  Calibration out;
  fit_kernel_tables(out, gpu, {{"a", "", {}, {gemm, attention}, {}, ""}});
  EXPECT_FALSE(out.kernels.gemm);
  EXPECT_TRUE(out.kernels.attention.empty());
  EXPECT_TRUE(says(out.not_fitted, "GEMM"));
  EXPECT_TRUE(says(out.not_fitted, "head size 128: 1 length"));
}

TEST(Calibrate, AttentionMemoryAndOverlapAreFoundAgain) {
  Gpu gpu = test::round_gpu();
  std::vector<KernelSample> samples;
  for (const std::int64_t n : {2048, 4096, 16384, 32768}) {
    KernelSample s;
    s.op = Op::attention_forward;
    s.attention = {1, n, n, 32, 32, 128, true, true};
    s.time = predicted_time(gpu, s) * 1.25;
    samples.push_back(s);
  }
  KernelSample norm, beside;
  norm.op = Op::norm;
  norm.moved = Bytes{1e9};
  norm.time = gpu.gemm.launch + norm.moved / (gpu.memory_rate * 0.8);
  beside.op = Op::gemm_beside;
  beside.beside = "copy";
  beside.alone = Seconds{1e-3};
  beside.time = Seconds{1.2e-3};
  samples.insert(samples.end(), {norm, beside});
  Calibration out;
  fit_kernel_tables(out, gpu, {{"a", "", {}, samples, {}, ""}});
  ASSERT_EQ(out.kernels.attention.size(), 1u);
  gpu.attention = out.kernels.attention[0].curve;
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(predicted_time(gpu, samples[i]) / samples[i].time, 1, 0.02);
  EXPECT_NEAR(out.streaming_efficiency->value, 0.8, 1e-9);
  ASSERT_EQ(out.overlap.size(), 1u);
  EXPECT_NEAR(out.overlap[0].slowdown.value, 1.2, 1e-12);
}

}  // namespace
}  // namespace ithaca
