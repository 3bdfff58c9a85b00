#pragma once
// Measured collectives beside what the model says without a profile, and how far a profile's answers are off.

#include <string>
#include <vector>

#include "configs/reader/load_collectives.hpp"
#include "configs/reader/load_kernels.hpp"

namespace ithaca {

/// Errors of messages from 1 MiB on are told apart.
inline constexpr Bytes kLargeMessage{1 << 20};

struct PlacedSample {
  CollectiveSample sample;
  Placement placement;
  CollectiveCost plain;  ///< by NCCL's constants and the cluster's rates
  bool across = false;   ///< several servers
  ConstantTimes times;   ///< of `plain`
};
using Rows = std::vector<PlacedSample>;

/// The samples on the cluster, ranks side by side from the first GPU on; `said` gets how many do not fit there.
Rows rows_on(const Cluster& cluster, const std::vector<CollectiveSample>& samples, std::vector<std::string>& said);

/// Errors of the cluster's answers by op, ranks, size (from 1 MiB, below) and whether the row was held out.
std::vector<FitError> errors_by_class(const Cluster& cluster, const Rows& rows, const std::vector<bool>& held_out);

}  // namespace ithaca
