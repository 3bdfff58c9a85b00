#pragma once
// Who am I among the ranks: what torchrun, srun and mpirun put into the environment.

#include <functional>
#include <optional>
#include <string>

#include "model/result.hpp"

namespace ithaca {

struct Launch {
  int rank = 0, ranks = 1, local_rank = 0;
  std::string host;  ///< of rank 0; empty where the launcher does not say
  int port = 29500;  ///< torchrun's default
  std::string by;    ///< "torchrun", "srun", "mpirun"
};

/// A variable's value; none where it is not set.
using Variables = std::function<std::optional<std::string>(const std::string& name)>;

/// None outside of a launcher. The reason where variables contradict each other or are no numbers. MASTER_ADDR and
/// MASTER_PORT hold under any launcher; srun's first host is taken from SLURM_NODELIST.
Result<std::optional<Launch>, std::string> read_launch(const Variables& variables);

/// The first host of "node[03-08,11],gpu7": node03.
std::string first_host(const std::string& node_list);

}  // namespace ithaca
