#pragma once
// The page of what `ithaca plan --curriculum --json` wrote: days and dollars of each offer by stage.

#include <string>

#include "configs/reader/diagnostic.hpp"
#include "model/result.hpp"

namespace ithaca {

/// HTML, as write_page's. `file` is how messages call the text.
Result<std::string, Diagnostics> write_curriculum_page(const std::string& file, const std::string& text);

}  // namespace ithaca
