#include "validate/tcp/measure.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <mutex>

#include "tests/support/ranks.hpp"

namespace ithaca {
namespace {

TEST(Measure, MedianAndItsError) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_EQ(median_standard_error({2, 2, 2}), 0);
  // Deviations 1, 1, 0, 1, 1 from 10: their median is 1; 1.2533 x 1.4826 / sqrt(5) / 10.
  EXPECT_NEAR(median_standard_error({9, 11, 10, 9, 11}), 1.2533 * 1.4826 / std::sqrt(5.0) / 10, 1e-15);
}

TEST(Measure, EveryRankGetsTheSameSamplesOfEveryPatternAndSize) {
  std::mutex mutex;
  std::vector<std::vector<CollectiveSample>> all;
  test::as_ranks(3, [&](const Mesh& mesh) {
    MeasurePlan plan;
    plan.messages = {Bytes{3 * 4096}, Bytes{3 * 65536 + 5}};
    plan.most = 5;
    const Measured measured = measure(mesh, plan);
    EXPECT_FALSE(measured.trouble) << *measured.trouble;
    const std::scoped_lock lock(mutex);
    all.push_back(measured.samples);
  });
  ASSERT_EQ(all.size(), 3u);
  ASSERT_EQ(all[0].size(), 12u);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_GT(all[0][i].time.value(), 0);
    for (const auto& other : all) EXPECT_EQ(other[i].time, all[0][i].time);
  }
  EXPECT_EQ(all[0][0].ranks, 2);  // the ping-pong
  EXPECT_EQ(all[0][8].op, Op::all_to_all);
  EXPECT_EQ(all[0][8].algorithm, Algorithm::direct);
  // Cut to whole floats a rank: 196613 / 4 = 49153 floats, 16384 for each of three ranks.
  EXPECT_EQ(all[0][9].message, Bytes{3 * 16384 * 4});
}

TEST(Measure, WhatWasMeasuredBeforeALossIsKept) {
  test::as_ranks(3, [](const Mesh& mesh) {
    MeasurePlan plan;
    plan.messages = {Bytes{4096}};
    plan.patterns = {Pattern::shift};
    if (mesh.rank() != 1) plan.patterns.push_back(Pattern::all_gather);  // rank 1 leaves after the first
    const Measured measured = measure(mesh, plan);
    ASSERT_EQ(measured.samples.size(), 1u);
    EXPECT_EQ(measured.samples[0].op, Op::send_recv);
    if (mesh.rank() == 0) {
      EXPECT_NE(measured.trouble->find("all_gather of 4.00 KiB: "), std::string::npos) << *measured.trouble;
    }
  });
}

}  // namespace
}  // namespace ithaca
