#include "configs/reader/byte_range.hpp"

#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>

namespace ithaca {
namespace {

constexpr std::size_t kMostSizes = 1000;
constexpr int kMostRounds = 1'000'000;  // several lead to one whole number

/// Sizes and counts alike as numbers.
using Numbers = std::vector<double>;

/// How one of them is read, what they are called, and how a range of them is written.
struct Kind {
  Parsed<double> (*parse)(std::string_view);
  std::string_view plural, examples;
  bool whole;
};

Parsed<double> one_size(std::string_view text) {
  const auto size = parse_bytes(text);
  if (!size) return size.error();
  return size->value();
}

Parsed<double> one_count(std::string_view text) {
  const auto count = parse_count(text);
  if (!count) return count.error();
  if (*count == 0) return UnitError{"'0' is none", "give at least 1"};
  return static_cast<double>(*count);
}

constexpr Kind kSizes{one_size, "sizes", "1KiB..1GiB*4, 8MiB..64MiB+8MiB, [1MiB,3MiB] or 16MiB", false};
constexpr Kind kCounts{one_count, "numbers", "8..512*2, 8..64+8, [16,32,64] or 8", true};

UnitError wrong(const Kind& kind, std::string_view text, const std::string& why) {
  return {"'" + std::string(text) + "' " + why, "write " + std::string(kind.examples)};
}
UnitError too_many(const Kind& kind, std::string_view text) {
  return wrong(kind, text, "has more than 1,000 " + std::string(kind.plural));
}

Parsed<Numbers> parse_list(const Kind& kind, std::string_view text) {
  Numbers numbers;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const auto number = kind.parse(text.substr(at, end - at));
    if (!number) return number.error();
    numbers.push_back(*number);
    at = end + 1;
  }
  if (numbers.size() > kMostSizes) return too_many(kind, text);
  return numbers;
}

/// "4" or "1.5"; nothing for what is not above one.
std::optional<double> parse_factor(const std::string& text) {
  char* end = nullptr;
  const bool digits = text.find_first_not_of("0123456789.") == std::string::npos;
  const double factor = digits ? std::strtod(text.c_str(), &end) : 0;
  if (text.empty() || !digits || *end != '\0' || factor <= 1 || factor > 1e18) return std::nullopt;
  return factor;
}

Parsed<Numbers> parse_range(const Kind& kind, std::string_view text) {
  if (text.size() > 1 && text.front() == '[' && text.back() == ']') {
    return parse_list(kind, text.substr(1, text.size() - 2));
  }
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) return parse_list(kind, text);
  const std::size_t sign = text.find_first_of("*+", dots);
  if (sign == std::string_view::npos) return wrong(kind, text, "does not say in which steps");
  const auto first = kind.parse(text.substr(0, dots)), last = kind.parse(text.substr(dots + 2, sign - dots - 2));
  if (!first) return first.error();
  if (!last) return last.error();
  if (*last < *first) return wrong(kind, text, "ends below its beginning");
  double factor = 1, step = 0;
  if (text[sign] == '*') {
    const auto given = parse_factor(std::string(text.substr(sign + 1)));
    if (!given) return wrong(kind, text, "needs a factor above 1");
    factor = *given;
  } else {
    const auto given = kind.parse(text.substr(sign + 1));
    if (!given) return given.error();
    step = *given;
  }
  Numbers numbers;
  int steps = 0;
  for (double number = *first; number <= *last; number = number * factor + step) {
    if (++steps > kMostRounds) return wrong(kind, text, "moves in steps too small to come to its end");
    if (numbers.size() == kMostSizes) return too_many(kind, text);
    const double value = kind.whole ? std::floor(number) : number;
    if (numbers.empty() || value > numbers.back()) numbers.push_back(value);
  }
  return numbers;
}

}  // namespace

Parsed<std::vector<Bytes>> parse_byte_range(std::string_view text) {
  const auto numbers = parse_range(kSizes, text);
  if (!numbers) return numbers.error();
  std::vector<Bytes> sizes;
  for (const double number : *numbers) sizes.emplace_back(number);
  return sizes;
}

Parsed<std::vector<std::int64_t>> parse_count_range(std::string_view text) {
  const auto numbers = parse_range(kCounts, text);
  if (!numbers) return numbers.error();
  std::vector<std::int64_t> counts;
  for (const double number : *numbers) counts.push_back(static_cast<std::int64_t>(number));
  return counts;
}

}  // namespace ithaca
