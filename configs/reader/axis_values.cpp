#include "configs/reader/axis_values.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "configs/reader/fields.hpp"

namespace ithaca {
namespace {

constexpr std::size_t kMostValues = 100'000;
constexpr int kMostSteps = 1'000'000;  // several lead to one whole number

/// One way to read the numbers of a range and to write them again.
struct Unit {
  std::optional<double> (*read)(std::string_view);
  std::string (*write)(double);
  bool whole = false;
};

template <auto parse>
std::optional<double> read_quantity(std::string_view text) {
  const auto parsed = parse(text);
  return parsed ? std::optional(parsed->value()) : std::nullopt;
}
template <auto parse>
std::optional<double> read_number(std::string_view text) {
  const auto parsed = parse(text);
  return parsed ? std::optional(static_cast<double>(*parsed)) : std::nullopt;
}
std::optional<double> read_tokens(std::string_view text) {
  const auto parsed = parse_tokens(text);
  return parsed ? std::optional(static_cast<double>(parsed->count)) : std::nullopt;
}

/// A rate in bits a second, which is written in bits again.
std::optional<double> read_bits(std::string_view text) {
  const bool bits = text.size() > 3 && text.substr(text.size() - 3) == "bps";
  return bits ? read_quantity<parse_rate>(text) : std::nullopt;
}
std::string write_bits(double value) {
  const double bits = value * 8, mega = 1e6, giga = 1e9;
  return bits < giga ? fmt::format("{}Mbps", bits / mega) : fmt::format("{}Gbps", bits / giga);
}

std::string write_whole(double value) { return fmt::format("{:.0f}", value); }
template <class T>
std::string write_exact(double value) {
  return exact(T{value});
}
std::string write_dollars(double value) { return fmt::format("{}USD", value); }
std::string write_percent(double value) { return fmt::format("{}%", value * 100); }
std::string write_times(double value) { return fmt::format("{}x", value); }
std::string write_number(double value) { return fmt::format("{}", value); }

constexpr Unit kUnits[] = {{read_number<parse_count>, write_whole, true},
                           {read_tokens, write_whole, true},
                           {read_bits, write_bits},
                           {read_quantity<parse_rate>, write_exact<BytesPerSecond>},
                           {read_quantity<parse_bytes>, write_exact<Bytes>},
                           {read_quantity<parse_seconds>, write_exact<Seconds>},
                           {read_quantity<parse_dollars>, write_dollars},
                           {read_number<parse_percent>, write_percent},
                           {read_number<parse_times>, write_times},
                           {read_number<parse_not_negative>, write_number}};

UnitError wrong(std::string_view text, const std::string& why) {
  return {"'" + std::string(text) + "' " + why, "write 64Ki..4Mi*2, 8..64+8, [16,32,64] or 8"};
}
UnitError too_many(std::string_view text) { return wrong(text, "has more than 100,000 values"); }

Parsed<std::vector<std::string>> read_list(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t at = 1; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size() - 1);
    const std::size_t first = text.find_first_not_of(' ', at), last = text.find_last_not_of(' ', end - 1);
    if (first >= end || last < first) return wrong(text, "has an empty value");
    words.emplace_back(text.substr(first, last + 1 - first));
    at = end + 1;
  }
  if (words.empty()) return wrong(text, "has no value");
  if (words.size() > kMostValues) return too_many(text);
  return words;
}

struct Range {
  double first, last, factor, step;
};

/// The range in this unit; nothing where a part of it is in another.
std::optional<Range> read_range(const Unit& unit, std::string_view text, std::size_t dots, std::size_t sign) {
  const std::string_view by = text.substr(sign + 1);
  const auto first = unit.read(text.substr(0, dots)), last = unit.read(text.substr(dots + 2, sign - dots - 2));
  const auto change = text[sign] == '*' ? read_number<parse_not_negative>(by) : unit.read(by);
  if (!first || !last || !change) return std::nullopt;
  return text[sign] == '*' ? Range{*first, *last, *change, 0} : Range{*first, *last, 1, *change};
}

Parsed<std::vector<std::string>> write_range(const Unit& unit, const Range& range, std::string_view text) {
  if (range.last < range.first) return wrong(text, "ends below its beginning");
  if (range.factor <= 1 && range.step <= 0) return wrong(text, "never comes to its end");
  if (range.first <= 0 && range.step <= 0) return wrong(text, "never leaves zero");
  std::vector<std::string> words;
  double before = 0;
  int steps = 0;
  for (double number = range.first; number <= range.last; number = number * range.factor + range.step) {
    if (++steps > kMostSteps) return wrong(text, "moves in steps too small to come to its end");
    const double value = unit.whole ? std::floor(number) : number;
    if (!words.empty() && value <= before) continue;
    if (words.size() == kMostValues) return too_many(text);
    words.push_back(unit.write(before = value));
  }
  return words;
}

}  // namespace

Parsed<std::vector<std::string>> parse_axis_values(std::string_view text) {
  if (text.size() > 1 && text.front() == '[' && text.back() == ']') return read_list(text);
  if (text.empty()) return wrong(text, "is no value");
  const std::size_t dots = text.find("..");
  const bool numbers = text[0] >= '0' && text[0] <= '9' && dots != std::string_view::npos;
  if (!numbers) return std::vector<std::string>{std::string(text)};
  const std::size_t sign = text.find_first_of("*+", dots);
  if (sign == std::string_view::npos) return wrong(text, "does not say in which steps");
  for (const Unit& unit : kUnits) {
    if (const auto range = read_range(unit, text, dots, sign)) return write_range(unit, *range, text);
  }
  return wrong(text, "has a beginning, an end and a step that do not go together");
}

}  // namespace ithaca
