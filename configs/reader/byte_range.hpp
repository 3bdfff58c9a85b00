#pragma once
// Several sizes or counts in one word: 1KiB..1GiB*4 (each four times the one before), 8MiB..64MiB+8MiB, [1MiB,3MiB],
// 16MiB; 8..512*2, 8..64+8, [16,32,64], 8.

#include <cstdint>
#include <string_view>
#include <vector>

#include "model/units.hpp"

namespace ithaca {

/// In ascending order for ranges, as written for lists; at most 1,000. A range holds its end only if it steps on it.
Parsed<std::vector<Bytes>> parse_byte_range(std::string_view text);

/// The same of whole numbers above zero; a factor's fractions are cut off.
Parsed<std::vector<std::int64_t>> parse_count_range(std::string_view text);

}  // namespace ithaca
