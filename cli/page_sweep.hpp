#pragma once
// The page of what `ithaca sweep --json` wrote: which strategy is fastest over its axes, and every row.

#include <string>

#include "configs/reader/diagnostic.hpp"
#include "model/result.hpp"

namespace ithaca {

/// HTML, as write_page's. Where two axes vary there is a map of the fastest strategy that fits, where one does, bars of
/// its time; refused and too large points keep their reason. `file` is how messages call the text.
Result<std::string, Diagnostics> write_sweep_page(const std::string& file, const std::string& text);

}  // namespace ithaca
