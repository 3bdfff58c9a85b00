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
  EXPECT_NEAR(at(profile, 8, 4096).transfer, 4, 1e-12);
  EXPECT_NEAR(at(profile, 8, 8192).transfer, 2, 1e-12);  // halfway to 16384, where nothing is left of 4
  EXPECT_FALSE(at(profile, 8, 8192).inside);
  EXPECT_NEAR(at(profile, 8, 65536).transfer, 1, 1e-12);
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

TEST(CollectiveProfile, AnUnmeasuredProtocolOfATreeWaitsAtItsLevelsLikeTheOthers) {
  const CollectiveRegime simple{Op::all_reduce, Algorithm::tree, Protocol::simple, true, 3, 0.5, 0.75, Bytes{4096}};
  const CollectiveProfile profile{{simple}, {{Op::all_reduce, Algorithm::tree, true, 16, {{1024, 2}}}}};
  const auto by = [&](Protocol protocol) {
    return correction(profile, Op::all_reduce, Algorithm::tree, protocol, true, 16, 1024);
  };
  EXPECT_NEAR(by(Protocol::simple).latency, 6, 1e-12);
  EXPECT_NEAR(by(Protocol::simple).hop, 1.5, 1e-12);
  EXPECT_NEAR(by(Protocol::ll128).latency, 2, 1e-12);
  EXPECT_NEAR(by(Protocol::ll128).hop, 1.5, 1e-12);
  EXPECT_EQ(by(Protocol::ll128).held.value(), 4096);
  EXPECT_EQ(correction(profile, Op::all_reduce, Algorithm::ring, Protocol::simple, true, 16, 1024).hop, 0);
}

TEST(CollectiveProfile, WhatALevelOfATreeKeepsPassesOneServerAfterAnother) {
  // 4 nodes: two levels up and two down at 384 GB/s for the first 2 of 8 GB; the other 6 behind them at the rate of a
  // Simple tree, 384 / 2 x 0.92 GB/s. Latency: 8.4 + 2 (7 x 4 + 2 x 14) = 120.4 us.
  Cluster cluster = test::round_cluster();
  const CollectiveRegime regime{Op::all_reduce, Algorithm::tree, Protocol::simple, true, 1, 1, 0.5, Bytes{2e9}};
  cluster.measured = {{regime}, {{Op::all_reduce, Algorithm::tree, true, 32, {{1, 1}}}}};
  const auto time = [&](double bytes) {
    return collective_cost(cluster, place(cluster, {32, 1}, 32), Op::all_reduce, Bytes{bytes}, Algorithm::tree)
        ->total()
        .value();
  };
  EXPECT_NEAR(time(8e9), 120.4e-6 + 4 * 0.5 * 2 / 384 + 6 * 2 / 384.0 / 0.92, 1e-9);
  // A message of as much goes that way alone. LL128, which takes 256 MiB, was not measured: 14 + 2 (7 x 1.25 + 2 x 8.5)
  // us, and the same levels.
  EXPECT_NEAR(time(2e9), 120.4e-6 + 4 * 0.5 * 2 / 384, 1e-9);
  EXPECT_NEAR(time(1 << 28), 65.5e-6 + 4 * 0.5 * (1 << 28) / 384e9, 1e-9);
  // Of 8 MiB by LL128 half is kept; the rest streams without NCCL's correction, 0.9 of the rate at that size.
  constexpr double kMessage = 1 << 23;
  cluster.measured.regimes[0].held = Bytes{kMessage / 2};
  const double kept = time(kMessage);
  cluster.measured = {};
  EXPECT_NEAR(time(kMessage) - 65.5e-6, (kept - 65.5e-6 - 4 * 0.5 * (kMessage / 2) / 384e9) * 2 / 0.9, 1e-9);
}

