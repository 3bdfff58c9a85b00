#include "model/units.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <span>

namespace ithaca {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr double kKi = 1024, kMi = kKi * kKi, kGi = kMi * kKi, kTi = kGi * kKi, kPi = kTi * kKi;

constexpr Unit kBytes[] = {{"B", 1},     {"KB", 1e3},  {"MB", 1e6},  {"GB", 1e9},  {"TB", 1e12}, {"PB", 1e15},
                           {"KiB", kKi}, {"MiB", kMi}, {"GiB", kGi}, {"TiB", kTi}, {"PiB", kPi}};
constexpr Unit kSeconds[] = {{"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}, {"min", 60}, {"h", 3600}};
constexpr Unit kRates[] = {
    {"Bps", 1},        {"KBps", 1e3},     {"MBps", 1e6},     {"GBps", 1e9},      {"TBps", 1e12}, {"bps", 0.125},
    {"Kbps", 1e3 / 8}, {"Mbps", 1e6 / 8}, {"Gbps", 1e9 / 8}, {"Tbps", 1e12 / 8}, {"KiBps", kKi}, {"MiBps", kMi},
    {"GiBps", kGi},    {"TiBps", kTi},    {"B/s", 1},        {"KB/s", 1e3},      {"MB/s", 1e6},  {"GB/s", 1e9},
    {"TB/s", 1e12},    {"GiB/s", kGi},    {"Gb/s", 1e9 / 8}};
constexpr Unit kFlopRates[] = {{"FLOPS", 1},     {"GFLOPS", 1e9},   {"TFLOPS", 1e12}, {"PFLOPS", 1e15},
                               {"GFLOP/s", 1e9}, {"TFLOP/s", 1e12}, {"PFLOP/s", 1e15}};
constexpr Unit kTokens[] = {{"", 1}, {"K", 1e3}, {"M", 1e6}, {"G", 1e9}, {"Ki", kKi}, {"Mi", kMi}, {"Gi", kGi}};
constexpr Unit kDollars[] = {{"USD", 1}};

constexpr double kLargestWhole = 9007199254740992.0;  // 2^53: beyond it doubles skip whole numbers

std::string quoted(std::string_view text) { return "'" + std::string(text.substr(0, 40)) + "'"; }

struct Number {
  double value = 0;
  std::string_view unit;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t skip_digits(std::string_view text, std::size_t i) {
  while (i < text.size() && is_digit(text[i])) ++i;
  return i;
}

/// Digits, perhaps a fraction and an exponent; then the unit, perhaps after one space.
Parsed<Number> split(std::string_view text) {
  if (text.empty()) return UnitError{"the value is empty", "write a number with its unit"};
  if (text[0] == '-') return UnitError{quoted(text) + " is negative", "give a value above 0"};
  std::size_t end = skip_digits(text, 0);
  if (end == 0) return UnitError{quoted(text) + " is no number", "write a number with its unit"};
  if (end > 1 && text[0] == '0') return UnitError{quoted(text) + " starts with a zero", "leave the zero out"};
  if (end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1])) end = skip_digits(text, end + 1);
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    const std::size_t sign = end + 1 < text.size() && (text[end + 1] == '+' || text[end + 1] == '-') ? 1 : 0;
    const std::size_t exponent = skip_digits(text, end + 1 + sign);
    if (exponent > end + 1 + sign) end = exponent;
  }
  const double value = std::strtod(std::string(text.substr(0, end)).c_str(), nullptr);
  if (!std::isfinite(value)) return UnitError{quoted(text) + " is too large", "give a value a machine can have"};
  if (end < text.size() && text[end] == ' ') ++end;
  return Number{value, text.substr(end)};
}

/// `likely` is what a bare number may have meant, with "#" for the number as written.
UnitError unit_error(std::string_view text, const Number& number, std::string_view likely) {
  const std::string digits(text.substr(0, text.size() - number.unit.size()));
  std::string next = "write ";
  for (char c : likely) next += c == '#' ? digits : std::string(1, c);
  if (number.unit.empty()) return {quoted(text) + " has no unit", next};
  return {quoted(text) + " has an unknown unit " + quoted(number.unit), next};
}

Parsed<double> parse(std::string_view text, std::span<const Unit> units, std::string_view likely) {
  auto number = split(text);
  if (!number) return number.error();
  for (const Unit& unit : units) {
    if (unit.name == number->unit) return number->value * unit.factor;
  }
  return unit_error(text, *number, likely);
}

template <class Q>
Parsed<Q> typed(const Parsed<double>& value) {
  if (!value) return value.error();
  return Q{*value};
}

/// For what no machine has none of.
template <class Q>
Parsed<Q> above_zero(std::string_view text, const Parsed<double>& value) {
  if (value && *value <= 0) return UnitError{quoted(text) + " is zero", "give a value above 0"};
  return typed<Q>(value);
}

std::string format(const char* pattern, double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, pattern, value);
  return buffer;
}

