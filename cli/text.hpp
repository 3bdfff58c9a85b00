#pragma once
// Text for people: numbers with three significant digits, one unit for a line of numbers, wrapped paragraphs.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ithaca {

/// Three significant digits, thousands in groups: 0.969, 31.0, 1,040,000. Exponents below 10^-4 and from 10^9 on, so
/// that no number is longer than eleven characters.
std::string significant(double value);
/// All digits, in groups of three.
std::string grouped(std::int64_t value);
/// A ratio as people say it: "1.32x".
std::string times(double ratio);

struct Scale {
  std::string_view unit;
  double size = 1;
};
inline constexpr double kGiB = 1024.0 * 1024 * 1024;
inline constexpr Scale kByteScales[] = {
    {"B", 1}, {"KiB", 1024.0}, {"MiB", 1024.0 * 1024}, {"GiB", kGiB}, {"TiB", 1024 * kGiB}};
inline constexpr Scale kSecondScales[] = {{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}};
inline constexpr Scale kCountScales[] = {{"", 1}, {"10^3", 1e3}, {"10^6", 1e6}, {"10^9", 1e9}, {"10^12", 1e12}};

/// One unit for all values: the largest in which none of them falls below 0.1. Zeros do not count.
Scale common_scale(std::span<const double> values, std::span<const Scale> scales);

/// Paragraph broken between words; no line is longer than `width` unless one word is. Every line ends in a newline.
std::string wrap(std::string_view text, int width, std::string_view first_indent = "", std::string_view indent = "");
/// "a, b and c"
std::string join_words(const std::vector<std::string>& words, std::string_view last = "and");

}  // namespace ithaca
