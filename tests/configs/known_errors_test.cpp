#include "configs/reader/known_errors.hpp"

#include <gtest/gtest.h>

#include "configs/reader/load_hardware.hpp"
#include "configs/reader/load_profile.hpp"

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
  const auto other = load_gpu("h200-sxm");  // with another GPU's curve, whose errors say nothing of it
  ASSERT_TRUE(other);
  EXPECT_EQ(other->uncertainty.half_gemm.known, other->gpu.gemm_mark != Mark::extrapolated);
  const auto gb200 = load_gpu("gb200");
  ASSERT_TRUE(gb200);
  EXPECT_GT(gb200->uncertainty.steps, 0);
}

}  // namespace
}  // namespace ithaca
