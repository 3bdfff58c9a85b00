#include "cli/sweep/launched.hpp"

#include "model/units.hpp"

namespace ithaca {
namespace {

/// Rank and number of ranks. SLURM_STEP_NUM_TASKS is set by srun alone: a batch script's SLURM_NTASKS is not it.
constexpr const char* kVariables[][2] = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                                         {"PMI_RANK", "PMI_SIZE"},
                                         {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS"}};

}  // namespace

std::optional<LaunchedRank> launched_rank(const Variables& variables) {
  for (const auto& [rank_name, size_name] : kVariables) {
    const auto rank = parse_count(variables(rank_name).value_or("")),
               size = parse_count(variables(size_name).value_or(""));
    if (rank && size && *size > 1) return LaunchedRank{static_cast<int>(*rank), static_cast<int>(*size)};
  }
  return std::nullopt;
}

}  // namespace ithaca
