#pragma once
// Measured collectives for people: one line a sample.

#include <span>
#include <string>

#include "configs/reader/load_collectives.hpp"

namespace ithaca {

std::string measure_table(std::span<const CollectiveSample> samples);

}  // namespace ithaca
