#include "sim/next_hops.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

using Arcs = std::vector<NextHops::Arc>;
using Numbers = std::vector<std::uint32_t>;

NextHops next_hops(std::uint32_t nodes, const Arcs& arcs, const Numbers& targets) {
  return {nodes, arcs, targets, std::vector<std::uint8_t>(nodes, 1)};
}

Numbers links(const NextHops& hops, std::uint32_t node, std::uint32_t target) {
  Numbers found;
  for (const auto& step : hops.steps(hops.choice(node, target))) found.push_back(step.link);
  return found;
}

//    1
//  /   \     0 to 3 by 1 or 2, and by 4 and 5, which is a step longer
// 0--2--3
//  \   /
//   4-5
const Arcs kThreeWays = {{0, 1, 10}, {0, 2, 11}, {0, 4, 12}, {1, 3, 13}, {2, 3, 14}, {4, 5, 15}, {5, 3, 16}};

TEST(NextHops, AreAllThatBeginShortestPaths) {
  const NextHops hops = next_hops(6, kThreeWays, {3, 5});
  EXPECT_EQ(links(hops, 0, 0), (Numbers{10, 11}));
  EXPECT_EQ(links(hops, 4, 0), (Numbers{15}));
  EXPECT_EQ(links(hops, 0, 1), (Numbers{12}));
  EXPECT_EQ(hops.distance(0, 0), 2u);
  EXPECT_EQ(hops.distance(3, 0), 0u);
}

TEST(NextHops, KnowWhatIsOutOfReach) {
  const NextHops hops = next_hops(6, kThreeWays, {3, 5});
  EXPECT_EQ(links(hops, 1, 1), Numbers{});
  EXPECT_FALSE(hops.reaches(1, 1));
  EXPECT_TRUE(hops.reaches(5, 1));  // itself
  EXPECT_FALSE(hops.complete());
  EXPECT_TRUE(next_hops(6, kThreeWays, {3}).complete());
}

TEST(NextHops, GoByCost) {
  // 0-1-3 costs 3, 0-2-3 costs 4, 0-4-5-3 costs 3.
  Arcs arcs = kThreeWays;
  arcs[0].cost = 2;
  arcs[1].cost = 3;
  const NextHops hops = next_hops(6, arcs, {3});
  EXPECT_EQ(links(hops, 0, 0), (Numbers{10, 12}));
  EXPECT_EQ(hops.distance(0, 0), 3u);
}

TEST(NextHops, StandByOrder) {
  Arcs arcs = kThreeWays;
  arcs[0].order = 7;
  arcs[1].order = 6;
  const NextHops hops = next_hops(6, arcs, {3});
  EXPECT_EQ(links(hops, 0, 0), (Numbers{11, 10}));
  EXPECT_EQ(hops.choice(0, 0).preferred, 1u);
  EXPECT_EQ(hops.choice(0, 0).first.node, 2u);
  arcs[0].order = 6;
  EXPECT_EQ(next_hops(6, arcs, {3}).choice(0, 0).preferred, 2u);
}

TEST(NextHops, DoNotGoThroughNodesThatPassNothingOn) {
  const std::vector<std::uint8_t> passes = {1, 0, 0, 0, 1, 1};  // the target need not pass on either
  const NextHops hops(6, kThreeWays, Numbers{3}, passes);
  EXPECT_EQ(links(hops, 0, 0), (Numbers{12}));
  EXPECT_EQ(links(hops, 1, 0), (Numbers{13}));
}

TEST(NextHops, HoldMoreChoicesThanAByteCounts) {
  // A hub with 400 neighbours has a choice for each of them.
  constexpr std::uint32_t kNeighbours = 400;
  Arcs arcs;
  Numbers targets;
  for (std::uint32_t v = 1; v <= kNeighbours; ++v) {
    arcs.push_back({0, v, 1000 + v});
    arcs.push_back({v, 0, 2000 + v});
    targets.push_back(v);
  }
  const NextHops hops = next_hops(kNeighbours + 1, arcs, targets);
  for (std::uint32_t t = 0; t < kNeighbours; ++t) {
    EXPECT_EQ(links(hops, 0, t), (Numbers{1000 + targets[t]}));
    EXPECT_EQ(links(hops, targets[(t + 1) % kNeighbours], t), (Numbers{2000 + targets[(t + 1) % kNeighbours]}));
  }
}

}  // namespace
}  // namespace ithaca
