#include "model/units.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <span>

namespace ithaca {
namespace {

/// A unit multiplies by 10^exponent x factor. Powers of ten join the number's own exponent, so that 7.1us is exactly
/// 7.1e-6.
struct Unit {
  std::string_view name;
  int exponent = 0;
  double factor = 1;
};

constexpr double kKi = 1024, kMi = kKi * kKi, kGi = kMi * kKi, kTi = kGi * kKi, kPi = kTi * kKi, kBit = 1.0 / 8;

constexpr Unit kByteUnits[] = {{"B"},           {"KB", 3},       {"MB", 6},       {"GB", 9},
                               {"TB", 12},      {"PB", 15},      {"KiB", 0, kKi}, {"MiB", 0, kMi},
                               {"GiB", 0, kGi}, {"TiB", 0, kTi}, {"PiB", 0, kPi}};
constexpr Unit kSecondUnits[] = {{"s"}, {"ms", -3}, {"us", -6}, {"ns", -9}, {"min", 0, 60}, {"h", 0, 3600}};
constexpr Unit kRateUnits[] = {{"Bps"},           {"KBps", 3},       {"MBps", 6},        {"GBps", 9},
                               {"TBps", 12},      {"PBps", 15},      {"bps", 0, kBit},   {"Kbps", 3, kBit},
                               {"Mbps", 6, kBit}, {"Gbps", 9, kBit}, {"Tbps", 12, kBit}, {"Pbps", 15, kBit},
                               {"KiBps", 0, kKi}, {"MiBps", 0, kMi}, {"GiBps", 0, kGi},  {"TiBps", 0, kTi}};
constexpr Unit kFlopUnits[] = {{"FLOPS"}, {"GFLOPS", 9}, {"TFLOPS", 12}, {"PFLOPS", 15}, {"EFLOPS", 18}};
constexpr Unit kTokenUnits[] = {{""}, {"K", 3}, {"M", 6}, {"G", 9}, {"Ki", 0, kKi}, {"Mi", 0, kMi}, {"Gi", 0, kGi}};
constexpr Unit kTotalUnits[] = {{""},           {"K", 3},       {"M", 6},       {"G", 9},      {"T", 12},
                                {"Ki", 0, kKi}, {"Mi", 0, kMi}, {"Gi", 0, kGi}, {"Ti", 0, kTi}};
constexpr Unit kDollarUnits[] = {{"USD"}};
constexpr Unit kShareUnits[] = {{"%", -2}};
constexpr Unit kTimesUnits[] = {{"x"}};
constexpr Unit kNoUnit[] = {{""}};

/// How a kind of quantity is written. In `likely`, # is the number as given, @ the prefix as given, or G, and & and *
/// are its powers of ten and two.
struct Grammar {
  std::span<const Unit> units;
  std::string_view likely;
  std::string_view example;
  double most;  ///< no machine has more
};
constexpr Grammar kBytes{kByteUnits, "#@B (10^& bytes) or #@iB (2^* bytes)", "80", 1e18};
constexpr Grammar kSeconds{kSecondUnits, "#us, #ms or #s", "7.1", 1e10};
constexpr Grammar kRates{kRateUnits, "#@bps (bits) or #@Bps (bytes)", "400", 1e18};
constexpr Grammar kFlopRates{kFlopUnits, "#TFLOPS or #PFLOPS", "989", 1e21};
constexpr Grammar kTokens{kTokenUnits, "digits alone, or #Ki (x 2^10), #Mi (x 2^20) or #M (x 10^6)", "1", kKi* kGi};
constexpr Grammar kTotals{kTotalUnits, "digits alone, or #G (x 10^9) or #T (x 10^12)", "200", 9007199254740991.0};
constexpr Grammar kDollars{kDollarUnits, "#USD", "2.99", 1e9};
constexpr Grammar kShares{kShareUnits, "#%", "50", 1e6};
constexpr Grammar kTimes{kTimesUnits, "#x", "1.2", 1e9};
constexpr Grammar kCounts{kNoUnit, "digits alone, such as #", "64",
                          9007199254740991.0};  // beyond 2^53 doubles skip some

/// "3.35e2TBps": number "3.35", exponent 2, unit "TBps".
struct Written {
  std::string number;
  int exponent = 0;
  std::string_view unit;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t skip_digits(std::string_view text, std::size_t i) {
  while (i < text.size() && is_digit(text[i])) ++i;
  return i;
}

/// For messages: at most 40 bytes, no character cut in two, no control characters.
std::string quoted(std::string_view text) {
  std::size_t length = std::min<std::size_t>(text.size(), 40);
  while (length > 0 && length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;
  std::string shown(text.substr(0, length));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return "'" + shown + (length < text.size() ? "..." : "") + "'";
}

std::string suggest(const Grammar& grammar, std::string_view number = "", std::string_view unit = "") {
  constexpr std::string_view kPrefixes = "KMGTP";
  std::size_t prefix = unit.empty() ? std::string_view::npos : kPrefixes.find(unit[0]);
  if (prefix == std::string_view::npos) prefix = 2;
  std::string text = "write ";
  for (char c : grammar.likely) {
    switch (c) {
      case '#': text += number.empty() ? grammar.example : number; break;
      case '@': text += kPrefixes[prefix]; break;
      case '&': text += std::to_string(3 * (prefix + 1)); break;
      case '*': text += std::to_string(10 * (prefix + 1)); break;
      default: text += c;
    }
  }
  return text;
}

/// Spellings that other readers accept and understand in different ways.
std::optional<UnitError> refuse_spelling(std::string_view text, const Grammar& grammar) {
  if (text.empty()) return UnitError{"the value is empty", suggest(grammar)};
  if (text[0] == '-') return UnitError{quoted(text) + " is negative", "leave the sign out"};
  if (text[0] == '+') return UnitError{quoted(text) + " has a sign", "leave the sign out"};
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X' || text[1] == 'o'))
    return UnitError{quoted(text) + " is not decimal", "write it in decimal digits"};
  const std::size_t odd = is_digit(text[0]) ? text.find_first_of(" _,'") : std::string_view::npos;
  if (odd == std::string_view::npos) return std::nullopt;
  std::string plain;
  for (char c : text) {
    if (c != text[odd]) plain += c;
  }
  const char* name = text[odd] == ' ' ? "a space" : text[odd] == '_' ? "an underscore" : "a separator";
  return UnitError{quoted(text) + " has " + name + " in it", "write " + quoted(plain)};
}

/// Where an exponent that starts at `i` ends; `i` itself if none does.
std::size_t skip_exponent(std::string_view text, std::size_t i) {
  if (i >= text.size() || text[i] != 'e') return i;
  const std::size_t digits = i + 1 < text.size() && (text[i + 1] == '-' || text[i + 1] == '+') ? i + 2 : i + 1;
  const std::size_t end = skip_digits(text, digits);
  return end == digits ? i : end;
}

Parsed<Written> split(std::string_view text, const Grammar& grammar) {
  if (auto refused = refuse_spelling(text, grammar)) return std::move(*refused);
  std::size_t end = skip_digits(text, 0);
  if (end == 0) return UnitError{quoted(text) + " is no number", suggest(grammar)};
  if (end > 1 && text[0] == '0') {
    const std::size_t first = std::min(text.find_first_not_of('0'), end - 1);
    return UnitError{quoted(text) + " starts with a zero", "write " + quoted(text.substr(first))};
  }
  if (end < text.size() && text[end] == '.' && skip_digits(text, end + 1) > end + 1) end = skip_digits(text, end + 1);
  const std::size_t unit = skip_exponent(text, end);
  int exponent = 0;
  if (unit > end)
    exponent = std::atoi(std::string(text.substr(end + 1, std::min<std::size_t>(unit - end - 1, 6))).c_str());
  return Written{std::string(text.substr(0, end)), exponent, text.substr(unit)};
}

Parsed<double> parse(std::string_view text, const Grammar& grammar) {
  const auto written = split(text, grammar);
  if (!written) return written.error();
  const std::string_view number = text.substr(0, text.size() - written->unit.size());
  for (const Unit& unit : grammar.units) {
    if (unit.name != written->unit) continue;
    const std::string decimal = written->number + "e" + std::to_string(written->exponent + unit.exponent);
    const double value = std::strtod(decimal.c_str(), nullptr) * unit.factor;
    if (value <= grammar.most) return value;
    return UnitError{quoted(text) + " is absurdly large", "check the number and its unit"};
  }
  const std::string what = written->unit.empty() ? " has no unit" : " has an unknown unit " + quoted(written->unit);
  return UnitError{quoted(text) + what, suggest(grammar, number, written->unit)};
}

template <class Q>
Parsed<Q> quantity(std::string_view text, const Grammar& grammar) {
  const auto value = parse(text, grammar);
  if (!value) return value.error();
  return Q{*value};
}

/// For what no machine has none of.
template <class Q>
Parsed<Q> positive(std::string_view text, const Grammar& grammar) {
  auto value = quantity<Q>(text, grammar);
  if (value && !(value->value() > 0)) return UnitError{quoted(text) + " is zero", "give a value above zero"};
  return value;
}

Parsed<std::int64_t> whole(std::string_view text, const Grammar& grammar) {
  const auto value = parse(text, grammar);
  if (!value) return value.error();
  const auto count = static_cast<std::int64_t>(*value);
  if (static_cast<double>(count) != *value) return UnitError{quoted(text) + " is no whole number", suggest(grammar)};
  if (text.find('e') != std::string_view::npos)
    return UnitError{quoted(text) + " has an exponent", "write " + std::to_string(count)};
  if (text.find('.') != std::string_view::npos && is_digit(text.back()))
    return UnitError{quoted(text) + " has a fraction", "write " + std::to_string(count)};
  return count;
}

// --- printing ---

std::string digits(double value, std::chars_format format, int precision) {
  char buffer[400];  // the largest double has 309 digits
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, format, precision).ptr;
  return {buffer, end};
}

/// Three significant digits; more only for whole numbers of 1000 and above.
std::string three_digits(double value) {
  const double size = std::fabs(value);
  if (!std::isfinite(value) || (size > 0 && size < 0.9995)) return digits(value, std::chars_format::general, 3);
  return digits(value, std::chars_format::fixed, size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

struct Scale {
  std::string_view unit;
  double size;
};

/// In the largest unit that leaves 1 or more; `scales` by falling size.
std::string scaled(double value, std::span<const Scale> scales) {
  const Scale* best = &scales.back();
  for (const Scale& scale : scales) {
    if (std::fabs(value) < scale.size * 0.9995) continue;
    best = &scale;
    break;
  }
  return three_digits(value / best->size) + " " + std::string(best->unit);
}

std::string grouped(std::int64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

/// Shortest decimal text of value / 10^exponent: the digits stay those of the value, so nothing is rounded.
std::string shifted(double value, int exponent) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  const std::size_t e = text.find('e');
  std::string mantissa(text.substr(0, e));
  mantissa.erase(std::remove(mantissa.begin(), mantissa.end(), '.'), mantissa.end());
  const int point = std::atoi(std::string(text.substr(e + 1)).c_str()) - exponent + 1;  // digits before the point
  const int length = static_cast<int>(mantissa.size());
  if (point <= 0) return "0." + std::string(static_cast<std::size_t>(-point), '0') + mantissa;
  if (point >= length) return mantissa + std::string(static_cast<std::size_t>(point - length), '0');
  return mantissa.insert(static_cast<std::size_t>(point), ".");
}

/// The shortest spelling among the units, the largest unit of equals that leaves 1 or more; binary ones take part where
/// they divide without a remainder, bits never.
std::string shortest(double value, std::span<const Unit> units) {
  if (!std::isfinite(value) || value == 0) return (value == 0 ? "0" : "inf") + std::string(units.front().name);
  if (value < 0) return "-" + shortest(-value, units);
  std::string best = shifted(value, 0) + std::string(units.front().name);
  for (const Unit& unit : units) {
    if (unit.factor < 1 || (unit.factor > 1 && std::fmod(value, unit.factor) != 0)) continue;
    const std::string text = shifted(value / unit.factor, unit.exponent) + std::string(unit.name);
    if (text.size() < best.size() || (text.size() == best.size() && text[0] != '0')) best = text;
  }
  return best;
}

}  // namespace

Parsed<Bytes> parse_bytes(std::string_view text) { return positive<Bytes>(text, kBytes); }
Parsed<Seconds> parse_seconds(std::string_view text) { return quantity<Seconds>(text, kSeconds); }
Parsed<BytesPerSecond> parse_rate(std::string_view text) { return positive<BytesPerSecond>(text, kRates); }
Parsed<FlopPerSecond> parse_flop_rate(std::string_view text) { return positive<FlopPerSecond>(text, kFlopRates); }
Parsed<Dollars> parse_dollars(std::string_view text) { return quantity<Dollars>(text, kDollars); }
Parsed<double> parse_percent(std::string_view text) { return parse(text, kShares); }
Parsed<double> parse_times(std::string_view text) { return parse(text, kTimes); }
Parsed<std::int64_t> parse_count(std::string_view text) { return whole(text, kCounts); }
Parsed<std::int64_t> parse_token_total(std::string_view text) {
  auto count = whole(text, kTotals);
  if (count && *count < 1) return UnitError{quoted(text) + " is below one token", "give 1 or more"};
  return count;
}
Parsed<Tokens> parse_tokens(std::string_view text) {
  const auto count = whole(text, kTokens);
  if (!count) return count.error();
  if (*count < 1) return UnitError{quoted(text) + " is below one token", "give 1 or more"};
  return Tokens{*count};
}

std::string print(Bytes value) {
  static constexpr Scale kScales[] = {{"PiB", kPi}, {"TiB", kTi}, {"GiB", kGi}, {"MiB", kMi}, {"KiB", kKi}, {"B", 1}};
  return scaled(value.value(), kScales);
}
std::string print(Seconds value) {
  static constexpr Scale kScales[] = {{"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}};
  return scaled(value.value(), kScales);
}
std::string print(BytesPerSecond value) {
  static constexpr Scale kScales[] = {{"TB/s", 1e12}, {"GB/s", 1e9}, {"MB/s", 1e6}, {"KB/s", 1e3}, {"B/s", 1}};
  return scaled(value.value(), kScales);
}
std::string print(FlopPerSecond value) {
  static constexpr Scale kScales[] = {{"PFLOP/s", 1e15}, {"TFLOP/s", 1e12}, {"GFLOP/s", 1e9}, {"FLOP/s", 1}};
  return scaled(value.value(), kScales);
}
std::string print(Tokens value) {
  for (const auto& [unit, size] : {std::pair{"Gi", kGi}, {"Mi", kMi}, {"Ki", kKi}}) {
    const auto factor = static_cast<std::int64_t>(size);
    if (value.count >= factor && value.count % factor == 0) return std::to_string(value.count / factor) + unit;
  }
  return grouped(value.count);
}

std::string exact(Bytes value) { return shortest(value.value(), kByteUnits); }
std::string exact(Seconds value) { return shortest(value.value(), kSecondUnits); }
std::string exact(BytesPerSecond value) { return shortest(value.value(), kRateUnits); }
std::string exact(FlopPerSecond value) { return shortest(value.value(), kFlopUnits); }

}  // namespace ithaca
