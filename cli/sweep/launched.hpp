#pragma once
// Sweeps that mpirun or srun started on many machines.

#include <optional>

#include "validate/launch.hpp"

namespace ithaca {

/// The process among those of one start, by the launcher's variables.
struct LaunchedRank {
  int rank = 0, size = 1;
};

/// Open MPI's, MPICH's (and Intel MPI's) or srun's; nothing for a process that was started alone. Unlike read_launch it
/// does not take a batch script for one of many.
std::optional<LaunchedRank> launched_rank(const Variables& variables);

}  // namespace ithaca
