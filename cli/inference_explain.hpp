#pragma once
// Every term of `ithaca compare --phase` with its formula, the numbers put in, the result and the source.

#include <string>

#include "cli/inference_report.hpp"
#include "cli/terminal.hpp"

namespace ithaca {

std::string write_explanation(const InferenceReport& report, const Style& style);

}  // namespace ithaca
