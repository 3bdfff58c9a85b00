#pragma once
// What a calibration found, for people.

#include <string>

#include "validate/calibrate.hpp"

namespace ithaca {

/// Lines with their intervals, errors of fitted and held-out rows side by side, outliers, and what was not fitted.
std::string fit_report(const Calibration& calibration);

}  // namespace ithaca
