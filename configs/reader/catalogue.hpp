#pragma once
// The models, GPUs, clusters, kernel curves and sweeps that come with Ithaca, embedded in the program, and files beside
// them.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "configs/reader/diagnostic.hpp"
#include "configs/reader/document.hpp"
#include "model/result.hpp"

namespace ithaca {

enum class Kind : std::uint8_t { model, gpu, cluster, kernels, sweep };

struct CatalogueFile {
  Kind kind{};
  std::string_view name;  ///< "llama3-8b"
  std::string_view file;  ///< "configs/models/llama3-8b.yaml", as messages show it
  std::string_view text;
};

/// Every name of a kind, sorted.
std::vector<std::string> catalogue_names(Kind kind);
/// The document behind a name, or behind a path: what contains '/' or ends in .yaml, .yml or .json is a file; so is
/// what the catalogue does not know and the working directory has.
Result<Document, Diagnostics> open_document(Kind kind, std::string_view name_or_path);
/// A person's own file; "-" reads the standard input.
Result<Document, Diagnostics> read_document(const std::string& path);
/// The same as text in whatever format.
struct TextFile {
  std::string file;  ///< as messages call it
  std::string text;
};
Result<TextFile, Diagnostics> read_text(const std::string& path);

}  // namespace ithaca
