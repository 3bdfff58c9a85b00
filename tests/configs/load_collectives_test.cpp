#include "configs/reader/load_collectives.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace ithaca {
namespace {

constexpr const char* kHeader =
    "#       size         count      type   redop    root     time   algbw   busbw #wrong     time   algbw   busbw "
    "#wrong\n#        (B)    (elements)                               (us)  (GB/s)  (GB/s)\n";

std::string problem(const std::string& text, const CollectiveHints& hints = {}) {
  const auto samples = read_nccl_tests("log.txt", text, hints);
  return samples ? "" : print(samples.error());
}

TEST(NcclTests, WhatIsMissingIsAskedFor) {
  const std::string row = "1048576 262144 float sum -1 100.0 10.49 18.35 0 100.0 10.49 18.35 0\n";
  EXPECT_NE(problem(kHeader + row).find("which collective"), std::string::npos);
  const std::string slow = "8 2 float sum -1 100.0 0.00 0.00 0 100.0 0.00 0.00 0\n";
  EXPECT_NE(problem(kHeader + slow, {Op::all_reduce, {}, {}}).find("how many ranks"), std::string::npos);
  EXPECT_EQ(problem(kHeader + slow, {Op::all_reduce, 4, {}}), "");
  EXPECT_NE(problem("nothing here\n").find("no measured row"), std::string::npos);
  const std::string device = "#  Rank  0 Group  0 Pid 1 on nodea device  0 [0000:06:00] NVIDIA H100\n";
  EXPECT_NE(problem(device + kHeader + row, {Op::all_reduce, {}, {}}).find("lists 1 ranks"), std::string::npos);
}

TEST(NcclTests, PublicLogsAreReadWhole) {
  const char* data = std::getenv("ITHACA_SHARED_DATA");
  if (data == nullptr) GTEST_SKIP() << "set ITHACA_SHARED_DATA to a folder with nccl_logs";
  struct Expected {
    const char* file;
    Op op;
    int ranks;
    std::size_t rows;
  };
  // Ranks and ops from the files' names and device lists; times by counting rows by hand (rows of size or time 0 are
  // none).
  for (const Expected& e : {Expected{"alps_gh200_allreduce_00004-N-0001.txt", Op::all_reduce, 4, 60},
                            Expected{"alps_gh200_allreduce_00016-N-0004.txt", Op::all_reduce, 16, 60},
                            Expected{"alps_gh200_allreduce_00064-N-0016.txt", Op::all_reduce, 64, 60},
                            Expected{"aws_p5_2n_allreduce_excerpt.txt", Op::all_reduce, 16, 12},
                            Expected{"moc_roce_2n_1gpu_allreduce.txt", Op::all_reduce, 2, 26},
                            Expected{"onegpu_2ranks_rtx5090_socket_allgather.txt", Op::all_gather, 2, 96},
                            Expected{"rtx6000d_2n16_roce_alltoall.txt", Op::all_to_all, 16, 30},
                            Expected{"sb_a100_8_allgather.txt", Op::all_gather, 8, 58},
                            Expected{"sb_a100_8_allreduce.txt", Op::all_reduce, 8, 64},
                            Expected{"sb_a100_8_reducescatter.txt", Op::reduce_scatter, 8, 58},
                            Expected{"stas00_a100_8_allreduce.txt", Op::all_reduce, 8, 20}}) {
    const auto log = load_collectives(std::string(data) + "/nccl_logs/" + e.file, {});
    ASSERT_TRUE(log) << print(log.error());
    EXPECT_TRUE(log->broken.empty()) << print(log->broken);
    EXPECT_EQ(log->samples.size(), e.rows) << e.file;
    EXPECT_EQ(log->samples.front().op, e.op) << e.file;
    EXPECT_EQ(log->samples.front().ranks, e.ranks) << e.file;
  }
}

}  // namespace
}  // namespace ithaca
