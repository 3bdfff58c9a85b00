#pragma once
// What goes wrong with a machine: links and nodes that fail or slow down, GPUs that compute slowly.
// Parts are called as the fabric calls them: "leaf0->spine0" is a link, "leaf0-spine0" the cable, both ways
// ("leaf0-spine0#1" the second of several), "nic3" a node with all its links.

#include <span>
#include <string>
#include <vector>

#include "model/quantity.hpp"
#include "model/result.hpp"
#include "sim/fabric.hpp"

namespace ithaca {

struct Fault {
  std::string part;
  double share = 0;       ///< of the capacity that is left, at most 1; zero: failed
  BytesPerSecond rate{};  ///< above zero: what is left, instead of a share
};

struct Straggler {
  std::string gpu;   ///< "gpu5", the rank "5", or "host2": all GPUs of the host
  double times = 1;  ///< as long as a healthy GPU computes, at least 1
};

struct FaultProblem {
  std::size_t index = 0;  ///< of the fault or straggler
  bool unknown = false;   ///< nothing is called so
  std::string what;
};
using FaultProblems = std::vector<FaultProblem>;

/// The fabric without the links that failed and with less capacity on others; several faults of a link add up. Nodes
/// stay, so that ranks keep their numbers. Refuses unknown parts, GPUs that fail, and more than there was.
Result<Fabric, FaultProblems> damage(const Fabric& fabric, std::span<const Fault> faults);

/// Slowdown::gpu (sim/run_program.hpp) for a program on the first `ranks` GPUs; empty where nobody is slow. Several
/// stragglers that name a GPU multiply.
Result<std::vector<double>, FaultProblems> slow_gpus(const Fabric& fabric, std::span<const Straggler> stragglers,
                                                     std::uint32_t ranks);

}  // namespace ithaca
