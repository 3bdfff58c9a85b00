#include "configs/reader/nccl_tests_json.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

TEST(NcclTests, JsonSaysTheSame) {
  const std::string path = test::temporary_path("nccl.json");
  std::ofstream(path) << R"({"version":2,"args":["./build/all_gather_perf","-b","8"],"nccl_version":22907,
    "config":{"nthreads":1,"ngpus":2,"devices":[{"rank":0,"hostname":"a","device_info":"NVIDIA H200"},
                                                {"rank":2,"hostname":"b","device_info":"NVIDIA H200"}]},
    "results":[{"size":4194304,"count":262144,"type":"float","redop":"none","root":"    -1",
      "out_of_place":{"time":100.0,"alg_bw":41.943040,"bus_bw":31.457280,"nwrong":0.0},
      "in_place":{"time":99.0,"alg_bw":42.366707,"bus_bw":31.775030,"nwrong":null},"actual_iterations":20}]})";
  const auto log = load_collectives(path, {});
  ASSERT_TRUE(log) << print(log.error());
  ASSERT_EQ(log->samples.size(), 2u);
  EXPECT_EQ(log->samples[0].op, Op::all_gather);
  EXPECT_EQ(log->samples[0].ranks, 4);  // 2 processes with 2 GPUs; 31.46 / 41.94 = 3/4 too
  EXPECT_EQ(log->samples[0].nodes, 2);
  EXPECT_EQ(log->gpu, "NVIDIA H200");
  EXPECT_EQ(log->nccl, "2.29.7");
  EXPECT_FALSE(log->samples[1].wrong);
}

TEST(NcclTests, JsonOfNoVersionAndManyBrokenRows) {
  std::string rows = "1";
  for (int i = 1; i < 60; ++i) rows += ",1";
  const std::string head = R"({"args":["all_gather_perf"],"nccl_version":1e300,"results":[)";
  const auto log = read_collectives("a.json", head + rows + "]}", {});
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().size(), 50u);
}

}  // namespace
}  // namespace ithaca
