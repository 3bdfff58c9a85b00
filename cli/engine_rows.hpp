#pragma once
// Step times of a report through the event engine.

#include <string>

#include "cli/machine.hpp"
#include "cli/report.hpp"

namespace ithaca {

/// "rail_optimised, deterministic routing"
std::string network_words(const FabricSpec& spec);

/// Puts the engine's step time in the place of the closed form's. Gives the reason where it cannot run the row, which
/// keeps its time.
std::optional<std::string> run_row(Row& row, const Question& question, const Router& router);

/// Puts the engine's step time in the place of the closed form's in every row that it can run, on the cluster's own
/// network with nothing else on it, and ranks the rows anew. A row that it cannot run keeps its time and gets a notice.
/// Gives problems where there is no such network.
Diagnostics run_rows(Report& report, const LoadedCluster& cluster);

}  // namespace ithaca
