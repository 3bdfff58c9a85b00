#include "cli/chart_cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "cli/markup.hpp"
#include "cli/text.hpp"

namespace ithaca {
namespace {

constexpr double kWidth = 360, kLeft = 52, kRight = 4, kTop = 18, kHigh = 28, kLine = 13;
constexpr int kLetters = 58;  // of a line of words

std::vector<std::string> lines_of(const std::string& words) {
  std::vector<std::string> lines;
  std::istringstream text(wrap(words, kLetters));
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

class Drawing {
 public:
  explicit Drawing(const CellChart& chart)
      : chart_(chart),
        wide_((kWidth - kLeft - kRight) / static_cast<double>(std::max<std::size_t>(1, chart.columns.size()))),
        bottom_(kTop + kHigh * static_cast<double>(chart.rows.size())) {
    for (const auto& cell : chart.cells) lines_ = std::max(lines_, lines_of(cell.words).size());
  }

  std::string draw() const {
    std::string svg =
        fmt::format("<svg class=\"chart\" viewBox=\"0 0 {:.0f} {:.0f}\" role=\"group\" aria-label=\"{}\">\n", kWidth,
                    words_top() + box_height() + 4, escaped(chart_.title));
    svg += axes() + words(chart_.prompt, "prompt");
    for (std::size_t i = 0; i < chart_.cells.size(); ++i) svg += cell(i);
    return svg + "</svg>\n";
  }

 private:
  double words_top() const { return bottom_ + 38; }
  double box_height() const { return kLine * static_cast<double>(lines_) + 8; }

  std::string axes() const {
    std::string svg =
        svg_text(2, 11, "soft", chart_.y_label) + svg_text(kWidth - kRight, bottom_ + 30, "soft end", chart_.x_label);
    for (std::size_t i = 0; i < chart_.rows.size(); ++i)
      svg += svg_text(kLeft - 5, kTop + kHigh * (static_cast<double>(i) + 0.5) + 4, "soft end", chart_.rows[i]);
    for (std::size_t i = 0; i < chart_.columns.size(); ++i)
      svg += svg_text(kLeft + wide_ * (static_cast<double>(i) + 0.5), bottom_ + 14, "soft mid", chart_.columns[i]);
    return svg;
  }

  std::string words(const std::string& text, std::string_view style) const {
    std::string svg = fmt::format(
        "<g class=\"{}\"><rect class=\"box\" x=\"1\" y=\"{:.1f}\" width=\"{:.0f}\" height=\"{:.1f}\" rx=\"4\"/>\n",
        style, words_top(), kWidth - 2, box_height());
    double y = words_top();
    for (const std::string& line : lines_of(text)) svg += svg_text(8, y += kLine, "words", line);
    return svg + "</g>";
  }

  std::string cell(std::size_t index) const {
    const CellChart::Cell& cell = chart_.cells[index];
    const double x = kLeft + wide_ * static_cast<double>(index % chart_.columns.size());
    const std::size_t row = index / chart_.columns.size();
    const double y = kTop + kHigh * static_cast<double>(row);
    const std::string color = cell.letters.empty() ? "refused" : fmt::format("s{}", cell.color);
    std::string svg = fmt::format(
        "<g class=\"cell{}\" tabindex=\"0\" role=\"img\" aria-label=\"{}\">"
        "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"2\"/>\n",
        cell.asked ? " asked" : "", escaped(cell.words), color, x + 1, y + 1, wide_ - 2, kHigh - 2);
    if (!cell.letters.empty()) svg += svg_text(x + wide_ / 2, y + kHigh / 2 + 4, "mid on", cell.letters);
    return svg + words(cell.words, "tip") + "</g>\n";
  }

  const CellChart& chart_;
  double wide_, bottom_;
  std::size_t lines_ = 2;
};

}  // namespace

std::string write_cells(const CellChart& chart) { return Drawing(chart).draw(); }

}  // namespace ithaca
