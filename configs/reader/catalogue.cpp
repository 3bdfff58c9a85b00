#include "configs/reader/catalogue.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "configs/reader/catalogue_data.hpp"
#include "configs/reader/nearest.hpp"

namespace ithaca {
namespace {

struct KindWords {
  const char* name;
  const char* flag;  ///< where a person gives it
};
KindWords words_of(Kind kind) {
  switch (kind) {
    case Kind::model: return {"model", "--model"};
    case Kind::gpu: return {"GPU", "--gpu"};
    case Kind::cluster: return {"cluster", "--cluster"};
    case Kind::sweep: return {"sweep", "sweep"};
    case Kind::kernels: break;
  }
  return {"kernel file", "kernels"};
}

bool is_path(std::string_view name) {
  return name.find('/') != std::string_view::npos || name.ends_with(".yaml") || name.ends_with(".yml") ||
         name.ends_with(".json");
}

Diagnostics one(std::string where, std::string what, std::string hint, std::string next) {
  return {Diagnostic{Place{std::move(where), 0, 0, 1, ""}, std::move(what), std::move(hint), std::move(next), {}}};
}

Result<TextFile, Diagnostics> read_stream(std::istream& stream, const std::string& name) {
  std::string text;
  std::vector<char> chunk(64 << 10);
  while (text.size() <= kLargestText && stream.good()) {
    stream.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    text.append(chunk.data(), static_cast<std::size_t>(stream.gcount()));
  }
  if (stream.bad()) return one(name, "cannot be read", "", "check that the disk is in order");
  return TextFile{name, std::move(text)};
}

}  // namespace

std::vector<std::string> catalogue_names(Kind kind) {
  std::vector<std::string> names;
  for (const CatalogueFile& file : catalogue()) {
    if (file.kind == kind) names.emplace_back(file.name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<TextFile, Diagnostics> read_text(const std::string& path) {
  if (path == "-") return read_stream(std::cin, "standard input");
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::is_directory(status)) {
    const std::string config = (std::filesystem::path(path) / "config.json").string();
    return one(path, "this is a directory", "",
               "name a file in it" + (std::filesystem::exists(config, error) ? ": " + config : ""));
  }
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    return one(path, "this is no regular file", "", "save it as a file first");
  if (!std::filesystem::exists(status) && error == std::errc::permission_denied)
    return one(path, "cannot be read", "", "check the permissions of its directory");
  if (!std::filesystem::exists(status)) return one(path, "there is no such file", "", "check the path");
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) return one(path, "cannot be read", "", "check its permissions");
  return read_stream(file, path);
}

Result<Document, Diagnostics> read_document(const std::string& path) {
  const auto read = read_text(path);
  if (!read) return read.error();
  return parse_document(read->file, read->text);
}

Result<Document, Diagnostics> open_document(Kind kind, std::string_view name) {
  if (is_path(name)) return read_document(std::string(name));
  for (const CatalogueFile& file : catalogue()) {
    if (file.kind == kind && file.name == name) return parse_document(std::string(file.file), std::string(file.text));
  }
  std::error_code error;
  if (std::filesystem::is_regular_file(std::filesystem::path(name), error)) return read_document(std::string(name));
  const KindWords words = words_of(kind);
  return one(words.flag, std::string("there is no ") + words.name + " '" + std::string(name) + "'",
             suggestion(name, catalogue_names(kind)),
             "'ithaca inspect' lists the names; a path to a file works too (it holds a '/' or ends in .yaml or .json)");
}

}  // namespace ithaca
