#include "configs/reader/load_sweep.hpp"

#include <algorithm>
#include <set>

#include "configs/reader/catalogue.hpp"
#include "configs/reader/fields.hpp"

namespace ithaca {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string key_of(std::string_view flag) {
  std::string key(flag.substr(flag.find_first_not_of('-')));
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

/// The scalars of a scalar or of a sequence; anything else is a problem.
std::vector<std::string> words_of(Fields& fields, const Node& node) {
  std::vector<std::string> words;
  const auto take = [&](const Node& one) {
    if (one.kind == Node::Kind::scalar && !one.text.empty()) return words.push_back(one.text);
    fields.problem(one, "this is no value", "", "write a word, a number or [several, of, them]");
  };
  if (node.kind != Node::Kind::sequence) {
    take(node);
  } else {
    for (const Node& item : node.items) take(item);
  }
  return words;
}

std::string comma_list(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

void read_flag(Fields& fields, const SweepKey& key, Pairs& flags) {
  const std::string name = key_of(key.flag);
  if (key.is_switch) {
    if (fields.maybe(name, parse_flag).value_or(false)) flags.emplace_back(key.flag, "");
    return;
  }
  const Node* node = fields.node(name);
  if (node == nullptr) return;
  const std::vector<std::string> words = words_of(fields, *node);
  if (!key.repeatable) return flags.emplace_back(key.flag, comma_list(words)), void();
  for (const std::string& word : words) flags.emplace_back(key.flag, word);
}

void read_axes(Fields& fields, Pairs& axes) {
  if (!fields.has("set")) return;
  const Node* map = fields.map("set");
  if (map == nullptr) return;
  std::set<std::string_view> names;
  for (const Entry& entry : map->entries) {
    if (!names.insert(entry.key.text).second)
      fields.problem(entry.key, "this axis is there twice", "", "keep one of them");
    const std::string words = comma_list(words_of(fields, entry.value));
    axes.emplace_back(entry.key.text, entry.value.kind == Node::Kind::sequence ? "[" + words + "]" : words);
  }
}

}  // namespace

Result<SweepFile, Diagnostics> load_sweep(std::string_view name_or_path, std::span<const SweepKey> keys) {
  const auto document = open_document(Kind::sweep, name_or_path);
  if (!document) return document.error();
  Diagnostics problems;
  Fields fields(*document, document->root, "the sweep", problems);
  SweepFile sweep;
  check_schema(fields, "sweep");
  sweep.file = document->file;
  sweep.name = fields.text("name");
  sweep.question = fields.text_or("question", "");
  for (const SweepKey& key : keys) read_flag(fields, key, sweep.flags);
  read_axes(fields, sweep.axes);
  fields.finish();
  if (!problems.empty()) return problems;
  return sweep;
}

}  // namespace ithaca