TEST(CollectiveProfile, ChoosesByMeasuredTimeWhereConstantsLeaveItOpen) {
  // 2 GB by 32 GPUs on 4 nodes: 396 us and 2 x 31/32 of it at 384 GB/s by ring, 10.5 ms; 120.4 us and 2 / 0.92 of it by
  // tree, 11.4 ms, within a tenth of that.
  Cluster cluster = test::round_cluster();
  const Placement p = place(cluster, {32, 1}, 32);
  const auto chosen = [&](double bytes) { return all_reduce_cost(cluster, p, Bytes{bytes}).algorithm; };
  EXPECT_EQ(chosen(2e9), Algorithm::ring);
  cluster.measured.curves = {{Op::all_reduce, Algorithm::ring, true, 32, {{1e10, 1.3}}},
                             {Op::all_reduce, Algorithm::tree, true, 32, {{1e10, 1}}}};
  EXPECT_EQ(chosen(2e9), Algorithm::tree);
  cluster.measured.curves[0].points[0].factor = 1;
  EXPECT_EQ(chosen(2e9), Algorithm::ring);
  // Nothing measured of the tree: a slow ring is no reason for it.
  CollectiveProfile ring_alone = cluster.measured;
  ring_alone.curves[0].points[0].factor = 1.3;
  ring_alone.curves.pop_back();
  std::swap(cluster.measured, ring_alone);
  EXPECT_EQ(chosen(2e9), Algorithm::ring);
  std::swap(cluster.measured, ring_alone);
  // Far from the tie NCCL keeps to its constants, however slow: 1 KiB by tree.
  cluster.measured.curves[1].points[0].factor = 100;
  EXPECT_EQ(chosen(1024), Algorithm::tree);
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

// In powers of two: at 2 ranks 1 to 3 and at 32 ranks 5 to 7 from 1000 to 16000 bytes. 2000 bytes are a quarter of the
// way and so are 4 ranks: 1.5 and 5.5, and between them 2.5.
TEST(CollectiveProfile, RanksAndBytesAreJoinedTogether) {
  const CollectiveProfile profile{
      {}, {curve(2, {{1000, 2}, {16000, 8}}), curve(32, {{1000, 32}, {8000, 80}, {16000, 128}})}};
  const CollectiveProfile two{{}, {curve(2, {{1000, 2}, {16000, 8}}), curve(32, {{1000, 32}, {16000, 128}})}};
  EXPECT_NEAR(std::log2(at(two, 4, 2000).transfer), 2.5, 1e-12);
  EXPECT_NEAR(std::log2(at(two, 2, 2000).latency), 1.5, 1e-12);
  EXPECT_NEAR(std::log2(at(two, 1, 2000).transfer), 1.5, 1e-12);
  EXPECT_FALSE(at(two, 1, 2000).inside);
  EXPECT_NEAR(std::log2(at(two, 32, 2000).transfer), 5.5, 1e-12);
  EXPECT_TRUE(at(two, 32, 2000).inside);
  EXPECT_NEAR(std::log2(at(two, 33, 2000).transfer), 5.5, 1e-12);
  EXPECT_FALSE(at(two, 33, 2000).inside);
  // Of three points the ones around it.
  EXPECT_NEAR(at(profile, 32, 8000).transfer, 80, 1e-9);
  EXPECT_NEAR(at(profile, 32, 8000 * std::sqrt(2.0)).transfer, std::sqrt(80 * 128.0), 1e-9);
}

// A hundredth beyond either end counts as measured, and both curves must have been.
TEST(CollectiveProfile, WhatWasMeasured) {
  const CollectiveProfile profile{{}, {curve(2, {{1000, 1}, {4000, 2}}), curve(8, {{2000, 1}, {8000, 2}})}};
  EXPECT_TRUE(at(profile, 2, 4039).inside);
  EXPECT_FALSE(at(profile, 2, 4041).inside);
  EXPECT_TRUE(at(profile, 2, 991).inside);
  EXPECT_FALSE(at(profile, 2, 990).inside);
  EXPECT_EQ(at(profile, 2, 4000).transfer, 2);
  EXPECT_EQ(at(profile, 2, 991).transfer, 1);
  EXPECT_TRUE(at(profile, 4, 3000).inside);
  EXPECT_FALSE(at(profile, 4, 1500).inside);
  EXPECT_FALSE(at(profile, 4, 6000).inside);
  EXPECT_FALSE(at(profile, 8, 0).known);
  EXPECT_TRUE(at(profile, 8, 1).known);
}

TEST(CollectiveProfile, OnlyWhatIsOfTheSameKindCounts) {
  const Op op = Op::all_gather;
  const Algorithm ring = Algorithm::ring;
  const CollectiveProfile profile{{{Op::all_reduce, ring, Protocol::simple, false, 2, 3},
                                   {op, Algorithm::tree, Protocol::simple, false, 2, 3},
                                   {op, ring, Protocol::ll, false, 2, 3},
                                   {op, ring, Protocol::simple, true, 2, 3}},
                                  {{Op::all_reduce, ring, false, 8, {{1000, 5}}},
                                   {op, Algorithm::tree, false, 8, {{1000, 5}}},
                                   {op, ring, true, 8, {{1000, 5}}}}};
  const Correction none = at(profile, 8, 1000);
  EXPECT_EQ(none.latency, 1);
  EXPECT_EQ(none.transfer, 1);
  EXPECT_FALSE(none.known);
  const Correction across = correction(profile, op, ring, Protocol::simple, true, 8, 1000);
  EXPECT_NEAR(across.latency, 2 * 5, 1e-12);
  EXPECT_NEAR(across.transfer, 3 * 5, 1e-12);
  EXPECT_EQ(step_bytes(Op::all_reduce, Algorithm::nvls, Bytes{1024}, 8), 1024);
  EXPECT_EQ(step_bytes(op, ring, Bytes{1024}, 1), 1024);
  EXPECT_EQ(step_bytes(op, ring, Bytes{1024}, 0), 1024);
}

/// All that a machine has measured of one op: twice the time at 1 GB a step, four times at 4 GB.
CollectiveCurve slower(Op op, Algorithm algorithm, bool across) {
  return {op, algorithm, across, across ? 16 : 8, {{1e9, 2}, {4e9, 4}}};
}

TEST(CollectiveProfile, EachOpFollowsItsOwnCurve) {
  const Cluster plain = test::round_cluster();
  Cluster cluster = plain;
  const Placement node = place(plain, {8, 1}, 8), two = place(plain, {16, 1}, 16);
  const Bytes gathered{16e9}, halves{32e9};  // 2 GB a rank of 8, or of 16
  const double factor = 2 * std::sqrt(2.0);
  cluster.measured.curves = {slower(Op::reduce_scatter, Algorithm::ring, false)};
  const RingPair pair = ring_pair_cost(cluster, node, gathered);
  EXPECT_EQ(pair.gather.total(), all_gather_cost(plain, node, gathered).total());
  EXPECT_NEAR(pair.reduce.total() / pair.gather.total(), factor, 1e-12);
  EXPECT_EQ(pair.reduce.mark, Mark::calibrated);
  EXPECT_EQ(pair.reduce.total(), reduce_scatter_cost(cluster, node, gathered).total());
  EXPECT_EQ(pair.reduce.total(), collective_cost(cluster, node, Op::reduce_scatter, gathered)->total());
  // Of all-to-all the send buffer counts: 7 of its 8 parts leave.
  cluster.measured.curves = {slower(Op::all_to_all, Algorithm::direct, false)};
  EXPECT_NEAR(all_to_all_cost(cluster, node, Bytes{14e9}).total() / all_to_all_cost(plain, node, Bytes{14e9}).total(),
              factor, 1e-12);
  cluster.measured.curves = {slower(Op::send_recv, Algorithm::ring, false)};
  EXPECT_NEAR(send_recv_cost(cluster, node, Bytes{2e9}).total() / send_recv_cost(plain, node, Bytes{2e9}).total(),
              factor, 1e-12);
  // Two servers are no longer inside of one.
  EXPECT_EQ(send_recv_cost(cluster, two, Bytes{2e9}).total(), send_recv_cost(plain, two, Bytes{2e9}).total());
  cluster.measured.curves = {slower(Op::all_reduce, Algorithm::ring, true)};
  EXPECT_NEAR(all_reduce_cost(cluster, two, halves).total() / all_reduce_cost(plain, two, halves).total(), factor,
              1e-12);
}

}  // namespace
}  // namespace ithaca
