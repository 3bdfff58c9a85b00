#include "configs/reader/fields.hpp"

#include <cmath>
#include <cstdlib>
#include <map>

#include "configs/reader/nearest.hpp"

namespace ithaca {
namespace {

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string kind_name(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null: return "nothing";
    case Node::Kind::scalar: return "a single value";
    case Node::Kind::sequence: return "a list";
    case Node::Kind::map: break;
  }
  return "a map of keys";
}

/// A file of another kind has a problem in every line; nobody reads them all.
constexpr std::size_t kMostProblems = 50;

std::string joined(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

constexpr std::string_view kMarkNames[] = {"measured", "calibrated", "datasheet", "extrapolated"};

Parsed<Mark> parse_mark(std::string_view text) {
  for (std::size_t i = 0; i < std::size(kMarkNames); ++i) {
    if (text == kMarkNames[i]) return static_cast<Mark>(i);
  }
  return UnitError{quoted(text) + " is no mark", "one of measured, calibrated, datasheet, extrapolated"};
}

}  // namespace

Fields::Fields(const Document& document, const Node& map, std::string what, Diagnostics& diagnostics)
    : document_(document), map_(map), what_(std::move(what)), diagnostics_(diagnostics) {
  if (map.kind != Node::Kind::map) {
    problem(map, what_ + " must be a map of keys, this is " + kind_name(map), "", "write 'key: value' lines");
    return;
  }
  std::map<std::string_view, const Node*> first;
  for (const Entry& entry : map.entries) {
    const auto [earlier, is_new] = first.emplace(entry.key.text, &entry.key);
    if (!is_new)
      conflict(entry.key, *earlier->second, "key " + quoted(entry.key.text) + " is given twice", "keep one of them");
  }
}

const Entry* Fields::find(std::string_view key) const {
  for (const Entry& entry : map_.entries) {
    if (entry.key.text == key) return &entry;
  }
  return nullptr;
}

const Node* Fields::node(std::string_view key) {
  const bool asked_first = known_.emplace(key).second;
  const Entry* entry = find(key);
  if (entry == nullptr) return nullptr;
  if (entry->value.kind != Node::Kind::null) return &entry->value;
  if (!null_allowed_ && asked_first)
    problem(entry->key, quoted(key) + " in " + what_ + " has no value", "", "give it one, or leave the key out");
  return nullptr;
}

const Node* Fields::needed_node(std::string_view key) {
  const Node* value = node(key);
  const bool reported = has(key) && !null_allowed_;
  if (value == nullptr && !reported && map_.kind == Node::Kind::map) {
    problem(map_, "key " + quoted(key) + " is missing in " + what_, "", "add '" + std::string(key) + ": ...'");
  }
  return value;
}

bool Fields::is_map(const Node& value, std::string_view key) {
  if (value.kind == Node::Kind::map) return true;
  problem(value, quoted(key) + " must be a map of keys, this is " + kind_name(value), "",
          "write {value: ..., from: ...} or nested keys");
  return false;
}

bool Fields::is_scalar(const Node& value, std::string_view key) {
  if (value.kind == Node::Kind::scalar) return true;
  problem(value, quoted(key) + " in " + what_ + " must be a single value, this is " + kind_name(value), "",
          "write '" + std::string(key) + ": value'");
  return false;
}

bool Fields::is_unquoted(const Node& value, std::string_view key) {
  if (!value.quoted) return true;
  problem(value, quoted(key) + " in " + what_ + " is text, since it is in quotes", "", "leave the quotes out");
  return false;
}

std::string Fields::scalar_text(std::string_view key) const {
  const Entry* entry = find(key);
  return entry != nullptr && entry->value.kind == Node::Kind::scalar ? entry->value.text : "";
}

void Fields::report(const Node& value, std::string_view key, const UnitError& error) {
  problem(value, quoted(key) + " in " + what_ + ": " + error.what, "", error.next);
}

void Fields::read_origin(const Node* sources, std::string& source, Mark& mark, std::string& note) {
  mark = maybe("mark", parse_mark).value_or(Mark::datasheet);
  note = text_or("note", "");
  const Node* from = needed_node("from");
  if (from == nullptr || !is_scalar(*from, "from")) return;
  if (sources != nullptr) {
    for (const Entry& entry : sources->entries) {
      if (entry.key.text == from->text) source = entry.value.text;
    }
  }
  if (!source.empty() || !takes_problems()) return;
  std::vector<std::string> names;
  if (sources != nullptr) {
    for (const Entry& entry : sources->entries) names.push_back(entry.key.text);
  }
  problem(*from, "source " + quoted(from->text) + " is not in this file's sources", suggestion(from->text, names),
          "add it under 'sources:' with the document it stands for");
}

std::string Fields::text(std::string_view key) { return need(key, parse_text); }
std::string Fields::text_or(std::string_view key, std::string otherwise) {
  return maybe(key, parse_text).value_or(std::move(otherwise));
}

const Node* Fields::map(std::string_view key) {
  const Node* value = needed_node(key);
  return value != nullptr && is_map(*value, key) ? value : nullptr;
}

const Node* Fields::sequence(std::string_view key) {
  const Node* value = needed_node(key);
  if (value == nullptr || value->kind == Node::Kind::sequence) return value;
  problem(*value, quoted(key) + " must be a list, this is " + kind_name(*value), "", "write [a, b] or '- a' lines");
  return nullptr;
}

bool Fields::takes_problems() const { return diagnostics_.size() < kMostProblems; }

// Making a place takes a walk through the text, so a full list makes none.
void Fields::problem(const Node& at, std::string what, std::string hint, std::string next) {
  if (!takes_problems()) return;
  diagnostics_.push_back({document_.place(at), std::move(what), std::move(hint), std::move(next), std::nullopt});
}

void Fields::conflict(const Node& at, const Node& other, std::string what, std::string next) {
  if (!takes_problems()) return;
  diagnostics_.push_back({document_.place(at), std::move(what), "", std::move(next), document_.place(other)});
}

void Fields::only_problem(const Node& at, std::string what, std::string next) {
  only_ = Diagnostic{document_.place(at), std::move(what), "", std::move(next), std::nullopt};
  diagnostics_.push_back(*only_);
}

/// What else is wrong with a misspelt key: "it also needs a unit: 400Gbps (bits) or 400GBps (bytes)".
std::string Fields::value_hint(const Node& value, std::string_view key) const {
  const auto check = unmet_.find(key);
  if (check == unmet_.end() || value.kind != Node::Kind::scalar) return "";
  const auto error = check->second(value.text);
  if (!error) return "";
  constexpr std::string_view kWrite = "write ", kNoUnit = " has no unit";
  if (error->what.ends_with(kNoUnit) && error->next.starts_with(kWrite))
    return " it also needs a unit: " + error->next.substr(kWrite.size());
  return " and " + error->what;
}

void Fields::unknown(const Entry& entry, const std::vector<std::string>& names) {
  const std::string what = "unknown key " + quoted(entry.key.text) + " in " + what_;
  if (entry.value.kind == Node::Kind::null && entry.key.text.find(':') != std::string::npos)
    return problem(entry.key, what, "a space is missing after the ':'", "write 'key: value'");
  if (const auto near = nearest(entry.key.text, names))
    return problem(entry.key, what, "did you mean " + quoted(*near) + "?" + value_hint(entry.value, *near),
                   "mend the name, or remove the key");
  const std::string hint = suggestion(entry.key.text, names);
  problem(entry.key, what, hint,
          hint.empty() ? "remove it, or take one of " + joined(names) : "mend the name, or remove the key");
}

void Fields::finish() {
  if (only_) {
    diagnostics_.assign(1, *only_);
    return;
  }
  const std::vector<std::string> names(known_.begin(), known_.end());
  for (const Entry& entry : map_.entries) {
    if (!takes_problems()) return;
    if (known_.count(entry.key.text) == 0) unknown(entry, names);
  }
}

std::vector<std::string> Fields::unasked() const {
  std::vector<std::string> keys;
  for (const Entry& entry : map_.entries) {
    if (known_.count(entry.key.text) == 0) keys.push_back(entry.key.text);
  }
  return keys;
}

Parsed<std::string> parse_text(std::string_view text) {
  if (text.empty()) return UnitError{"the text is empty", "write something, or leave the key out"};
  return std::string(text);
}

Parsed<bool> parse_flag(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return UnitError{quoted(text) + " is neither true nor false", "write true or false"};
}

Parsed<double> parse_share(std::string_view text) {
  char* end = nullptr;
  const std::string copy(text);
  const double share = std::strtod(copy.c_str(), &end);
  const bool plain = copy.find_first_not_of("0123456789.") == std::string::npos && !copy.empty();
  if (plain && end == copy.c_str() + copy.size() && share > 0 && share <= 1) return share;
  return UnitError{quoted(text) + " is no share", "write a number above 0 and at most 1, such as 0.85"};
}

Parsed<std::int64_t> parse_size(std::string_view text) {
  auto count = parse_count(text);
  if (count && count.value() < 1) return UnitError{quoted(text) + " is below 1", "give a whole number of 1 or more"};
  return count;
}

Parsed<double> parse_number(std::string_view text) {
  const std::string copy(text);
  char* end = nullptr;
  const double value = std::strtod(copy.c_str(), &end);
  if (copy.empty() || *end != '\0' || !std::isfinite(value))
    return UnitError{quoted(text) + " is no number", "write a decimal number such as 1.5 or 2e-6"};
  return value;
}

Parsed<double> parse_above_zero(std::string_view text) {
  auto number = parse_number(text);
  if (number && !(*number > 0)) return UnitError{quoted(text) + " is not above zero", "write more than 0"};
  return number;
}

Parsed<double> parse_not_negative(std::string_view text) {
  auto number = parse_number(text);
  if (number && *number < 0) return UnitError{quoted(text) + " is negative", "write 0 or more"};
  return number;
}

void check_schema(Fields& fields, std::string_view schema) {
  const Node* node = fields.needed_node("schema");
  const std::string expected = std::string(schema) + "/1";
  if (node == nullptr || node->text == expected) return;
  if (node->kind != Node::Kind::scalar) {
    fields.text("schema");
    return;
  }
  fields.only_problem(*node, "schema " + quoted(node->text) + " is not " + quoted(expected),
                      "write 'schema: " + expected + "', or give a file of that kind");
}

}  // namespace ithaca
