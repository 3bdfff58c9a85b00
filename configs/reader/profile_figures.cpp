#include "configs/reader/profile_figures.hpp"

#include <algorithm>
#include <filesystem>

#include "configs/reader/nearest.hpp"

namespace ithaca {

Parsed<std::int64_t> parse_devices(std::string_view text) {
  auto count = parse_size(text);
  if (count && count.value() > (1 << 24))
    return UnitError{"'" + std::string(text) + "' is more than any machine has", "give at most 16777216"};
  return count;
}

std::string beside(const Document& document, std::string_view reference) {
  const std::filesystem::path path(reference);
  const bool file = reference.find('/') != std::string_view::npos || path.extension() == ".yaml" ||
                    path.extension() == ".yml" || path.extension() == ".json";
  if (!file || path.is_absolute()) return std::string(reference);
  return (std::filesystem::path(document.file).parent_path() / path).string();
}

std::size_t choose(Fields& fields, std::string_view key, const std::vector<std::string>& words) {
  const Node* node = fields.needed_node(key);
  if (node == nullptr) return 0;
  const auto found = std::find(words.begin(), words.end(), node->text);
  if (node->kind == Node::Kind::scalar && found != words.end()) return static_cast<std::size_t>(found - words.begin());
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  fields.problem(*node, "'" + node->text + "' is no value of '" + std::string(key) + "'", suggestion(node->text, words),
                 "write one of " + all);
  return 0;
}

}  // namespace ithaca
