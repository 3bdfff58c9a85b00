#include "configs/reader/nccl_tests_text.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

constexpr const char* kHeader =
    "#       size         count      type   redop    root     time   algbw   busbw #wrong     time   algbw   busbw "
    "#wrong\n#        (B)    (elements)                               (us)  (GB/s)  (GB/s)\n";

CollectiveSamples read(const std::string& text, const CollectiveHints& hints = {}, const char* file = "log.txt") {
  auto samples = read_nccl_tests(file, text, hints);
  EXPECT_TRUE(samples) << (samples ? "" : print(samples.error()));
  return samples ? std::move(samples).value() : CollectiveSamples{};
}

TEST(NcclTests, RowsHaveTwoTimesAndTheirOpAndRanks) {
  // busbw over algbw is 1.75 = 2 (n - 1) / n: eight ranks.
  const auto log = read(std::string("# Collective test starting: all_reduce_perf\n") + kHeader +
                        "    1048576        262144     float     sum      -1    100.0   10.49   18.35      0    110.0"
                        "    9.53   16.68      0\n");
  ASSERT_EQ(log.samples.size(), 2u);
  EXPECT_EQ(log.samples[0].op, Op::all_reduce);
  EXPECT_EQ(log.samples[0].ranks, 8);
  EXPECT_EQ(log.samples[0].message, Bytes{1048576});
  EXPECT_DOUBLE_EQ(log.samples[0].time.value(), 100e-6);
  EXPECT_FALSE(log.samples[0].in_place);
  EXPECT_TRUE(log.samples[1].in_place);
  EXPECT_EQ(log.samples[1].wrong, 0);
  EXPECT_EQ(log.samples[0].line, 4);
}

