#include "validate/least_squares.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace ithaca {
namespace {

TEST(LeastSquares, FindsTheParametersOfExactData) {
  // y = a + b x at x = 1..5 with a = 3e-6, b = 40.
  const auto line = [](const std::vector<double>& p, std::vector<double>& r) {
    for (int x = 1; x <= 5; ++x) r[static_cast<std::size_t>(x - 1)] = (p[0] + p[1] * x) / (3e-6 + 40.0 * x * 1e-6) - 1;
  };
  const std::vector<double> best = least_squares({1e-6, 1e-5}, 5, line);
  EXPECT_NEAR(best[0], 3e-6, 1e-10);
  EXPECT_NEAR(best[1], 40e-6, 1e-10);
}

TEST(LeastSquares, AveragesWhatDisagrees) {
  // log p = log 1 and log p = log 4: the least squares lie in the middle, p = 2.
  const auto two = [](const std::vector<double>& p, std::vector<double>& r) {
    r[0] = std::log(p[0]);
    r[1] = std::log(p[0] / 4);
  };
  EXPECT_NEAR(least_squares({10}, 2, two)[0], 2, 1e-6);
}

TEST(LeastSquares, ParametersStayPositive) {
  // (p + 1) is least at p = -1, which is out of reach.
  const auto shifted = [](const std::vector<double>& p, std::vector<double>& r) { r[0] = p[0] + 1; };
  const double best = least_squares({1}, 1, shifted)[0];
  EXPECT_GE(best, 0);
  EXPECT_LT(best, 0.1);
}

}  // namespace
}  // namespace ithaca
