#include "cli/sweep/heat.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "cli/text.hpp"

namespace ithaca {
namespace {

constexpr std::string_view kShades = ".:-=+*#%@";
/// Backgrounds of a 256-colour terminal from green to red, as many as there are shades.
constexpr int kColors[] = {22, 28, 34, 70, 106, 142, 136, 130, 124};

std::optional<double> number(const std::string& cell) {
  char* end = nullptr;
  const double value = std::strtod(cell.c_str(), &end);
  return cell.empty() || *end != '\0' ? std::nullopt : std::optional(value);
}

std::string shown(const std::string& cell) {
  if (cell.empty()) return "-";
  const auto value = number(cell);
  return value ? significant(*value) : cell;
}

/// Values that cut those of the map into as many equal parts as there are shades.
std::vector<double> quantiles(const std::vector<std::string>& cells) {
  std::vector<double> values;
  for (const std::string& cell : cells) {
    if (const auto value = number(cell)) values.push_back(*value);
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  std::vector<double> bounds;
  for (std::size_t i = 1; i < kShades.size() && values.size() > 1; ++i)
    bounds.push_back(values[std::min(values.size() - 1, i * values.size() / kShades.size())]);
  return bounds;
}

/// One for each word of the map: its first letter that no word before it has.
std::map<std::string, char> letters_of(const std::vector<std::string>& cells) {
  std::map<std::string, char> letters;
  for (const std::string& cell : cells) {
    if (!cell.empty() && !number(cell)) letters.emplace(cell, '?');
  }
  std::string used;
  for (auto& [word, letter] : letters) {
    const std::size_t free = word.find_first_not_of(used);
    if (free != std::string::npos) letter = word[free];
    used += letter;
  }
  return letters;
}

std::size_t shade(double value, std::span<const double> bounds) {
  return static_cast<std::size_t>(std::upper_bound(bounds.begin(), bounds.end(), value) - bounds.begin());
}

}  // namespace

HeatMap::HeatMap(std::span<const SweepAxis> axes, std::string field, const Style& style)
    : axes_(axes), field_(std::move(field)), style_(style) {}

std::string HeatMap::take(std::string_view lines) {
  std::string text;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    cells_.emplace_back(lines.substr(0, end));
    lines.remove_prefix(end + 1);
    if (cells_.size() < across().words.size() * down().words.size()) continue;
    text += (maps_ > 0 ? "\n" : "") + draw();
    cells_.clear();
    ++maps_;
  }
  return text;
}

std::string HeatMap::title() const {
  std::string text = fmt::format("{}: {} down, {} across", field_, down().name, across().name);
  Digits digits;
  digits_at(axes_.first(axes_.size() - 2), maps_, digits);
  for (std::size_t i = 0; i + 2 < axes_.size(); ++i)
    text += fmt::format("{} {} {}", i == 0 ? ";" : ",", axes_[i].name, axes_[i].words[digits[i]]);
  return wrap(text, style_.width);
}

/// A cell is its value; where the map is too wide for that, a shade of its value or a letter of its word.
std::string HeatMap::row(std::size_t y, std::size_t width, std::span<const double> bounds,
                         const std::map<std::string, char>& letters) const {
  std::string text;
  for (std::size_t x = 0; x < across().words.size(); ++x) {
    const std::string& cell = cells_[y * across().words.size() + x];
    const auto value = number(cell);
    std::string shown_cell = width > 1      ? fmt::format(" {:>{}}", shown(cell), width)
                             : value        ? std::string(1, kShades[shade(*value, bounds)])
                             : cell.empty() ? " "
                                            : std::string(1, letters.at(cell));
    if (style_.color && value)
      shown_cell = fmt::format("\x1b[48;5;{}m{}\x1b[0m", kColors[shade(*value, bounds)], shown_cell);
    text += shown_cell;
  }
  return text;
}

std::string HeatMap::draw() const {
  std::size_t label = 0, width = 1;
  for (const std::string& word : down().words) label = std::max(label, word.size());
  for (const std::string& cell : cells_) width = std::max(width, shown(cell).size());
  for (const std::string& word : across().words) width = std::max(width, word.size());
  const std::vector<double> bounds = quantiles(cells_);
  const std::map<std::string, char> letters = letters_of(cells_);
  const bool wide = label + across().words.size() * (width + 1) > static_cast<std::size_t>(style_.width);
  std::string text = title();
  if (!wide) {
    text += std::string(label, ' ');
    for (const std::string& word : across().words) text += fmt::format(" {:>{}}", word, width);
    text += "\n";
  }
  for (std::size_t y = 0; y < down().words.size(); ++y) {
    std::string line =
        fmt::format("{:>{}}", down().words[y], label) + (wide ? " " : "") + row(y, wide ? 1 : width, bounds, letters);
    line.resize(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  std::string legend;
  for (const auto& [word, letter] : letters) legend += fmt::format("{}{} {}", legend.empty() ? "" : ", ", letter, word);
  if (wide && !legend.empty()) text += wrap(legend, style_.width);
  if (wide && !bounds.empty())
    text +=
        fmt::format("from {} ({}) to {} ({}); blank: no answer\n", kShades.front(), "least", kShades.back(), "most");
  return text;
}

}  // namespace ithaca
