#pragma once
// Lines with markers on two logarithmic axes as SVG with a legend in HTML, for the page's style sheet.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ithaca {

/// What a chart's upright axis counts: bytes in units of 1024, seconds or bytes a second in units of 1000.
enum class LineUnit : std::uint8_t { bytes, seconds, rate };

struct LineChart {
  struct Point {
    double x = 0, y = 0;  ///< above zero
    std::string title;    ///< on hover
  };
  struct Series {
    std::string name;
    int color = 0;  ///< s0, s1, ...
    std::vector<Point> points;
  };
  std::string title, x_label, y_label;
  std::vector<double> x_ticks;  ///< rising, at least two
  std::vector<Series> series;
  std::optional<double> limit;  ///< an upright line
  std::string limit_label;
  LineUnit unit = LineUnit::bytes;
  std::vector<std::string> x_words;  ///< at the ticks, in place of their numbers
};

std::string write_lines(const LineChart& chart);

}  // namespace ithaca
