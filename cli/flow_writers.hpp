#pragma once
// What `ithaca simulate flows` found: a table with a line a case, JSON, or CSV with a line a flow.

#include <string>
#include <vector>

#include "cli/terminal.hpp"
#include "configs/reader/load_flows.hpp"
#include "sim/flow_engine.hpp"

namespace ithaca {

struct FlowReport {
  std::vector<std::string> argv;
  LoadedFlows input;
  std::vector<FlowRun> runs;  ///< by case
};

/// The link with the largest share of its capacity in use; the first of several. Nothing if there is no link.
std::optional<std::size_t> busiest_link(const FlowSystem& system, const FlowRun& run);
/// The largest relative difference from the finish times that the file states; nothing if it states none.
std::optional<double> difference_from_file(const LoadedFlowCase& input, const FlowRun& run);

/// No line is wider than `style.width`, which is at least 60; long names are cut.
std::string write_flow_table(const FlowReport& report, const Style& style);
std::string write_flow_json(const FlowReport& report);
std::string write_flow_csv(const FlowReport& report);

}  // namespace ithaca
