#pragma once
// The cluster profile that stands for the machine of a published run, with the figures that its source gives put over
// it.

#include <map>
#include <string>
#include <vector>

#include "configs/reader/load_hardware.hpp"
#include "configs/reader/load_runs.hpp"

namespace ithaca {

/// Why a run cannot be put to the model: a refusal like the model's own, in words.
struct RunRefusal {
  std::string rule, why, instead;
};

/// Profiles by name, each read once.
class RunProfiles {
 public:
  const Result<LoadedCluster, Diagnostics>& cluster(const std::string& name);

 private:
  std::map<std::string, Result<LoadedCluster, Diagnostics>> clusters_;
};

struct RunMachine {
  LoadedCluster loaded;
  std::vector<std::string> assumed;
};

/// `gpus` says whether the network matters. A rate that the source gives replaces the profile's peak; what NCCL
/// reaches keeps its share of the peak.
Result<RunMachine, RunRefusal> run_machine(const RunHardware& hardware, int gpus, RunProfiles& profiles);

}  // namespace ithaca
