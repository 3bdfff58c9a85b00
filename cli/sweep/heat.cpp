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

/// The numbers of the map, each once, from the least.
std::vector<double> numbers(const std::vector<std::string>& cells) {
  std::vector<double> values;
  for (const std::string& cell : cells) {
    if (const auto value = number(cell)) values.push_back(*value);
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

/// Those that cut them into as many equal parts as there are shades.
std::vector<double> quantiles(const std::vector<double>& values) {
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

/// A cell is its value, or a symbol: a shade of its value or a letter of its word.
std::string HeatMap::row(std::size_t y, const Columns& columns, const Symbols& symbols) const {
  std::string text;
  for (std::size_t x = 0; x < across().words.size(); ++x) {
    const std::string& cell = cells_[y * across().words.size() + x];
    const auto value = number(cell);
    std::string symbol = value          ? std::string(1, kShades[shade(*value, symbols.bounds)])
                         : cell.empty() ? " "
                                        : std::string(1, symbols.letters.at(cell));
    std::string one = columns.symbols ? symbol : shown(cell);
    if (columns.headed) one = fmt::format(" {:>{}}", one, columns.width);
    if (style_.color && value) one = fmt::format("\x1b[48;5;{}m{}\x1b[0m", kColors[shade(*value, symbols.bounds)], one);
    text += one;
  }
  return text;
}

/// Values where they fit under the headings, else symbols, in the end without headings.
HeatMap::Columns HeatMap::columns(std::size_t label) const {
  std::size_t heading = 1, cell = 1;
  for (const std::string& word : across().words) heading = std::max(heading, word.size());
  for (const std::string& each : cells_) cell = std::max(cell, shown(each).size());
  const auto fits = [&](std::size_t width) {
    return label + across().words.size() * (width + 1) <= static_cast<std::size_t>(style_.width);
  };
  const std::size_t both = std::max(heading, cell);
  if (fits(both)) return {both, true, false};
  return {heading, fits(heading), true};
}

std::string HeatMap::legend(const Columns& columns, const Symbols& symbols, const std::vector<double>& values) const {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  if (!columns.symbols) return "";
  if (!columns.headed)
    add(fmt::format("{} from {} to {}", across().name, across().words.front(), across().words.back()));
  std::string words;
  for (const auto& [word, letter] : symbols.letters)
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ", letter, word);
  if (!words.empty()) add(words);
  if (values.size() > 1)
    add(fmt::format("{} {} to {} {}", kShades.front(), significant(values.front()), kShades.back(),
                    significant(values.back())));
  const bool any_blank = std::any_of(cells_.begin(), cells_.end(), [](const auto& cell) { return cell.empty(); });
  if (any_blank) add("blank: nothing fits");
  return wrap(text, style_.width);
}

std::string HeatMap::draw() const {
  std::size_t label = 0;
  for (const std::string& word : down().words) label = std::max(label, word.size());
  const std::vector<double> values = numbers(cells_);
  const Symbols symbols{quantiles(values), letters_of(cells_)};
  const Columns columns = this->columns(label);
  std::string text = title();
  if (columns.headed) {
    text += std::string(label, ' ');
    for (const std::string& word : across().words) text += fmt::format(" {:>{}}", word, columns.width);
    text += "\n";
  }
  for (std::size_t y = 0; y < down().words.size(); ++y) {
    std::string line =
        fmt::format("{:>{}}", down().words[y], label) + (columns.headed ? "" : " ") + row(y, columns, symbols);
    line.resize(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text + legend(columns, symbols, values);
}

}  // namespace ithaca
