#pragma once
// The report as JSON: format 1.0, SI base units with the unit in the key, full precision. Keys may be added within
// format 1; none is renamed or dropped.

#include <string>

#include "cli/report.hpp"

namespace ithaca {

std::string write_json(const Report& report);

}  // namespace ithaca
