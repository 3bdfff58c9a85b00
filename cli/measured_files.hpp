#pragma once
// Files of measurements on the command line: logs and tables of collectives, tables of kernels.

#include <string>
#include <vector>

#include "cli/flag_reader.hpp"
#include "configs/reader/load_collectives.hpp"
#include "configs/reader/load_kernels.hpp"
#include "configs/reader/load_profile.hpp"

namespace ithaca {

struct MeasuredFiles {
  std::vector<CollectiveSamples> collectives;
  std::vector<KernelSamples> kernels;
  std::vector<Profile::Input> inputs;
};

/// --ranks and --nodes.
CollectiveHints read_hints(FlagReader& flags);

/// A table of schema measurements/1 is of kernels if its first sample's op is a kernel's. What cannot be read whole is
/// a problem.
MeasuredFiles read_measured(const std::vector<std::string>& paths, const CollectiveHints& hints, Diagnostics& problems);

}  // namespace ithaca
