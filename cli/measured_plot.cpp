#include "cli/measured_plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/units.hpp"

namespace ithaca {
namespace {

constexpr int kColumns = 66, kLines = 12;

struct Axis {
  double least, most;
  int cells;
  int cell(double value) const {
    if (most <= least) return 0;
    return static_cast<int>(std::lround((std::log(value) - std::log(least)) / std::log(most / least) * (cells - 1)));
  }
};

void put(std::string& line, int column, char mark) {
  char& cell = line[static_cast<std::size_t>(column)];
  cell = cell == ' ' || cell == mark ? mark : '@';
}

}  // namespace

std::string measured_plot(const std::vector<MeasuredPoint>& points, PlotAxis axis) {
  std::vector<double> bytes, times;
  for (const MeasuredPoint& p : points) {
    if (!(p.bytes > 0 && p.measured > 0 && p.predicted > 0)) continue;
    bytes.push_back(p.bytes);
    times.insert(times.end(), {p.measured, p.predicted});
  }
  if (bytes.empty()) return "";
  const Axis x{*std::min_element(bytes.begin(), bytes.end()), *std::max_element(bytes.begin(), bytes.end()), kColumns};
  const Axis y{*std::min_element(times.begin(), times.end()), *std::max_element(times.begin(), times.end()), kLines};
  std::vector<std::string> lines(kLines, std::string(kColumns, ' '));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    put(lines[static_cast<std::size_t>(y.cell(times[2 * i]))], x.cell(bytes[i]), 'o');
    put(lines[static_cast<std::size_t>(y.cell(times[2 * i + 1]))], x.cell(bytes[i]), '*');
  }
  std::string out;
  for (int line = kLines - 1; line >= 0; --line) {
    const std::string label = line == kLines - 1 ? fmt::format("{:.4g} us", y.most * 1e6)
                              : line == 0        ? fmt::format("{:.4g} us", y.least * 1e6)
                                                 : "";
    out += fmt::format("{:>12} |{}\n", label, lines[static_cast<std::size_t>(line)]);
  }
  const auto label = [&](double work) {
    return axis == PlotAxis::bytes ? print(Bytes{work}) : fmt::format("{:.2g} GFLOP", work / 1e9);
  };
  const std::string from = label(x.least), to = label(x.most);
  out += fmt::format("{:>12} +{:-<{}}\n{:14}{:<{}}{}\n", "", "", kColumns, "", from,
                     kColumns - static_cast<int>(to.size()), to);
  return out + "              o measured, * predicted, @ both\n";
}

}  // namespace ithaca
