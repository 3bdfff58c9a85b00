#pragma once
// Reads the keys of one map with checks. Every problem goes into the diagnostics and reading goes on with a default, so
// that one run reports them all; finish() adds the keys that nobody asked for.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "configs/reader/diagnostic.hpp"
#include "configs/reader/document.hpp"
#include "model/mark.hpp"
#include "model/result.hpp"
#include "model/units.hpp"

namespace ithaca {

/// A value with its origin, written {value: 450GBps, from: SOURCE, mark: measured} where SOURCE is a key of the file's
/// `sources:` map. The mark is `datasheet` if left out.
template <class T>
struct Figure {
  T value{};
  Mark mark = Mark::datasheet;
  std::string source;  ///< the text behind SOURCE
  std::string note;
  std::string text;  ///< the value as written
  const Node* node = nullptr;
};

class Fields {
 public:
  /// `what` names the map in messages: "cluster", "domain 2".
  Fields(const Document& document, const Node& map, std::string what, Diagnostics& diagnostics);

  bool has(std::string_view key) const { return find(key) != nullptr; }
  /// From now on a key without a value counts as absent, as in JSON written by a program; otherwise it is a problem.
  void allow_null() { null_allowed_ = true; }
  /// The value's node, or null; asking makes the key known.
  const Node* node(std::string_view key);
  const Node* needed_node(std::string_view key);

  /// Values by a parser of the form Parsed<T>(std::string_view). `need` reports a missing key and returns T{}. A number
  /// or a flag in quotes is text, and reported.
  template <class Parse>
  auto maybe(std::string_view key, Parse parse) -> std::optional<typename std::decay_t<decltype(parse("").value())>> {
    const Node* value = node(key);
    if (value != nullptr) return convert(*value, key, parse);
    remember(key, parse);
    return std::nullopt;
  }
  template <class Parse>
  auto need(std::string_view key, Parse parse) -> std::decay_t<decltype(parse("").value())> {
    const Node* value = needed_node(key);
    if (value == nullptr) {
      remember(key, parse);
      return {};
    }
    return convert(*value, key, parse).value_or(std::decay_t<decltype(parse("").value())>{});
  }
  /// A figure with its source; `sources` is the file's map of them.
  template <class Parse>
  auto need_figure(std::string_view key, Parse parse, const Node* sources)
      -> Figure<std::decay_t<decltype(parse("").value())>> {
    Figure<std::decay_t<decltype(parse("").value())>> figure;
    const Node* value = needed_node(key);
    if (value == nullptr || !is_map(*value, key)) return figure;
    Fields inside(document_, *value, "'" + std::string(key) + "'", diagnostics_);
    figure.node = value;
    figure.value = inside.need("value", parse);
    figure.text = inside.scalar_text("value");
    inside.read_origin(sources, figure.source, figure.mark, figure.note);
    inside.finish();
    return figure;
  }
  template <class Parse>
  auto maybe_figure(std::string_view key, Parse parse, const Node* sources)
      -> std::optional<Figure<std::decay_t<decltype(parse("").value())>>> {
    if (node(key) == nullptr) return std::nullopt;
    return need_figure(key, parse, sources);
  }

  /// `from`, `mark` and `note` beside a figure.
  void read_origin(const Node* sources, std::string& source, Mark& mark, std::string& note);

  std::string text(std::string_view key);  ///< needed, not empty
  std::string text_or(std::string_view key, std::string otherwise);
  /// The key's map or sequence; null (and reported) if it is missing or something else.
  const Node* map(std::string_view key);
  const Node* sequence(std::string_view key);

  const Node& whole() const { return map_; }
  /// Whether a problem would be kept: if not, there is no need to look for a name that was meant.
  bool takes_problems() const;
  void problem(const Node& at, std::string what, std::string hint, std::string next);
  void conflict(const Node& at, const Node& other, std::string what, std::string next);
  /// A problem that makes all others of the file no news: finish() keeps no other.
  void only_problem(const Node& at, std::string what, std::string next);
  /// Reports keys that nobody asked for: the nearest known key, and what that key would say to the value.
  void finish();
  /// The same keys, for files of other people in which they are no mistake.
  std::vector<std::string> unasked() const;

 private:
  const Entry* find(std::string_view key) const;
  bool is_map(const Node& value, std::string_view key);
  std::string scalar_text(std::string_view key) const;
  bool is_scalar(const Node& value, std::string_view key);
  bool is_unquoted(const Node& value, std::string_view key);
  void report(const Node& value, std::string_view key, const UnitError& error);
  void unknown(const Entry& entry, const std::vector<std::string>& names);
  std::string value_hint(const Node& value, std::string_view key) const;

  /// Keeps the parser of a missing key for finish().
  template <class Parse>
  void remember(std::string_view key, Parse parse) {
    unmet_.emplace(key, [parse](std::string_view text) -> std::optional<UnitError> {
      auto parsed = parse(text);
      if (parsed) return std::nullopt;
      return parsed.error();
    });
  }

  template <class Parse>
  auto convert(const Node& value, std::string_view key, Parse parse)
      -> std::optional<std::decay_t<decltype(parse("").value())>> {
    if (!is_scalar(value, key)) return std::nullopt;
    auto parsed = parse(value.text);
    if (parsed && std::is_arithmetic_v<std::decay_t<decltype(parsed.value())>> && !is_unquoted(value, key))
      return std::nullopt;
    if (parsed) return parsed.value();
    report(value, key, parsed.error());
    return std::nullopt;
  }

  const Document& document_;
  const Node& map_;
  std::string what_;
  Diagnostics& diagnostics_;
  std::set<std::string, std::less<>> known_;
  std::map<std::string, std::function<std::optional<UnitError>(std::string_view)>, std::less<>> unmet_;
  bool null_allowed_ = false;
  std::optional<Diagnostic> only_;
};

/// Parsers for `need` and `maybe` beside those of model/units.hpp.
Parsed<std::string> parse_text(std::string_view text);
Parsed<bool> parse_flag(std::string_view text);          ///< true or false, nothing else
Parsed<double> parse_share(std::string_view text);       ///< above 0, at most 1
Parsed<std::int64_t> parse_size(std::string_view text);  ///< a count of 1 or more
/// A number that is its own unit: seconds in `time_s`, percent in `mean_percent`.
Parsed<double> parse_number(std::string_view text);
Parsed<double> parse_above_zero(std::string_view text);
Parsed<double> parse_not_negative(std::string_view text);

/// Calls `read(Fields&)` for each map of a list, which may be null, and finishes it. `what` and its number name it.
template <class Read>
void for_each_map(const Document& document, const Node* list, const std::string& what, Diagnostics& diagnostics,
                  Read read) {
  if (list == nullptr) return;
  int number = 0;
  for (const Node& item : list->items) {
    ++number;
    const std::string name = what + " " + std::to_string(number);
    if (item.kind != Node::Kind::map) {
      diagnostics.push_back({document.place(item), name + " is no map", "", "write {key: value, ...}", {}});
      continue;
    }
    Fields fields(document, item, name, diagnostics);
    read(fields);
    fields.finish();
  }
}

/// Checks `schema: NAME/1` at the top of a file.
void check_schema(Fields& fields, std::string_view schema);

}  // namespace ithaca
