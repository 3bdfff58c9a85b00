#pragma once
// What to take and why, in a few sentences; where nothing is feasible, what would make it so.

#include <string>
#include <vector>

#include "cli/plan_report.hpp"

namespace ithaca {

std::vector<std::string> plan_verdict(const PlanReport& report);

}  // namespace ithaca
