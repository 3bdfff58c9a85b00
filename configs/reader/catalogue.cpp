#include "configs/reader/catalogue.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "configs/reader/catalogue_data.hpp"
#include "configs/reader/nearest.hpp"

namespace ithaca {
namespace {

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::model: return "model";
    case Kind::gpu: return "GPU";
    case Kind::cluster: return "cluster";
    case Kind::kernels: break;
  }
  return "kernel file";
}

bool is_path(std::string_view name) {
  return name.find('/') != std::string_view::npos || name.ends_with(".yaml") || name.ends_with(".yml") ||
         name.ends_with(".json");
}

Diagnostics one(std::string where, std::string what, std::string hint, std::string next) {
  return {Diagnostic{Place{std::move(where), 0, 0, 1, ""}, std::move(what), std::move(hint), std::move(next), {}}};
}

Result<Document, Diagnostics> read_file(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    const bool exists = std::filesystem::exists(path, error);
    return one(path, exists ? "this is no regular file" : "there is no such file", "", "check the path");
  }
  if (std::filesystem::file_size(path, error) > (16u << 20)) {
    return one(path, "larger than 16 MiB", "", "give a smaller file");
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return one(path, "cannot be read", "", "check its permissions");
  return parse_document(path, std::move(text).str());
}

}  // namespace

std::vector<std::string> catalogue_names(Kind kind) {
  std::vector<std::string> names;
  for (const CatalogueFile& file : catalogue()) {
    if (file.kind == kind) names.emplace_back(file.name);
  }
  return names;
}

Result<Document, Diagnostics> open_document(Kind kind, std::string_view name) {
  if (is_path(name)) return read_file(std::string(name));
  for (const CatalogueFile& file : catalogue()) {
    if (file.kind == kind && file.name == name) return parse_document(std::string(file.file), std::string(file.text));
  }
  const std::string kind_word(kind_name(kind));
  return one("--" + kind_word, "there is no " + kind_word + " '" + std::string(name) + "'",
             suggestion(name, catalogue_names(kind)),
             "'ithaca inspect' lists the names; a path to a file works too (it holds a '/' or ends in .yaml or .json)");
}

}  // namespace ithaca