/// Three significant digits, never an exponent between 0.001 and 1e6.
std::string three_digits(double value) {
  const double size = std::fabs(value);
  if (size >= 99.95) return format("%.0f", value);
  if (size >= 9.995) return format("%.1f", value);
  if (size >= 0.9995 || size == 0) return format("%.2f", value);
  return format("%.3g", value);
}

/// The largest unit that leaves a number of 1 or more; `units` by falling factor.
std::string scaled(double value, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (std::fabs(value) >= unit.factor * 0.9995)
      return three_digits(value / unit.factor) + " " + std::string(unit.name);
  }
  return three_digits(value / units.back().factor) + " " + std::string(units.back().name);
}

/// Shortest decimal text that reads back as the same double.
std::string shortest(double value) {
  for (int digits = 1; digits < 17; ++digits) {
    const std::string text = format(("%." + std::to_string(digits) + "g").c_str(), value);
    if (std::strtod(text.c_str(), nullptr) == value) return text;
  }
  return format("%.17g", value);
}

std::string exact_in(double value, std::string_view unit) {
  std::string text = shortest(value);
  return text + std::string(unit);
}

std::string grouped(std::int64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

}  // namespace

Parsed<Bytes> parse_bytes(std::string_view text) {
  return above_zero<Bytes>(text, parse(text, kBytes, "#GB (10^9 bytes) or #GiB (2^30 bytes)"));
}
Parsed<Seconds> parse_seconds(std::string_view text) { return typed<Seconds>(parse(text, kSeconds, "#us, #ms or #s")); }
Parsed<BytesPerSecond> parse_rate(std::string_view text) {
  return above_zero<BytesPerSecond>(text, parse(text, kRates, "#Gbps (bits) or #GBps (bytes)"));
}
Parsed<FlopPerSecond> parse_flop_rate(std::string_view text) {
  return above_zero<FlopPerSecond>(text, parse(text, kFlopRates, "#TFLOPS"));
}
Parsed<Dollars> parse_dollars(std::string_view text) { return typed<Dollars>(parse(text, kDollars, "#USD")); }

Parsed<Tokens> parse_tokens(std::string_view text) {
  if (text.find('_') != std::string_view::npos) {
    return UnitError{quoted(text) + " has an underscore", "write the digits alone, or 1Mi (2^20) or 1M (10^6)"};
  }
  const auto value = parse(text, kTokens, "#, #Ki (x 2^10), #Mi (x 2^20) or #M (x 10^6)");
  if (!value) return value.error();
  if (*value != std::floor(*value)) return UnitError{quoted(text) + " is no whole number of tokens", "round it"};
  if (*value < 1) return UnitError{quoted(text) + " is below one token", "give 1 or more"};
  if (*value > 17179869184.0) return UnitError{quoted(text) + " is above 16Gi tokens", "give a shorter sequence"};
  return Tokens{static_cast<std::int64_t>(*value)};
}

Parsed<std::int64_t> parse_count(std::string_view text) {
  const auto number = split(text);
  if (!number) return UnitError{number.error().what, "give a whole number"};
  const bool plain = skip_digits(text, 0) == text.size();
  if (!plain || number->value > kLargestWhole) {
    return UnitError{quoted(text) + " is no whole number", "give plain digits such as 64"};
  }
  return static_cast<std::int64_t>(number->value);
}

std::string print(Bytes value) {
  static constexpr Unit kUnits[] = {{"PiB", kPi}, {"TiB", kTi}, {"GiB", kGi}, {"MiB", kMi}, {"KiB", kKi}, {"B", 1}};
  return scaled(value.value(), kUnits);
}
std::string print(Seconds value) {
  static constexpr Unit kUnits[] = {{"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}};
  return scaled(value.value(), kUnits);
}
std::string print(BytesPerSecond value) {
  static constexpr Unit kUnits[] = {{"TB/s", 1e12}, {"GB/s", 1e9}, {"MB/s", 1e6}, {"KB/s", 1e3}, {"B/s", 1}};
  return scaled(value.value(), kUnits);
}
std::string print(FlopPerSecond value) {
  static constexpr Unit kUnits[] = {{"PFLOP/s", 1e15}, {"TFLOP/s", 1e12}, {"GFLOP/s", 1e9}, {"FLOP/s", 1}};
  return scaled(value.value(), kUnits);
}
std::string print(Tokens value) {
  static constexpr Unit kUnits[] = {{"Gi", kGi}, {"Mi", kMi}, {"Ki", kKi}};
  for (const Unit& unit : kUnits) {
    const auto factor = static_cast<std::int64_t>(unit.factor);
    if (value.count >= factor && value.count % factor == 0)
      return std::to_string(value.count / factor) + std::string(unit.name);
  }
  return grouped(value.count);
}

std::string exact(Bytes value) { return exact_in(value.value(), "B"); }
std::string exact(Seconds value) { return exact_in(value.value(), "s"); }
std::string exact(BytesPerSecond value) { return exact_in(value.value(), "Bps"); }
std::string exact(FlopPerSecond value) { return exact_in(value.value(), "FLOPS"); }

}  // namespace ithaca
