#include "sim/group_layout.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using test::round_cluster;

TEST(GroupLayout, ConsecutiveRanksFillServers) {
  const GroupLayout layout(round_cluster(), {16, 1}, 32);
  const Seat seat = layout.seat(27);  // the second group, its second server, the fourth GPU there
  EXPECT_EQ(seat.base, 16);
  EXPECT_EQ(seat.member, 11);
  EXPECT_EQ(seat.server, 1);
  EXPECT_EQ(seat.position, 3);
  EXPECT_EQ(seat.members, 8);
  EXPECT_EQ(layout.servers(seat), 2);
  EXPECT_TRUE(layout.even());
}

TEST(GroupLayout, StridedRanks) {
  const GroupLayout two(round_cluster(), {4, 4}, 32);  // 1, 5 | 9, 13
  EXPECT_EQ(two.seat(13).position, 1);
  EXPECT_EQ(two.seat(13).members, 2);
  EXPECT_EQ(two.seat(13).server, 1);
  const GroupLayout one(round_cluster(), {4, 16}, 64);  // 3 | 19 | 35 | 51
  EXPECT_EQ(one.seat(35).server, 2);
  EXPECT_EQ(one.seat(35).members, 1);
  EXPECT_EQ(one.servers(one.seat(3)), 4);
  EXPECT_FALSE(one.one_server());
}

TEST(GroupLayout, UnevenGroups) {
  const GroupLayout layout(round_cluster(), {12, 1}, 24);  // 8 + 4 | 4 + 8
  EXPECT_FALSE(layout.even());
  EXPECT_EQ(layout.seat(0).members, 8);
  EXPECT_EQ(layout.seat(9).members, 4);
  EXPECT_EQ(layout.seat(13).members, 4);
  EXPECT_EQ(layout.seat(23).server, 1);
  EXPECT_EQ(layout.seat(23).position, 7);
}

TEST(GroupLayout, SeatsAndPlacesAreTheSame) {
  for (const auto& [size, stride, ranks] :
       {std::tuple{8, 1, 8}, {12, 1, 24}, {6, 2, 24}, {3, 16, 48}, {4, 3, 12}, {5, 4, 40}}) {
    const GroupLayout layout(round_cluster(), {size, stride}, ranks);
    for (int rank = 0; rank < ranks; ++rank) {
      const Seat seat = layout.seat(rank);
      EXPECT_EQ(layout.rank(seat.base, seat.member), rank);
      EXPECT_EQ(layout.seat(layout.seat(seat.base), seat.server, seat.position).member, seat.member);
    }
  }
}

Cluster mesh_cluster() {
  Cluster c = round_cluster();
  c.scale_up = ScaleUp::mesh;
  return c;
}

TEST(Channels, EveryOrderVisitsAllAndBeforeUndoesNext) {
  for (const Cluster& cluster : {round_cluster(), mesh_cluster()}) {
    for (int ranks : {1, 2, 3, 4, 5, 6, 7, 8, 16}) {
      const GroupLayout layout(cluster, {ranks, 1}, ranks);
      const Channels channels(cluster, layout);
      const int members = layout.most_members();
      for (int c = 0; c < channels.count(); ++c) {
        std::set<int> seen;
        int x = channels.entry(c, members);
        for (int i = 0; i < members; ++i) {
          seen.insert(x);
          EXPECT_EQ(channels.before(c, members, channels.next(c, members, x)), x);
          x = channels.next(c, members, x);
        }
        EXPECT_EQ(static_cast<int>(seen.size()), members);
        EXPECT_EQ(x, channels.entry(c, members));
      }
    }
  }
}

TEST(Channels, AMeshUsesAllItsLinksAlike) {
  for (int n : {2, 3, 4, 5, 6, 7, 8}) {
    const GroupLayout layout(mesh_cluster(), {n, 1}, n);
    const Channels channels(mesh_cluster(), layout);
    std::map<std::pair<int, int>, int> uses;
    for (int c = 0; c < channels.count(); ++c) {
      for (int x = 0; x < n; ++x) ++uses[{x, channels.next(c, n, x)}];
    }
    EXPECT_EQ(static_cast<int>(uses.size()), n * (n - 1)) << n;
    for (const auto& [link, count] : uses) EXPECT_EQ(count * (n - 1), channels.count()) << n;
  }
}

/// The ring of every channel comes back after all members of the group and not before.
void expect_one_circle(const Cluster& cluster, Group group, int ranks) {
  const GroupLayout layout(cluster, group, ranks);
  const Channels channels(cluster, layout);
  for (int c = 0; c < channels.count(); ++c) {
    for (int base = 0; base < ranks; base += group.size * group.stride) {
      std::set<int> seen;
      Seat seat = layout.seat(base);
      for (int i = 0; i < group.size; ++i) {
        EXPECT_EQ(seat.base, base);
        seen.insert(seat.member);
        seat = after(layout, channels, c, seat);
      }
      EXPECT_EQ(static_cast<int>(seen.size()), group.size) << group.size << " x " << group.stride << " of " << ranks;
      EXPECT_EQ(layout.rank(seat.base, seat.member), base);
    }
  }
}

TEST(Ring, PassesAllMembersOnEveryChannel) {
  for (const Cluster& cluster : {round_cluster(), mesh_cluster()}) {
    for (const auto& [size, stride, ranks] : {std::tuple{8, 1, 8},
                                              {16, 1, 32},
                                              {24, 1, 24},
                                              {12, 1, 24},
                                              {6, 2, 24},
                                              {3, 16, 48},
                                              {4, 4, 64},
                                              {2, 8, 16},
                                              {20, 1, 20}}) {
      expect_one_circle(cluster, {size, stride}, ranks);
    }
  }
}

TEST(Ring, EachChannelLeavesThroughAnotherGpuAndStaysOnItsRail) {
  const GroupLayout layout(round_cluster(), {32, 1}, 32);
  const Channels channels(round_cluster(), layout);
  ASSERT_EQ(channels.count(), 8);
  std::map<int, int> leaves;
  for (int c = 0; c < 8; ++c) {
    for (int rank = 0; rank < 32; ++rank) {
      const Seat seat = layout.seat(rank), next = after(layout, channels, c, seat);
      if (seat.server == next.server) continue;
      ++leaves[rank];
      EXPECT_EQ(seat.position, next.position);
    }
  }
  EXPECT_EQ(leaves.size(), 32u);
  for (const auto& [rank, count] : leaves) EXPECT_EQ(count, 1) << rank;
}

TEST(Ring, AsManyChannelsAsNics) {
  Cluster cluster = round_cluster();
  cluster.domains[0].ports = 4;
  EXPECT_EQ(Channels(cluster, GroupLayout(cluster, {32, 1}, 32)).count(), 4);
  EXPECT_EQ(Channels(cluster, GroupLayout(cluster, {8, 1}, 8)).count(), 1);
  EXPECT_EQ(Channels(cluster, GroupLayout(cluster, {4, 8}, 32)).count(), 1);
}

}  // namespace
}  // namespace ithaca