TEST(NcclTests, AThreadOfSeveralGpusIsDoubted) {
  // 8 B in 34.7 us is what launching takes; 43.4 us, a quarter more, are no longer near.
  const std::string rows = std::string("# Collective test starting: all_reduce_perf\n") + kHeader +
                           "8 2 float sum -1 34.7 0.00 0.00 0 35.3 0.00 0.00 0\n"
                           "65536 16384 float sum -1 43.3 1.51 2.65 0 43.5 1.51 2.64 0\n";
  const auto doubted = read("# nThread 1 nGpus 8 minBytes 1 maxBytes 8589934592\n" + rows);
  ASSERT_EQ(doubted.samples.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(doubted.samples[i].doubt.empty(), i == 3) << i;
  EXPECT_EQ(doubted.samples[0].doubt, "one thread drove 8 GPUs and may take this long to launch");
  for (const char* header : {"# nThread 1 nGpus 1 minBytes 1\n", ""})
    for (const CollectiveSample& s : read(header + rows).samples) EXPECT_EQ(s.doubt, "");
  // The header of a second test is not of the first one's rows.
  const auto two = read("# nThread 1 nGpus 8\n" + rows + "# nThread 1 nGpus 1\n" + rows.substr(rows.find('\n') + 1));
  ASSERT_EQ(two.samples.size(), 8u);
  EXPECT_NE(two.samples[0].doubt, "");
  EXPECT_EQ(two.samples[4].doubt, "");
  // Without small messages nothing tells.
  const auto large = read("# nThread 1 nGpus 8\n" + std::string(kHeader) +
                              "1048576 262144 float sum -1 100.0 10.49 18.35 0 100.0 10.49 18.35 0\n",
                          {Op::all_reduce, {}, {}});
  EXPECT_EQ(large.samples.at(0).doubt, "");
}

TEST(NcclTests, DevicesCountRanksAndServers) {
  const auto log = read(
      "# nccl-tests version 2.18.0\n# Collective test starting: alltoall_perf\n"
      "#  Rank  0 Group  0 Pid 1 on nodea device  0 [0000:06:00] NVIDIA H100 80GB HBM3\n"
      "#  Rank  1 Group  0 Pid 2 on nodeb device  0 [0000:06:00] NVIDIA H100 80GB HBM3\n" +
      std::string(kHeader) + "2097152 262144 float none -1 100.0 20.97 10.49 0 100.0 20.97 10.49 N/A\n");
  ASSERT_EQ(log.samples.size(), 2u);
  EXPECT_EQ(log.samples[0].op, Op::all_to_all);
  EXPECT_EQ(log.samples[0].ranks, 2);
  EXPECT_EQ(log.samples[0].nodes, 2);
  EXPECT_EQ(log.gpu, "NVIDIA H100 80GB HBM3");
  EXPECT_FALSE(log.samples[1].wrong);
}

TEST(NcclTests, PrefixesAndChatterBetweenRowsAreSkipped) {
  const std::string row = "1048576 262144 float sum -1 100.0 10.49 18.35 0 100.0 10.49 18.35 0\n";
  std::string text = "some words\n[1,0]<stdout>:" + std::string(kHeader).substr(0, std::string(kHeader).find('\n')) +
                     "\n[1,0]<stdout>:" + row + "node:1:2 [0] NCCL INFO Channel 00/0 : 1[0] -> 0[0]\n   ...\n" +
                     "[1,0]<stdout>:  " + row + "0: " + row + "# Out of bounds values : 0 OK\n";
  EXPECT_EQ(read(text, {Op::all_reduce, {}, {}}).samples.size(), 6u);
}

TEST(NcclTests, ThinnedColumnsAndGroupedDigits) {
  const auto log =
      read("   size    time   algbw   busbw\n    (B)    (us)  (GB/s)  (GB/s)\n  1_048_576  100.0  10.49 18.35\n", {},
           "runs/stas_allreduce.txt");
  ASSERT_EQ(log.samples.size(), 1u);
  EXPECT_EQ(log.samples[0].message, Bytes{1048576});
  EXPECT_EQ(log.samples[0].op, Op::all_reduce);
}

TEST(NcclTests, OldColumnsWithoutRootAndPerIterationColumns) {
  EXPECT_EQ(read("size count type time algbw busbw error time algbw busbw error\n"
                 "1048576 262144 float 100.0 10.49 9.18 N/A 100.0 10.49 9.18 N/A\n",
                 {Op::all_gather, {}, {}})
                .samples.size(),
            2u);
  EXPECT_EQ(read("size count type redop root time algbw busbw #wrong i_min i_max i_p99 i_cv% time algbw busbw #wrong "
                 "i_min i_max i_p99 i_cv% timestamp\n"
                 "1048576 262144 float none -1 100.0 10.49 9.18 0 90 110 109 1.5 100.0 10.49 9.18 0 90 110 109 1.5 "
                 "2026-01-02 03:04:05\n",
                 {Op::all_gather, {}, {}})
                .samples.size(),
            2u);
}

TEST(NcclTests, WrongElementsStayWithTheirRow) {
  const auto log = read(std::string(kHeader) + "1048576 262144 float sum -1 100.0 10.49 18.35 12 100.0 10.49 18.35 0\n",
                        {Op::all_reduce, {}, {}});
  EXPECT_EQ(log.samples[0].wrong, 12);
}

TEST(NcclTests, BrokenRowsAreNamedAndTheOthersKept) {
  const auto log = read(std::string(kHeader) +
                            "1048576 262144 float sum -1 100.0 10.49 18.35 0 100.0 10.49 18.35 0\n"
                            "2097152 524288 float sum -1 100.0 20.97\n"
                            "2097152 524288 float sum -1 100.0 10.49 18.35 0 100.0 20.97 36.70 0\n",
                        {Op::all_reduce, {}, {}});
  EXPECT_EQ(log.samples.size(), 3u);
  ASSERT_EQ(log.broken.size(), 2u);
  EXPECT_EQ(log.broken[0].at.line, 4);
  EXPECT_EQ(log.broken[0].what, "this row has 7 columns, its header 13");
  EXPECT_EQ(log.broken[1].what, "size over time is not the row's algbw");
}

TEST(NcclTests, AVersionThatIsCutOffIsNone) {
  const auto log = read("NCCL version \n" + std::string(kHeader) +
                            "1048576 262144 float sum -1 100.0 10.49 18.35 0 100.0 10.49 18.35 0\n",
                        {Op::all_reduce, {}, {}});
  EXPECT_EQ(log.nccl, "");
}

TEST(NcclTests, BrokenRowsBeyondFiftyAreCounted) {
  std::string rows = "1048576 262144 float sum -1 100.0 10.49 18.35 0 100.0 10.49 18.35 0\n";
  for (int i = 0; i < 60; ++i) rows += "1\n";
  const auto log = read(std::string(kHeader) + rows, {Op::all_reduce, {}, {}});
  EXPECT_EQ(log.broken.size(), 50u);
  EXPECT_EQ(log.more_broken, 10u);
}

/// Real logs, where they are at hand: every row of theirs is taken in.

}  // namespace
}  // namespace ithaca
