#pragma once
// `ithaca simulate flows`: when transfers finish that share links.

#include "cli/flow_writers.hpp"

namespace ithaca {

/// Runs every case. A case that the engine refuses is a problem of the file.
Result<FlowReport, Diagnostics> simulate_flows(LoadedFlows input, std::vector<std::string> argv);

}  // namespace ithaca
