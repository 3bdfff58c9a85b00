#pragma once
// A calibration as a file that load_profile reads.

#include <string>

#include "validate/calibrate.hpp"

namespace ithaca {

std::string profile_yaml(const Calibration& calibration);

}  // namespace ithaca
