#include "configs/reader/known_errors.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "configs/reader/load_hardware.hpp"
#include "configs/reader/load_profile.hpp"
#include "model/compute.hpp"

namespace ithaca {
namespace {

const std::vector<FitError> kFits = {
    {"gemm bf16", true, 60, 6.0, 1.0, 70},
    {"gemm bf16 from 25 us", true, 19, 2.0, -0.8, 4.5},
    {"gemm bf16 from 25 us", false, 53, 1.0, 0, 2},
    {"gemm fp32", true, 63, 17.0, 10, 120},
    {"fa3 forward", true, 11, 2.4, 0.4, 6},
    {"fa3 backward", true, 4, 1.4, 1.1, 2.8},
    {"fa2 forward", true, 11, 1.5, 1.0, 4.6},
    {"steps of a", true, 21, 3.0, 1.4, 8.5},
    {"steps of b", true, 2, 5.0, 1.4, 8.5},
    {"all_to_all of 8 ranks from 1 MiB", true, 10, 4.0, 0, 9},
    {"all_to_all of 16 ranks from 1 MiB", true, 30, 8.0, 0, 9},
};
constexpr double kNormal = 1.2533141373155;  // deviation over mean absolute error, sqrt(pi / 2)

TEST(KnownErrors, GemmsByHeldOutErrorsOfLongKernels) {
  Uncertainty errors;
  take_gemm_errors(kFits, errors);
  EXPECT_NEAR(errors.half_gemm.own, 0.02 * kNormal, 1e-12);
  EXPECT_NEAR(errors.half_gemm.common, 0.008, 1e-12);
  EXPECT_NEAR(errors.fp32_gemm.own, 0.17 * kNormal, 1e-12);  // none are told apart by length
  take_gemm_errors({}, errors);
  EXPECT_FALSE(errors.half_gemm.known);
}

TEST(KnownErrors, AttentionNeedsBothDirections) {
  EXPECT_NEAR(attention_error(kFits, "fa3").own, (2.4 + 2.5 * 1.4) / 3.5 / 100 * kNormal, 1e-12);
  EXPECT_FALSE(attention_error(kFits, "fa2").known);
  // Or both together: 1.6 % off, all in one direction.
  const CurveError both = attention_error({{"fa1 forward and backward", true, 2, 1.6, -1.6, 2}}, "fa1");
  EXPECT_NEAR(both.own, 0.016 * kNormal, 1e-12);
  EXPECT_NEAR(both.common, 0.016, 1e-12);
}

TEST(KnownErrors, StepsByTableAndCollectivesBySample) {
  EXPECT_NEAR(step_deviation(kFits), 0.04 * kNormal, 1e-12);
  EXPECT_NEAR(collective_deviation(kFits, Op::all_to_all), (10 * 0.04 + 30 * 0.08) / 40 * kNormal, 1e-12);
  EXPECT_EQ(collective_deviation(kFits, Op::all_reduce), 0);
  EXPECT_NEAR(interval_deviation(0.9, 1.1), 0.061, 1e-4);  // ln(1.1 / 0.9) / 3.29
  EXPECT_EQ(interval_deviation(0, 0), 0);
}

TEST(KnownErrors, StandBesideTheCatalogueCurves) {
  const auto h100 = load_gpu("h100-sxm");
  ASSERT_TRUE(h100);
  EXPECT_TRUE(h100->uncertainty.half_gemm.known);
  EXPECT_LT(h100->uncertainty.half_gemm.common, 0.05);
  EXPECT_LT(h100->attention.front().error.common, 0.05);
  const auto other = load_gpu("gh200");  // with an H200's curves
  ASSERT_TRUE(other);
  EXPECT_GT(other->uncertainty.half_gemm.common, 0.2);
  EXPECT_GT(other->attention.front().error.common, 0.2);
  EXPECT_GT(other->uncertainty.streaming.common, 0.2);
  const auto gb200 = load_gpu("gb200");
  ASSERT_TRUE(gb200);
  EXPECT_GT(gb200->uncertainty.steps, 0);
}

Kernels kernels(const char* name) {
  auto loaded = load_kernels(name);
  EXPECT_TRUE(loaded) << name;
  return loaded ? std::move(loaded).value() : Kernels{};
}

const AttentionCurve& curve(const Kernels& of, const std::string& kernel) {
  const auto named = [&](const AttentionKernel& k) { return k.kernel == kernel; };
  return std::find_if(of.attention.begin(), of.attention.end(), named)->curve;
}

/// Logarithm of the time by `from`'s curves, carried over, to that by `to`'s own: of a large GEMM, and of attention.
double carried_gemm_log(const Kernels& from, const Kernels& to) {
  Gpu own = load_gpu(to.gpu)->gpu, carried = own;
  own.gemm = *to.gemm;
  carried.gemm = rescale(*from.gemm, load_gpu(from.gpu)->gpu, own);
  const Gemm gemm{8192, 8192, 8192};
  return std::log(gemm_time(carried, gemm, Dtype::bf16) / gemm_time(own, gemm, Dtype::bf16));
}
double carried_attention_log(const Kernels& from, const Kernels& to, const std::string& kernel) {
  Gpu own = load_gpu(to.gpu)->gpu, carried = own;
  own.attention = curve(to, kernel);
  carried.attention = rescale(curve(from, kernel), load_gpu(from.gpu)->gpu, own);
  const AttentionCall call{1, 65536, 65536, 8, 8, 128};
  const auto time = [&](const Gpu& gpu) {
    return attention_forward_time(gpu, call, Dtype::bf16) + attention_backward_time(gpu, call, Dtype::bf16);
  };
  return std::log(time(carried) / time(own));
}

double root_mean_square(const std::vector<double>& logs) {
  double sum = 0;
  for (const double log : logs) sum += log * log;
  return std::sqrt(sum / static_cast<double>(logs.size()));
}

TEST(KnownErrors, CarriedOverCurvesAreOffAsTheCatalogueShows) {
  const Kernels h100 = kernels("h100-sxm");
  std::vector<double> gemm, attention, streaming;
  for (const char* to : {"h200-sxm-probe", "a100-80gb-steps", "b200-steps", "gb200-steps"})
    gemm.push_back(carried_gemm_log(h100, kernels(to)));
  for (const auto& [to, kernel] :
       {std::pair{"h200-sxm-probe", "cudnn"}, {"a100-80gb", "fa2"}, {"b200-steps", "cudnn"}, {"gb200-steps", "cudnn"}})
    attention.push_back(carried_attention_log(h100, kernels(to), kernel));
  for (const char* to : {"b200-steps", "gb200-steps"})
    streaming.push_back(std::log(kernels(to).streaming->efficiency / kernels("a100-80gb-steps").streaming->efficiency));
  const CurveError exact{true, 0, 0.01};
  EXPECT_NEAR(carried_gemm(exact).common, root_mean_square(gemm), 0.01);
  EXPECT_NEAR(carried_attention(exact).common, root_mean_square(attention), 0.01);
  EXPECT_NEAR(carried_streaming().common, root_mean_square(streaming), 0.01);
  // What shapes differ by stays, and errors of both add up in squares: 0.4 and 0.26.
  EXPECT_EQ(carried_gemm(exact).own, 0.01);
  EXPECT_NEAR(carried_gemm({true, 0.4, 0.01}).common, std::hypot(0.4, carried_gemm(exact).common), 1e-12);
}

}  // namespace
}  // namespace ithaca
