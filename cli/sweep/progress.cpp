#include "cli/sweep/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/text.hpp"

namespace ithaca {
namespace {

constexpr double kPatience = 1;    // seconds until there is anything to see
constexpr double kInterval = 0.1;  // between two looks of a terminal's line
constexpr std::size_t kBarWidth = 20;
constexpr std::size_t kBarRoom = 8;  // for which the layout's words give way

}  // namespace

std::string duration_words(double seconds) {
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  const auto whole = std::llround(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

SweepProgress::SweepProgress(std::uint64_t points, std::uint64_t done, bool on_terminal, int columns)
    : points_(points), before_(done), on_terminal_(on_terminal), columns_(columns), tenth_(done * 10 / points) {}

std::string SweepProgress::line(const SweepCounts& counts, double seconds, bool with_layout) const {
  const auto done = static_cast<double>(counts.points), all = static_cast<double>(points_);
  const double rate = (done - static_cast<double>(before_)) / seconds;
  std::string text = fmt::format("{}/{} points ({:.0f} %)  {}/s  {} left", grouped(static_cast<std::int64_t>(done)),
                                 grouped(static_cast<std::int64_t>(all)), 100 * done / all, significant(rate),
                                 duration_words(rate > 0 ? (all - done) / rate : 0));
  if (counts.best) text += fmt::format("  best {} s", significant(*counts.best));
  if (counts.best && with_layout) text += " (" + counts.best_words + ")";
  return text;
}

std::string SweepProgress::update(const SweepCounts& counts, double seconds) {
  const std::uint64_t tenth = counts.points * 10 / points_;
  if (seconds < kPatience || counts.points >= points_) return "";
  if (!on_terminal_) {
    if (tenth == tenth_) return "";
    tenth_ = tenth;
    return line(counts, seconds, true) + "\n";
  }
  if (seconds - last_ < kInterval) return "";
  last_ = seconds;
  shown_ = true;
  // The bar has what the words leave, and gives way before they do.
  const auto room = static_cast<std::size_t>(std::max(1, columns_ - 1));
  std::string text = line(counts, seconds, true);
  if (text.size() + kBarRoom > room) text = line(counts, seconds, false);
  const std::size_t left = room > text.size() + 3 ? room - text.size() - 3 : 0;
  if (const std::size_t width = std::min(kBarWidth, left); width > 0) {
    const auto full = static_cast<std::size_t>(counts.points * width / points_);
    text = "[" + std::string(full, '#') + std::string(width - full, '.') + "] " + text;
  }
  text.resize(std::min(text.size(), room));
  return "\r" + text + "\x1b[K";
}

std::string SweepProgress::clear() const { return shown_ ? "\r\x1b[K" : ""; }

}  // namespace ithaca
