#pragma once
// A plan for people and for spreadsheets; its JSON is in cli/json_writer.hpp.

#include <string>

#include "cli/plan_report.hpp"
#include "cli/terminal.hpp"

namespace ithaca {

std::string write_table(const PlanReport& report, const Style& style);
/// The columns of `compare`'s CSV behind rank, cluster, recompute, offload and why.
std::string write_csv(const PlanReport& report);

}  // namespace ithaca
