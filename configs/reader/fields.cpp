#include "configs/reader/fields.hpp"

#include <cstdlib>

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
  for (std::size_t i = 0; i < map.entries.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (map.entries[i].key.text != map.entries[j].key.text) continue;
      conflict(map.entries[i].key, map.entries[j].key, "key " + quoted(map.entries[i].key.text) + " is given twice",
               "keep one of them");
      break;
    }
  }
}

const Node* Fields::find(std::string_view key) const {
  for (const Entry& entry : map_.entries) {
    if (entry.key.text == key) return &entry.value;
  }
  return nullptr;
}

const Node* Fields::node(std::string_view key) {
  known_.emplace(key);
  const Node* value = find(key);
  return value == nullptr || value->kind == Node::Kind::null ? nullptr : value;
}

const Node* Fields::needed_node(std::string_view key) {
  const Node* value = node(key);
  if (value == nullptr && map_.kind == Node::Kind::map) {
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
  problem(value, quoted(key) + " must be a single value, this is " + kind_name(value), "", "");
  return false;
}

std::string Fields::scalar_text(std::string_view key) const {
  const Node* value = find(key);
  return value != nullptr && value->kind == Node::Kind::scalar ? value->text : "";
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
  if (!source.empty()) return;
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

void Fields::problem(const Node& at, std::string what, std::string hint, std::string next) {
  diagnostics_.push_back({document_.place(at), std::move(what), std::move(hint), std::move(next), std::nullopt});
}

void Fields::conflict(const Node& at, const Node& other, std::string what, std::string next) {
  diagnostics_.push_back({document_.place(at), std::move(what), "", std::move(next), document_.place(other)});
}

void Fields::finish() {
  const std::vector<std::string> names(known_.begin(), known_.end());
  for (const Entry& entry : map_.entries) {
    if (known_.count(entry.key.text) > 0) continue;
    problem(entry.key, "unknown key " + quoted(entry.key.text) + " in " + what_, suggestion(entry.key.text, names),
            "remove it, or take one of the known keys");
  }
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

void check_schema(Fields& fields, std::string_view schema) {
  const Node* node = fields.needed_node("schema");
  const std::string expected = std::string(schema) + "/1";
  if (node == nullptr || node->text == expected) return;
  fields.problem(*node, "schema " + quoted(node->text) + " is not " + quoted(expected), "",
                 "write 'schema: " + expected + "', or give a file of that kind");
}

}  // namespace ithaca
