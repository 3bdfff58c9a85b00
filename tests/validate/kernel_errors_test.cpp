#include "validate/kernel_errors.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"
#include "validate/kernel_fit.hpp"
#include "validate/worst_rows.hpp"

namespace ithaca {
namespace {

using Op = KernelSample::Op;

TEST(KernelErrors, SignedByRowAndClass) {
  const Gpu gpu = test::round_gpu();
  KernelSample norm, gemm;
  norm.op = Op::norm;
  norm.moved = Bytes{1e9};
  norm.time = predicted_time(gpu, norm) * (1 / 1.1);
  gemm.gemm = {4096, 4096, 4096, 1};
  gemm.time = predicted_time(gpu, gemm) * 2;
  const KernelErrors errors = kernel_errors(gpu, {}, {{"a", "", {}, {norm, gemm}, {}, ""}});
  ASSERT_EQ(errors.rows.size(), 2u);
  EXPECT_NEAR(errors.rows[0].error, 0.1, 1e-12);
  EXPECT_NEAR(errors.rows[1].error, -0.5, 1e-12);
  EXPECT_EQ(errors.classes.size(), 2u);
  EXPECT_EQ(worst_rows(errors, 1), (std::vector<std::size_t>{1}));
  for (const KernelError& row : errors.rows) EXPECT_LE(row.bound, row.predicted);
}

TEST(KernelErrors, BoundsArePeaks) {
  const Gpu gpu = test::round_gpu();
  KernelSample s;
  s.gemm = {1000, 1000, 1000, 1};
  // 2e9 FLOPs at the peak of bf16.
  EXPECT_NEAR(kernel_bound(gpu, s).value(), 2e9 / gpu.peak[static_cast<std::size_t>(Dtype::bf16)].value(), 1e-18);
  s.op = Op::permute;
  s.moved = Bytes{1e9};
  EXPECT_NEAR(kernel_bound(gpu, s).value(), 1e9 / gpu.memory_rate.value(), 1e-18);
}

TEST(KernelErrors, WhatTheModelDoesNotAnswerIsSaid) {
  KernelSample beside, upload;
  beside.op = Op::gemm_beside;
  upload.op = Op::copy;
  beside.time = upload.time = Seconds{1};
  const KernelErrors errors = kernel_errors(test::round_gpu(), {}, {{"a", "", {}, {beside, upload}, {}, ""}});
  EXPECT_TRUE(errors.rows.empty());
  EXPECT_EQ(errors.left_out.size(), 1u);
}

}  // namespace
}  // namespace ithaca
