#include "cli/chart_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "cli/markup.hpp"

namespace ithaca {
namespace {

constexpr double kWidth = 360, kHeight = 280, kLeft = 52, kRight = 12, kTop = 30, kBottom = 40;

constexpr const char* kByteUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
constexpr const char* kSecondUnits[] = {"ns", "us", "ms", "s", "ks"};
constexpr const char* kRateUnits[] = {"B/s", "KB/s", "MB/s", "GB/s", "TB/s"};

struct Tick {
  double value;
  std::string words;
};

/// 1, 10 and 100 of every unit.
std::vector<Tick> ticks_of(std::span<const char* const> units, double size, double factor) {
  std::vector<Tick> ticks;
  for (const char* unit : units) {
    for (const int count : {1, 10, 100}) ticks.push_back({size * count, fmt::format("{} {}", count, unit)});
    size *= factor;
  }
  return ticks;
}

std::vector<Tick> ticks_of(LineUnit unit) {
  switch (unit) {
    case LineUnit::bytes: return ticks_of(kByteUnits, 1, 1024);
    case LineUnit::seconds: return ticks_of(kSecondUnits, 1e-9, 1000);
    case LineUnit::rate: break;
  }
  return ticks_of(kRateUnits, 1, 1000);
}

class Drawing {
 public:
  explicit Drawing(const LineChart& chart) : chart_(chart) {
    double least = 0, most = 0;
    for (const auto& series : chart.series) {
      for (const auto& point : series.points) {
        least = least > 0 ? std::min(least, point.y) : point.y;
        most = std::max(most, point.y);
      }
    }
    least_ = least > 0 ? least / 1.5 : 1;
    most_ = most > 0 ? 1.5 * most : 10;
  }

  std::string draw() const {
    std::string svg =
        fmt::format("<svg class=\"chart\" viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"{}\">\n", kWidth,
                    kHeight, escaped(chart_.title));
    svg += x_axis() + y_axis() + limit();
    for (std::size_t i = 0; i < chart_.series.size(); ++i) svg += line(chart_.series[i], i);
    return svg + "</svg>\n" + legend();
  }

 private:
  double x(double value) const {
    const double first = chart_.x_ticks.front(), last = chart_.x_ticks.back();
    return kLeft + 8 + (kWidth - kLeft - kRight - 16) * std::log(value / first) / std::log(last / first);
  }
  double y(double value) const {
    return kHeight - kBottom - (kHeight - kTop - kBottom) * std::log(value / least_) / std::log(most_ / least_);
  }

  std::string x_axis() const {
    std::string svg;
    const bool numbers = chart_.x_words.empty();
    const std::size_t every = 1 + chart_.x_ticks.size() / (numbers ? 10 : 6);
    for (std::size_t i = 0; i < chart_.x_ticks.size(); ++i) {
      const double at = x(chart_.x_ticks[i]);
      svg += fmt::format("<path class=\"grid\" d=\"M{:.1f} {:.1f}V{:.1f}\"/>\n", at, kTop, kHeight - kBottom);
      if (i % every == 0)
        svg += svg_text(std::min(at, kWidth - kRight - 8), kHeight - kBottom + 14, "soft mid",
                        numbers ? fmt::format("{:.0f}", chart_.x_ticks[i]) : chart_.x_words[i]);
    }
    return svg + svg_text(kWidth - kRight, kHeight - 8, "soft end", chart_.x_label);
  }

  std::string y_axis() const {
    std::string svg = svg_text(2, 12, "soft", chart_.y_label);
    for (const Tick& tick : ticks_of(chart_.unit)) {
      if (tick.value < least_ || tick.value > most_) continue;
      svg += fmt::format("<path class=\"grid\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>\n", kLeft, y(tick.value), kWidth - kRight);
      svg += svg_text(kLeft - 4, y(tick.value) + 4, "soft end", tick.words);
    }
    return svg;
  }

  std::string limit() const {
    if (!chart_.limit || *chart_.limit < chart_.x_ticks.front() || *chart_.limit > chart_.x_ticks.back()) return "";
    const double at = x(*chart_.limit);
    return fmt::format("<path class=\"limit\" d=\"M{:.1f} {:.1f}V{:.1f}\"/>\n", at, kTop - 4, kHeight - kBottom) +
           svg_text(std::min(at + 30, kWidth - kRight), kTop - 7, "limit-label end", chart_.limit_label);
  }

  /// Circle, square, triangle or diamond, by the series' place.
  static std::string marker(std::size_t series, int color, double px, double py, const std::string& title) {
    constexpr const char* kShapes[] = {"m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z", "m-3.5 -3.5h7v7h-7z", "m0 -4.5l4.5 8h-9z",
                                       "m0 -5l5 5l-5 5l-5 -5z"};
    return fmt::format("<path class=\"s{}\" d=\"M{:.1f} {:.1f}{}\"><title>{}</title></path>\n", color, px, py,
                       kShapes[series % 4], escaped(title));
  }

  std::string line(const LineChart::Series& series, std::size_t number) const {
    std::string path, markers;
    for (const auto& point : series.points) {
      path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x(point.x), y(point.y));
      markers += marker(number, series.color, x(point.x), y(point.y), point.title);
    }
    if (path.empty()) return "";
    return fmt::format("<path class=\"line l{} d{}\" d=\"{}\"/>\n", series.color, number % 4, path) + markers;
  }

  std::string legend() const {
    std::string html = "<ul class=\"legend\">\n";
    for (std::size_t i = 0; i < chart_.series.size(); ++i) {
      html += R"(<li><svg class="swatch" viewBox="0 0 10 10" aria-hidden="true">)" +
              marker(i, chart_.series[i].color, 5, 5, "") + "</svg>" + escaped(chart_.series[i].name) + "</li>\n";
    }
    return html + "</ul>\n";
  }

  const LineChart& chart_;
  double least_ = 1, most_ = 10;
};

}  // namespace

std::string write_lines(const LineChart& chart) { return Drawing(chart).draw(); }

}  // namespace ithaca
