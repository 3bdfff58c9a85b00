#pragma once
// The answer of `ithaca compare --phase` for people.

#include "cli/inference_report.hpp"
#include "cli/terminal.hpp"

namespace ithaca {

/// No line is wider than `style.width`, which is at least 40.
std::string write_table(const InferenceReport& report, const Style& style);

}  // namespace ithaca
