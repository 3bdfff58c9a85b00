#pragma once
// The machine that a simulation runs on: network, routes and what is slow.

#include <memory>

#include "cli/machine_flags.hpp"
#include "configs/reader/load_hardware.hpp"
#include "sim/router.hpp"
#include "sim/run_program.hpp"

namespace ithaca {

struct Machine {
  FabricSpec spec;                       ///< as asked for; its routing is what the router has
  std::shared_ptr<const Fabric> fabric;  ///< without what has failed
  Router router;                         ///< on `fabric`
  Slowdown slowdown;
  std::vector<std::string> notices;  ///< what was assumed of the fabric
};

/// The machine of the first seed. Refuses parts that do not exist, with the nearest names, and what tears GPUs apart.
Result<Machine, Diagnostics> make_machine(const MachineRequest& request, const LoadedCluster& cluster, int gpus);

/// The same machine with another seed of jitter and ECMP.
Result<Machine, std::string> with_seed(const Machine& machine, std::uint64_t seed);

}  // namespace ithaca
