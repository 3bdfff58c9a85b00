#pragma once
// The command line and the environment of `ithaca_probe collectives` and `layers`.

#include "validate/launch.hpp"
#include "validate/probe/measure_collectives.hpp"

namespace ithaca {

struct CollectiveOptions {
  enum class Command { collectives, layers, help };
  Command command = Command::help;
  CollectivePlan plan;
  Meeting meeting;         ///< of processes; its patience is with NCCL
  bool all_here = true;    ///< nobody launched this: a thread for each GPU of this machine
  int local_rank = 0;      ///< which of this machine's GPUs is this process's
  std::int64_t gpus = 0;   ///< threads; 0: as many as there are GPUs
  bool share_gpu = false;  ///< the ranks are processes on one GPU
  bool overlap = false;    ///< GEMMs beside all-gathers too
  bool list = false;       ///< prints what would be measured
  std::string cluster, gpu, file;
  std::string launched_by;
};

extern const char* const kCollectivesHelp;

/// `arguments` begin with the command. An error says every mistake, a line each.
Result<CollectiveOptions, std::string> parse_collective_options(const std::vector<std::string>& arguments,
                                                                const Variables& variables);

/// What makes NCCL take processes on one GPU for hosts of their own that talk over the loopback: NCCL compares
/// (host, GPU), where NCCL_HOSTID stands for the host (NVIDIA/nccl@v2.28.9 src/init.cc, src/misc/utils.cc).
std::vector<std::pair<std::string, std::string>> sharing_environment(int rank);

}  // namespace ithaca
