#include "validate/launch.hpp"

#include <gtest/gtest.h>

#include <map>

namespace ithaca {
namespace {

using Set = std::map<std::string, std::string>;

Result<std::optional<Launch>, std::string> read(const Set& set) {
  return read_launch([&](const std::string& name) {
    const auto found = set.find(name);
    return found == set.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(Launch, NobodyLaunchedThis) {
  EXPECT_FALSE(read({}).value());
  EXPECT_FALSE(read({{"MASTER_ADDR", "a"}, {"RANK", "1"}}).value());
}

TEST(Launch, Torchrun) {
  const auto launch = read({{"RANK", "5"},
                            {"WORLD_SIZE", "16"},
                            {"LOCAL_RANK", "1"},
                            {"MASTER_ADDR", "10.0.0.1"},
                            {"MASTER_PORT", "1234"}})
                          .value();
  EXPECT_EQ(launch->rank, 5);
  EXPECT_EQ(launch->ranks, 16);
  EXPECT_EQ(launch->local_rank, 1);
  EXPECT_EQ(launch->host, "10.0.0.1");
  EXPECT_EQ(launch->port, 1234);
}

TEST(Launch, TorchrunsAgentHoldsItsPortItself) {
  const Set set{{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_PORT", "1234"}, {"TORCHELASTIC_USE_AGENT_STORE", "True"}};
  EXPECT_EQ(read(set).value()->port, 1235);
}

TEST(Launch, SlurmsFirstHostIsTheMeetingPlace) {
  const auto launch =
      read({{"SLURM_PROCID", "3"}, {"SLURM_NTASKS", "4"}, {"SLURM_LOCALID", "3"}, {"SLURM_NODELIST", "gpu[007-009]"}})
          .value();
  EXPECT_EQ(launch->by, "srun");
  EXPECT_EQ(launch->host, "gpu007");
  EXPECT_EQ(launch->port, 29500);
}

TEST(Launch, OpenMpiDoesNotSayWhereRankZeroIs) {
  const auto launch = read({{"OMPI_COMM_WORLD_RANK", "0"}, {"OMPI_COMM_WORLD_SIZE", "2"}}).value();
  EXPECT_EQ(launch->by, "mpirun");
  EXPECT_EQ(launch->host, "");
}

TEST(Launch, NodeLists) {
  EXPECT_EQ(first_host("a"), "a");
  EXPECT_EQ(first_host("a,b"), "a");
  EXPECT_EQ(first_host("node[03-08,11],gpu7"), "node03");
  EXPECT_EQ(first_host("a,node[03-08]"), "a");
  EXPECT_EQ(first_host(""), "");
}

TEST(Launch, NonsenseIsNamed) {
  EXPECT_EQ(read({{"RANK", "x"}, {"WORLD_SIZE", "2"}}).error(), "RANK is 'x', which is no count");
  EXPECT_EQ(read({{"RANK", "2"}, {"WORLD_SIZE", "2"}}).error(), "RANK is 2 of 2 ranks, which count from 0");
  EXPECT_EQ(read({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_PORT", "70000"}}).error(),
            "MASTER_PORT leaves no port up to 65535");
}

}  // namespace
}  // namespace ithaca
