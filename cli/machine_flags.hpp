#pragma once
// The flags with which every simulation says what network it runs on and what is wrong with the machine.

#include <optional>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/flag_reader.hpp"
#include "model/fabric.hpp"
#include "sim/faults.hpp"

namespace ithaca {

inline constexpr Flag kMachineFlags[] = {
    {"--fabric", "FABRIC",
     "the network: fat_tree, rail_optimised, rail_only, dragonfly, torus, ring, full_mesh, pcie_tree or ideal; with "
     "numbers '{kind: fat_tree, oversubscription: 2}'; or a file. Default: the cluster's, else ideal"},
    {"--routing", "WORD",
     "deterministic, ecmp, polarised (ecmp whose switches all hash alike), spray or pxn. Default: the fabric's"},
    {"--fail", "LINK", "fails: a cable leaf0-spine0, one direction of it leaf0->spine0, or a node nic3 (repeatable)",
     false, true},
    {"--degrade", "LINK=LEFT", "carries less: leaf0-spine0=50% or nic3=200Gbps are what is left (repeatable)", false,
     true},
    {"--straggler", "GPU=TIMES", "computes slower: gpu5=1.2x, or all GPUs of a server host2=1.1x (repeatable)", false,
     true},
    {"--jitter", "SHARE", "compute times vary at random, 5% is their standard deviation"},
    {"--seeds", "K", "runs with K seeds of jitter and ecmp: median, 95th percentile, worst"},
    {"--seed", "N", "the first seed. Default: 1"},
    {"--trace", "FILE", "writes the timeline there, for ui.perfetto.dev"},
};

struct MachineRequest {
  std::string fabric;  ///< empty: the cluster's
  std::optional<Routing> routing;
  std::vector<Fault> faults;
  std::vector<Straggler> stragglers;
  std::vector<std::string> fault_flags, straggler_flags;  ///< as typed: "--fail leaf0-spine0"
  double jitter = 0;
  int seeds = 1;
  std::uint64_t seed = 1;
  std::string trace;  ///< empty: none

  bool is_damaged() const { return !faults.empty() || !stragglers.empty() || jitter > 0; }
};

MachineRequest read_machine_flags(const Arguments& arguments, Diagnostics& problems);

}  // namespace ithaca
