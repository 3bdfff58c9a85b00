#include "cli/chart_bars.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/markup.hpp"
#include "cli/text.hpp"

namespace ithaca {
namespace {

constexpr double kWidth = 360, kMargin = 8, kTop = 20, kPitch = 50, kBar = 16, kThin = 6;

double stacked(const BarChart& chart, const BarChart::Bar& bar) {
  double sum = 0;
  for (std::size_t i = 0; i + (chart.last_beside ? 1 : 0) < bar.values.size(); ++i) sum += bar.values[i];
  return sum;
}

/// The value at the right edge.
double reach(const BarChart& chart) {
  double most = chart.limit.value_or(0);
  for (const BarChart::Bar& bar : chart.bars) {
    most = std::max(most, stacked(chart, bar));
    if (chart.last_beside && !bar.values.empty()) most = std::max(most, bar.values.back());
  }
  return most > 0 ? 1.04 * most : 1;
}

/// 1, 2 or 5 times a power of ten, so that four to nine of them reach `most`.
double tick_step(double most) {
  const double power = std::pow(10.0, std::floor(std::log10(most / 4)));
  for (const double factor : {5.0, 2.0}) {
    if (factor * power <= most / 4) return factor * power;
  }
  return power;
}

class Drawing {
 public:
  explicit Drawing(const BarChart& chart)
      : chart_(chart), reach_(reach(chart)), bottom_(kTop + kPitch * static_cast<double>(chart.bars.size())) {}

  std::string draw() const {
    std::string svg =
        fmt::format("<svg class=\"chart\" viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"{}\">\n", kWidth,
                    bottom_ + 34, escaped(chart_.title));
    svg += axis();
    for (std::size_t i = 0; i < chart_.bars.size(); ++i)
      svg += bar(chart_.bars[i], kTop + kPitch * static_cast<double>(i));
    return svg + limit() + "</svg>\n";
  }

 private:
  double at(double value) const { return kMargin + (kWidth - 2 * kMargin) * value / reach_; }

  std::string axis() const {
    std::string svg;
    const double step = tick_step(reach_);
    for (int i = 0; i * step <= reach_; ++i) {
      const double x = at(i * step);
      svg += fmt::format("<path class=\"grid\" d=\"M{:.1f} {:.1f}V{:.1f}\"/>\n", x, kTop, bottom_ + 4);
      svg += svg_text(x, bottom_ + 15, i == 0 ? "soft" : "soft mid", fmt::format("{:.6g}", i * step));
    }
    return svg + svg_text(kWidth - kMargin, bottom_ + 29, "soft end", chart_.unit);
  }

  std::string part(std::size_t series, double from, double value, double y, double high) const {
    const bool hatched = chart_.last_beside && series + 1 == chart_.series.size();
    return fmt::format(
        "<rect class=\"s{}{}\" x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{:.0f}\"><title>{}</title></rect>\n",
        series, hatched ? " hatched" : "", at(from), y, at(from + value) - at(from), high,
        escaped(fmt::format("{}: {} {}", chart_.series[series], significant(value), chart_.unit)));
  }

  std::string bar(const BarChart::Bar& bar, double y) const {
    std::string svg =
        svg_text(kMargin, y + 12, "label", bar.label) + svg_text(kWidth - kMargin, y + 12, "end label", bar.total);
    double from = 0;
    for (std::size_t i = 0; i < bar.values.size(); ++i) {
      if (chart_.last_beside && i + 1 == bar.values.size()) {
        svg += part(i, 0, bar.values[i], y + 17 + kBar + 1, kThin);
      } else if (bar.values[i] > 0) {
        svg += part(i, from, bar.values[i], y + 17, kBar);
        from += bar.values[i];
      }
    }
    return svg;
  }

  /// Across the bars alone, so that it crosses no words.
  std::string limit() const {
    if (!chart_.limit) return "";
    const double x = at(*chart_.limit);
    std::string svg;
    for (std::size_t i = 0; i < chart_.bars.size(); ++i) {
      if (chart_.bars[i].values.empty()) continue;
      const double y = kTop + kPitch * static_cast<double>(i) + 15;
      svg += fmt::format("<path class=\"limit\" d=\"M{:.1f} {:.1f}V{:.1f}\"/>\n", x, y, y + kBar + 6);
    }
    const bool right = x > kWidth / 2;
    return svg + svg_text(right ? std::min(x + 20, kWidth - kMargin) : std::max(x - 20, kMargin), kTop - 8,
                          right ? "limit-label end" : "limit-label", chart_.limit_label);
  }

  const BarChart& chart_;
  double reach_, bottom_;
};

}  // namespace

std::string write_bars(const BarChart& chart) {
  return Drawing(chart).draw() + write_legend(chart.series, chart.last_beside);
}

std::string write_legend(const std::vector<std::string>& names, bool last_hatched) {
  std::string html = "<ul class=\"legend\">\n";
  for (std::size_t i = 0; i < names.size(); ++i) {
    html += fmt::format(
        "<li><svg class=\"swatch\" viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect class=\"s{}{}\" width=\"10\" "
        "height=\"10\"/></svg>{}</li>\n",
        i, last_hatched && i + 1 == names.size() ? " hatched" : "", escaped(names[i]));
  }
  return html + "</ul>\n";
}

}  // namespace ithaca
