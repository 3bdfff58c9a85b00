#pragma once
// What tables with a column a row of the report have in common.

#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal.hpp"
#include "model/quantity.hpp"

namespace ithaca {

inline constexpr int kLabelWidth = 27;
inline constexpr int kColumnWidth = 13;

/// A degree; a dash where nothing is split.
std::string degree_cell(int size);
/// How many times its bound something takes; a dash where there is none.
std::string ratio_cell(Seconds time, Seconds bound);

struct ColumnHead {
  std::string_view name, state;  ///< "ulysses", "best"
};
/// Lines with the names and, if there are any, states. Names too long for a column take two, broken behind an
/// underscore.
std::string column_heads(const std::vector<ColumnHead>& heads, const Style& style);

}  // namespace ithaca
