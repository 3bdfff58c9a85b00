#pragma once
// The page of what `ithaca simulate flows --json` wrote: when each flow finishes and how busy each link was, by case.

#include <string>

#include "configs/reader/diagnostic.hpp"
#include "model/result.hpp"

namespace ithaca {

/// HTML, as write_page's. Of many cases the longest are drawn, and of many flows the last. `file` is how messages call
/// the text.
Result<std::string, Diagnostics> write_flows_page(const std::string& file, const std::string& text);

}  // namespace ithaca
