#include "cli/sweep/launched.hpp"

#include <gtest/gtest.h>

#include <map>

namespace ithaca {
namespace {

std::optional<LaunchedRank> with(const std::map<std::string, std::string>& set) {
  return launched_rank([&](const std::string& name) {
    const auto found = set.find(name);
    return found == set.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(LaunchedRank, ByEveryLauncher) {
  EXPECT_EQ(with({{"OMPI_COMM_WORLD_RANK", "3"}, {"OMPI_COMM_WORLD_SIZE", "4"}})->rank, 3);
  EXPECT_EQ(with({{"PMI_RANK", "0"}, {"PMI_SIZE", "2"}})->size, 2);
  EXPECT_EQ(with({{"SLURM_PROCID", "7"}, {"SLURM_STEP_NUM_TASKS", "8"}})->rank, 7);
}

TEST(LaunchedRank, AloneOrInABatchScriptItIsNone) {
  EXPECT_FALSE(with({}));
  EXPECT_FALSE(with({{"OMPI_COMM_WORLD_RANK", "0"}, {"OMPI_COMM_WORLD_SIZE", "1"}}));
  EXPECT_FALSE(with({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}}));
}

}  // namespace
}  // namespace ithaca
