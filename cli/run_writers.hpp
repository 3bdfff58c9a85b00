#pragma once
// Published runs against predictions: a table for people, JSON and CSV.

#include <string>
#include <vector>

#include "cli/terminal.hpp"
#include "validate/run_errors.hpp"

namespace ithaca {

struct RunReport {
  std::vector<std::string> argv;
  RunErrors errors;
  std::vector<std::string> notices;
  double tolerance = 0;
};

/// A mean error of the source's steps or memory above the tolerance.
bool beyond(const RunSummary& summary, double tolerance);

std::string write_run_table(const RunReport& report, const Style& style);
std::string write_run_json(const RunReport& report);
std::string write_run_csv(const RunReport& report);

}  // namespace ithaca
