#pragma once
// The report for people: the question, a column a strategy with one unit a line, remarks, the verdict.

#include <string>

#include "cli/report.hpp"
#include "cli/terminal.hpp"

namespace ithaca {

/// No line is wider than `style.width`, which is at least 40.
std::string write_table(const Report& report, const Style& style);

/// The question as it was understood, with the defaults that were chosen and the marks.
std::string write_heading(const Report& report, const Style& style);

}  // namespace ithaca
