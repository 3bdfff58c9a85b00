#include "sim/build_parts.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

TEST(BuildParts, NodesAreNumberedAndCablesGoBothWays) {
  FabricGraph graph;
  EXPECT_EQ(add_nodes(graph, "leaf", NodeKind::leaf, 2), 0u);
  EXPECT_EQ(add_nodes(graph, "spine", NodeKind::spine, 3, 7), 2u);
  EXPECT_EQ(graph.nodes[1].name, "leaf1");
  EXPECT_EQ(graph.nodes[1].host, -1);
  EXPECT_EQ(graph.nodes[4].name, "spine2");
  EXPECT_EQ(graph.nodes[4].host, 7);
  join_tiers(graph, {0, 2}, {2, 3}, BytesPerSecond{5}, Seconds{1});
  ASSERT_EQ(graph.links.size(), 12u);  // 2 x 3 cables
  EXPECT_EQ(graph.links[11].from, 4u);
  EXPECT_EQ(graph.links[11].to, 1u);
  EXPECT_EQ(graph.links[11].capacity.value(), 5);
  EXPECT_EQ(graph.links[11].latency.value(), 1);
}

TEST(BuildParts, SaysHowMuchMemoryTooManyCablesWouldTake) {
  EXPECT_EQ(too_many(5e6), std::nullopt);
  // Two links of 32 bytes and an index of 4 at each end: 80 bytes a cable, and 2^24 of them are 1.25 GiB.
  const std::string reason = too_many(0x1p24).value();
  EXPECT_NE(reason.find("16 million cables, 1.25 GiB"), std::string::npos) << reason;
}

TEST(BuildParts, DividesUpwards) {
  EXPECT_EQ(ceil_div(8, 4), 2);
  EXPECT_EQ(ceil_div(9, 4), 3);
}

}  // namespace
}  // namespace ithaca
