#include "cli/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ithaca {
namespace {

/// Puts a comma after every third digit from the right; `digits` has no sign.
std::string group_digits(std::string digits) {
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return digits;
}

}  // namespace

std::string grouped(std::int64_t value) {
  const std::string digits = fmt::format("{}", value);
  return value < 0 ? "-" + group_digits(digits.substr(1)) : group_digits(digits);
}

std::string significant(double value) {
  if (value < 0) return "-" + significant(-value);
  if (value == 0) return "0";
  std::string rounded = fmt::format("{:.2e}", value);  // d.dde+xx: rounding may add a digit
  const int exponent = std::stoi(rounded.substr(rounded.find('e') + 1));
  if (exponent < -4 || exponent > 8) return rounded;
  if (exponent < 2) return fmt::format("{:.{}f}", value, 2 - exponent);
  return group_digits(fmt::format("{:.0f}", std::stod(rounded)));
}

std::string times(double ratio) { return significant(ratio) + "x"; }

Scale common_scale(std::span<const double> values, std::span<const Scale> scales) {
  double smallest = 0;
  for (const double value : values) {
    if (value > 0 && (smallest == 0 || value < smallest)) smallest = value;
  }
  Scale chosen = scales.front();
  for (const Scale& scale : scales) {
    const bool all_readable = smallest / scale.size >= 0.1;
    const bool useful = std::any_of(values.begin(), values.end(), [&](double v) { return v >= scale.size; });
    if (all_readable && useful) chosen = scale;
  }
  return chosen;
}

std::string wrap(std::string_view text, int width, std::string_view first_indent, std::string_view indent) {
  std::string result, line{first_indent};
  bool empty = true;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    if (!empty && line.size() + 1 + word.size() > static_cast<std::size_t>(width)) {
      result += line + "\n";
      line = indent;
      empty = true;
    }
    if (!empty) line += ' ';
    line += word;
    empty = false;
  }
  line.resize(line.find_last_not_of(' ') + 1);  // an indent alone
  return result + line + "\n";
}

std::string join_words(const std::vector<std::string>& words, std::string_view last) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 < words.size() ? ", " : fmt::format(" {} ", last);
    text += words[i];
  }
  return text;
}

}  // namespace ithaca
