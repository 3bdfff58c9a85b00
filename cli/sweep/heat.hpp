#pragma once
// A figure of a sweep over its two last axes, as a map for the terminal; one map for each combination of the others.

#include <map>
#include <span>
#include <string>
#include <vector>

#include "cli/sweep/axes.hpp"
#include "cli/terminal.hpp"

namespace ithaca {

class HeatMap {
 public:
  /// `axes` are two or more.
  HeatMap(std::span<const SweepAxis> axes, std::string field, const Style& style);
  /// Takes lines of one cell each, in the order of the points; an empty one is a point without an answer. Gives the
  /// maps that are complete with them.
  std::string take(std::string_view lines);

 private:
  std::string draw() const;
  std::string title() const;
  /// How cells are shown: `width` characters under a heading or one without, as a symbol or whole.
  struct Columns {
    std::size_t width = 1;
    bool headed = false, symbols = false;
  };
  /// Shades change at the bounds; words have letters.
  struct Symbols {
    std::vector<double> bounds;
    std::map<std::string, char> letters;
  };
  Columns columns(std::size_t label) const;
  std::string row(std::size_t y, const Columns& columns, const Symbols& symbols) const;
  std::string legend(const Columns& columns, const Symbols& symbols, const std::vector<double>& values) const;
  const SweepAxis& across() const { return axes_[axes_.size() - 1]; }
  const SweepAxis& down() const { return axes_[axes_.size() - 2]; }

  std::span<const SweepAxis> axes_;
  std::string field_;
  Style style_;
  std::vector<std::string> cells_;
  std::uint64_t maps_ = 0;
};

}  // namespace ithaca
