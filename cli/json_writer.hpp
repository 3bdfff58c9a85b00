#pragma once
// The report as JSON: format 1.0, SI base units with the unit in the key, full precision. Keys may be added within
// format 1; none is renamed or dropped.

#include <string>

#include "cli/fabric_view.hpp"
#include "cli/inference_report.hpp"
#include "cli/plan_report.hpp"
#include "cli/report.hpp"

namespace ithaca {

std::string write_json(const Report& report);
/// Rows of `compare` with cluster, settings and why; the best first, then the best of the other strategies.
std::string write_json(const PlanReport& report);
/// `ithaca compare --phase`.
std::string write_json(const InferenceReport& report);
/// `ithaca inspect`: an array of items under each section's key; the network as an object.
std::string write_json(const std::vector<Section>& sections, const FabricView* fabric = nullptr);

}  // namespace ithaca
