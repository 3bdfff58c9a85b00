#pragma once
// Flow cases: links and the flows on them. A file has `format: 1` and a list `cases`, each with a `name`, `links` {id,
// capacity, latency} and `flows` {id, start, delay, bytes, path, rate_cap, after}, in bytes, seconds and bytes per
// second. `path` names links and `after` flows, by their id or, where they have none, by their number from 0 on.

#include <optional>
#include <string>
#include <vector>

#include "configs/reader/diagnostic.hpp"
#include "configs/reader/document.hpp"
#include "model/flows.hpp"
#include "model/result.hpp"

namespace ithaca {

/// A case with the finish times that the file says it should have.
struct LoadedFlowCase {
  FlowCase flows;
  std::vector<std::string> flow_ids;
  std::vector<std::optional<Seconds>> finish;  ///< by flow
};

struct LoadedFlows {
  std::string file;
  std::vector<LoadedFlowCase> cases;
};

/// `path`: a file, or "-" for the standard input.
Result<LoadedFlows, Diagnostics> load_flows(const std::string& path);
Result<LoadedFlows, Diagnostics> read_flows(const Document& document);

}  // namespace ithaca
