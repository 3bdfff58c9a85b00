#include "cli/sweep/limits.hpp"

#include <fmt/format.h>

#include "cli/problem.hpp"
#include "configs/reader/fields.hpp"
#include "configs/reader/nearest.hpp"

namespace ithaca {
namespace {

struct Sign {
  std::string_view text;
  Comparison comparison;
};
/// Longer ones first.
constexpr Sign kSigns[] = {{"<=", Comparison::at_most}, {">=", Comparison::at_least}, {"!=", Comparison::unequal},
                           {"<", Comparison::less},     {">", Comparison::more},      {"=", Comparison::equal}};

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(' ') + 1 - first));
}

template <auto parse>
std::optional<double> read_as(std::string_view word) {
  const auto parsed = parse(word);
  if (!parsed) return std::nullopt;
  if constexpr (requires { parsed->value(); }) {
    return parsed->value();
  } else if constexpr (requires { parsed->count; }) {
    return static_cast<double>(parsed->count);
  } else {
    return static_cast<double>(*parsed);
  }
}

/// A bare number is in the unit that the field's name has.
std::optional<double> read_value(std::string_view word) {
  for (const auto read : {read_as<parse_number>, read_as<parse_bytes>, read_as<parse_seconds>, read_as<parse_dollars>,
                          read_as<parse_percent>, read_as<parse_times>, read_as<parse_tokens>}) {
    if (const auto value = read(word)) return value;
  }
  return std::nullopt;
}

template <class T>
bool holds(Comparison comparison, const T& value, const T& limit) {
  switch (comparison) {
    case Comparison::less: return value < limit;
    case Comparison::at_most: return value <= limit;
    case Comparison::more: return value > limit;
    case Comparison::at_least: return value >= limit;
    case Comparison::equal: return value == limit;
    case Comparison::unequal: break;
  }
  return value != limit;
}

/// A value that is not known keeps no constraint.
struct Holds {
  const RowLimit& limit;
  bool operator()(std::monostate) const { return false; }
  bool operator()(bool value) const { return (*this)(std::string(value ? "true" : "false")); }
  bool operator()(const std::string& value) const { return holds(limit.comparison, value, limit.word); }
  bool operator()(std::int64_t value) const { return (*this)(static_cast<double>(value)); }
  bool operator()(double value) const { return !limit.text && holds(limit.comparison, value, limit.number); }
};

std::string words_of(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *whole);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{:.6g}", *real);
  return "not known";
}

}  // namespace

std::optional<RowLimit> read_limit(const std::string& text, SweepAsks asks, Diagnostics& problems) {
  const std::string where = "--where " + text;
  const std::size_t at = text.find_first_of("<>=!");
  for (const Sign& sign : kSigns) {
    if (at == std::string::npos || text.compare(at, sign.text.size(), sign.text) != 0) continue;
    const std::string name = trimmed(text.substr(0, at)), word = trimmed(text.substr(at + sign.text.size()));
    const SweepField* field = find_field(name, asks);
    if (field == nullptr) {
      problems.push_back(mistake(where, "there is no field '" + name + "'",
                                 "fields are the columns of 'ithaca compare --csv'",
                                 suggestion(name, field_names(asks))));
      return std::nullopt;
    }
    const auto number = read_value(word);
    return RowLimit{field, sign.comparison, word, number.value_or(0), !number, text};
  }
  problems.push_back(mistake(where, "this compares nothing", "write FIELD < VALUE, such as step.time_s < 30s"));
  return std::nullopt;
}

std::optional<PointProblem> missed(std::span<const RowLimit> limits, const SweepRow& row) {
  for (const RowLimit& limit : limits) {
    const Value value = get(*limit.field, row);
    if (std::visit(Holds{limit}, value)) continue;
    return PointProblem{"where", fmt::format("{} is {}, not {}", limit.field->name, words_of(value), limit.whole),
                        "loosen --where"};
  }
  return std::nullopt;
}

}  // namespace ithaca
