#pragma once
// What tables with a column a row of the report have in common.

#include <string>

#include "model/quantity.hpp"

namespace ithaca {

inline constexpr int kLabelWidth = 27;
inline constexpr int kColumnWidth = 13;

/// A degree; a dash where nothing is split.
std::string degree_cell(int size);
/// How many times its bound something takes; a dash where there is none.
std::string ratio_cell(Seconds time, Seconds bound);

}  // namespace ithaca
