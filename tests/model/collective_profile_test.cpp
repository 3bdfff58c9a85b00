#include "model/collective_profile.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "model/collective.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

CollectiveCurve curve(int ranks, std::vector<CollectiveCurve::Point> points) {
  return {Op::all_gather, Algorithm::ring, false, ranks, std::move(points)};
}

Correction at(const CollectiveProfile& profile, int ranks, double bytes) {
  return correction(profile, Op::all_gather, Algorithm::ring, Protocol::simple, false, ranks, bytes);
}

TEST(CollectiveProfile, PointsAreJoinedOnLogarithmicAxes) {
  const CollectiveProfile profile{{}, {curve(8, {{1024, 1}, {4096, 4}})}};
  // 2048 is halfway between 1024 and 4096, and 2 between 1 and 4.
  EXPECT_NEAR(at(profile, 8, 2048).transfer, 2, 1e-12);
  EXPECT_TRUE(at(profile, 8, 2048).inside);
  EXPECT_NEAR(at(profile, 8, 65536).transfer, 4, 1e-12);
  EXPECT_FALSE(at(profile, 8, 65536).inside);
  EXPECT_NEAR(at(profile, 8, 1).latency, 1, 1e-12);
  EXPECT_FALSE(at(profile, 8, 1).inside);
}

TEST(CollectiveProfile, CurvesAreJoinedByRanks) {
  const CollectiveProfile profile{{}, {curve(2, {{1024, 1}}), curve(8, {{1024, 4}})}};
  EXPECT_NEAR(at(profile, 4, 1024).transfer, 2, 1e-12);  // 4 is halfway between 2 and 8
  EXPECT_TRUE(at(profile, 4, 1024).inside);
  EXPECT_NEAR(at(profile, 16, 1024).transfer, 4, 1e-12);
  EXPECT_FALSE(at(profile, 16, 1024).inside);
}

TEST(CollectiveProfile, RegimesScaleLatencyAndTransferApart) {
  const CollectiveRegime regime{Op::all_gather, Algorithm::ring, Protocol::simple, false, 3, 0.5};
  const CollectiveProfile profile{{regime}, {curve(8, {{1024, 2}})}};
  EXPECT_NEAR(at(profile, 8, 1024).latency, 6, 1e-12);
  EXPECT_NEAR(at(profile, 8, 1024).transfer, 1, 1e-12);
  const Correction other = correction(profile, Op::all_to_all, Algorithm::direct, Protocol::simple, false, 8, 1024);
  EXPECT_FALSE(other.known);
  EXPECT_EQ(other.transfer, 1);
}

TEST(CollectiveProfile, AStepIsWhatARankPassesOn) {
  EXPECT_EQ(step_bytes(Op::all_reduce, Algorithm::ring, Bytes{1024}, 8), 128);
  EXPECT_EQ(step_bytes(Op::all_to_all, Algorithm::direct, Bytes{1024}, 8), 128);
  EXPECT_EQ(step_bytes(Op::all_reduce, Algorithm::tree, Bytes{1024}, 8), 1024);
  EXPECT_EQ(step_bytes(Op::send_recv, Algorithm::ring, Bytes{1024}, 8), 1024);
}

// 8 GB gathered by 8: 17.5 ms in the port at 400 GB/s, 15.6 ms at its peak of 450, 32.2 us of latency
// (tests/model/collective_test.cpp).
TEST(CollectiveProfile, CostsFollowItButNeverPassTheirBound) {
  Cluster cluster = test::round_cluster();
  const Placement placement = place(cluster, {8, 1}, 8);
  const CollectiveCost plain = all_gather_cost(cluster, placement, Bytes{8e9});
  EXPECT_EQ(plain.mark, cluster.link_mark);
  cluster.measured.curves = {curve(8, {{1e9, 1.5}})};
  const CollectiveCost slower = all_gather_cost(cluster, placement, Bytes{8e9});
  EXPECT_NEAR(slower.total() / plain.total(), 1.5, 1e-12);
  EXPECT_EQ(slower.mark, Mark::calibrated);
  EXPECT_EQ(all_gather_cost(cluster, placement, Bytes{80e9}).mark, Mark::extrapolated);
  EXPECT_EQ(all_reduce_cost(cluster, placement, Bytes{8e9}).mark, cluster.link_mark);
  cluster.measured.curves = {curve(8, {{1e9, 0.1}})};
  EXPECT_NEAR(all_gather_cost(cluster, placement, Bytes{8e9}).total() / plain.bound, 1, 1e-12);
}

}  // namespace
}  // namespace ithaca
