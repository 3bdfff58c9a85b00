#pragma once
// The values of one axis of a sweep in one word: 64Ki..4Mi*2, 100Gbps..800Gbps*2, 1..2+0.25, [dgx-h100,aws-p5], fp8.

#include <string>
#include <string_view>
#include <vector>

#include "model/units.hpp"

namespace ithaca {

/// Each as a word that reads back as the value, in ascending order for ranges, as written for lists; at most 100,000.
/// A range's ends and step have one unit; whole ones stay whole. It holds its end only if it steps on it.
Parsed<std::vector<std::string>> parse_axis_values(std::string_view text);

}  // namespace ithaca
