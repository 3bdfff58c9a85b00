#pragma once
// Rows as CSV (RFC 4180): a header line, then one line a strategy, the names of the JSON joined with dots.

#include <string>

#include "cli/report.hpp"

namespace ithaca {

std::string write_csv(const Report& report);
/// Names and values of one row, without a line end.
std::string csv_header();
std::string csv_line(const Question& question, const Row& row);

/// Quoted where it holds a comma, a quote or a line break.
std::string csv_cell(const std::string& text);

}  // namespace ithaca
