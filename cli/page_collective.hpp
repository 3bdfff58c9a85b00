#pragma once
// The page of what `ithaca simulate collective --json` wrote: bandwidth and time by size against what the links allow.

#include <string>

#include "configs/reader/diagnostic.hpp"
#include "model/result.hpp"

namespace ithaca {

/// HTML, as write_page's. `file` is how messages call the text.
Result<std::string, Diagnostics> write_collective_page(const std::string& file, const std::string& text);

}  // namespace ithaca
