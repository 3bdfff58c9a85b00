#pragma once
// What changed between two comparisons, for people and as JSON.

#include <string>

#include "cli/change_report.hpp"
#include "cli/terminal.hpp"

namespace ithaca {

std::string write_table(const ChangeReport& report, const Style& style);
std::string write_json(const ChangeReport& report);

}  // namespace ithaca
