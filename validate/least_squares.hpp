#pragma once
// Non-linear least squares for a handful of positive parameters.

#include <functional>
#include <vector>

namespace ithaca {

/// Fills `residuals`, whose size is fixed, for these parameters.
using ResidualFunction = std::function<void(const std::vector<double>& parameters, std::vector<double>& residuals)>;

/// Parameters near `start` (all positive, and they stay so) with the least sum of squared residuals, by
/// Levenberg-Marquardt on their logarithms with numerical derivatives. Deterministic.
std::vector<double> least_squares(const std::vector<double>& start, std::size_t residual_count,
                                  const ResidualFunction& function);

}  // namespace ithaca
