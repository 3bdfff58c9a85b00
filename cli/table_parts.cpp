#include "cli/table_parts.hpp"

#include <fmt/format.h>

#include "cli/text.hpp"

namespace ithaca {
namespace {

/// Nothing where there are only blanks.
std::string line_of(const std::string& text) {
  const std::size_t end = text.find_last_not_of(' ');
  return end == text.npos ? "" : text.substr(0, end + 1) + "\n";
}

}  // namespace

std::string degree_cell(int size) { return size == 1 ? "-" : std::to_string(size); }

std::string ratio_cell(Seconds time, Seconds bound) { return bound > Seconds{} ? times(time / bound) : "-"; }

std::string column_heads(const std::vector<ColumnHead>& heads, const Style& style) {
  std::string above(kLabelWidth, ' '), names = above, states = above;
  for (const auto& [name, state] : heads) {
    const std::size_t cut = name.size() < kColumnWidth ? 0 : name.rfind('_', kColumnWidth - 2) + 1;
    above += fmt::format("{:>{}}", name.substr(0, cut), kColumnWidth);
    names += style.strong(fmt::format("{:>{}}", name.substr(cut), kColumnWidth));
    const std::string cell = fmt::format("{:>{}}", state, kColumnWidth);
    states += state == "refused" ? style.bad(cell) : cell;
  }
  return line_of(above) + names + "\n" + line_of(states);
}

}  // namespace ithaca
