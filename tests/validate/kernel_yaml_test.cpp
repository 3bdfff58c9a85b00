#include "validate/kernel_yaml.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

Kernels example() {
  Kernels k;
  k.name = "example";
  k.gpu = "h100-sxm";
  k.made_by = "a test";
  k.source = "figures: 1, 2";
  k.split = "none";
  GemmCurve gemm;
  gemm.launch = Seconds{4.25e-6};
  gemm.half.tile = {FlopPerSecond{800e12}, FlopPerSecond{700e12}, FlopPerSecond{600e12}, FlopPerSecond{512.5e12}};
  gemm.half.wave = Seconds{1.5e-6};
  gemm.half.split = Seconds{2.5e-6};
  gemm.half.batched = 0.875;
  gemm.fp32 = gemm.half;
  gemm.fp32.tile[3] = FlopPerSecond{99.5e12};
  k.gemm = gemm;
  k.gemm_mark = Mark::calibrated;
  AttentionKernel attention{"fa3", {}, Mark::measured, "half of it"};
  attention.curve.launch = Seconds{5e-6};
  for (AttentionCurve::Pass* pass : {&attention.curve.forward, &attention.curve.backward})
    for (AttentionCurve::Points* points : {&pass->full, &pass->causal})
      points->push_back({64, FlopPerSecond{4e14}, 200});
  attention.curve.backward.causal.push_back({128, FlopPerSecond{512.5e12}, 123.5});
  k.attention.push_back(attention);
  k.errors.push_back({"gemm bf16", true, 63, 3.5, -1.5, 20});
  return k;
}

TEST(KernelYaml, ReadsBackAsWritten) {
  const Kernels in = example();
  const auto document = parse_document("example.yaml", kernel_yaml(in));
  ASSERT_TRUE(document) << print(document.error());
  const auto out = read_kernels(*document);
  ASSERT_TRUE(out) << print(out.error());
  EXPECT_EQ(out->name, "example");
  EXPECT_EQ(out->source, "figures: 1, 2");
  EXPECT_EQ(out->gemm_mark, Mark::calibrated);
  EXPECT_NEAR(out->gemm->launch.value(), 4.25e-6, 1e-18);
  EXPECT_DOUBLE_EQ(out->gemm->half.tile[3].value(), 512.5e12);
  EXPECT_DOUBLE_EQ(out->gemm->fp32.tile[3].value(), 99.5e12);
  EXPECT_NEAR(out->gemm->half.split.value(), 2.5e-6, 1e-18);
  EXPECT_EQ(out->gemm->half.batched, 0.875);
  ASSERT_EQ(out->attention.size(), 1u);
  EXPECT_EQ(out->attention[0].kernel, "fa3");
  EXPECT_EQ(out->attention[0].derived, "half of it");
  EXPECT_EQ(out->attention[0].mark, Mark::measured);
  const AttentionCurve::Points& points = out->attention[0].curve.backward.causal;
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[1].head_dim, 128);
  EXPECT_DOUBLE_EQ(points[1].rate.value(), 512.5e12);
  EXPECT_EQ(points[1].start_up, 123.5);
  ASSERT_EQ(out->errors.size(), 1u);
  EXPECT_TRUE(out->errors[0].held_out);
  EXPECT_EQ(out->errors[0].bias, -1.5);
}

TEST(KernelYaml, FourDigitsHideTheLastBits) {
  Kernels a = example(), b = example();
  b.gemm->half.tile[0] = FlopPerSecond{800e12 * (1 + 1e-9)};
  EXPECT_EQ(kernel_yaml(a), kernel_yaml(b));
  b.gemm->half.tile[0] = FlopPerSecond{801e12};
  EXPECT_NE(kernel_yaml(a), kernel_yaml(b));
}

}  // namespace
}  // namespace ithaca
