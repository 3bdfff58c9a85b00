#pragma once
// Every term of a report with its formula, the numbers put in, the result and the source.

#include <string>

#include "cli/report.hpp"
#include "cli/terminal.hpp"

namespace ithaca {

std::string write_explanation(const Report& report, const Style& style);

}  // namespace ithaca
