#pragma once
// Model files (schema model/1) and Hugging Face config.json files.

#include <string>
#include <string_view>

#include "configs/reader/diagnostic.hpp"
#include "model/result.hpp"
#include "model/transformer.hpp"

namespace ithaca {

struct LoadedModel {
  Transformer model;
  std::string file;
  std::string source;  ///< where the dimensions come from
  std::string note;    ///< "dimensions derived ..."; may be empty
};

/// `name_or_path` as in open_document.
Result<LoadedModel, Diagnostics> load_model(std::string_view name_or_path);

}  // namespace ithaca
