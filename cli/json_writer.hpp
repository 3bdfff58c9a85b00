#pragma once
// The report as JSON: format 1.0, SI base units with the unit in the key, full precision. Keys may be added within
// format 1; none is renamed or dropped.

#include <string>

#include "cli/inspect_command.hpp"
#include "cli/report.hpp"

namespace ithaca {

std::string write_json(const Report& report);
/// `ithaca inspect`: an array of items under each section's key.
std::string write_json(const std::vector<Section>& sections);

}  // namespace ithaca
