#pragma once
// Stacked bars as SVG with a legend in HTML, one bar below the other, for the page's style sheet (cli/page_style.hpp).

#include <optional>
#include <string>
#include <vector>

namespace ithaca {

struct BarChart {
  struct Bar {
    std::string label;
    std::string total;           ///< in words, at the bar's right end
    std::vector<double> values;  ///< one a series, stacked; none where the row is refused
  };
  std::string title;  ///< for readers of the page's text
  std::string unit;
  std::vector<std::string> series;
  std::vector<Bar> bars;
  bool last_beside = false;     ///< the last series is not stacked but drawn beside the others, from zero
  std::optional<double> limit;  ///< a line across all bars
  std::string limit_label;
};

std::string write_bars(const BarChart& chart);

/// One entry for each name, in the colours s0, s1, ...; the last one hatched where asked.
std::string write_legend(const std::vector<std::string>& names, bool last_hatched = false);

}  // namespace ithaca
