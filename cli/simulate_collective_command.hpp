#pragma once
// `ithaca simulate collective`: nccl-tests without the GPUs.

#include "cli/collective_flags.hpp"
#include "cli/collective_report.hpp"
#include "configs/reader/load_hardware.hpp"

namespace ithaca {

/// Runs every size. Refuses what the group, the network or memory do not allow.
Result<CollectiveReport, Diagnostics> simulate_collective(const CollectiveRequest& request,
                                                          const LoadedCluster& cluster, std::vector<std::string> argv);

}  // namespace ithaca
