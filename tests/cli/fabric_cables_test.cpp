#include "cli/fabric_cables.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

FabricGraph graph() {
  FabricGraph g;
  g.nodes = {{"gpu0", NodeKind::gpu, 0},
             {"gpu1", NodeKind::gpu, 0},
             {"gpu2", NodeKind::gpu, -1},
             {"leaf0", NodeKind::leaf, -1}};
  const BytesPerSecond slow{10}, fast{20};
  g.links = {{0, 3, slow, Seconds{}}, {3, 0, slow, Seconds{}}, {0, 3, slow, Seconds{}}, {3, 0, slow, Seconds{}},
             {3, 1, fast, Seconds{}}, {1, 3, slow, Seconds{}}, {2, 3, fast, Seconds{1}}};
  return g;
}

TEST(FabricCables, LinksBetweenTwoNodesAreOneCable) {
  const std::vector<Cable> cables = cables_of(graph());
  ASSERT_EQ(cables.size(), 4u);
  EXPECT_EQ(cables[0].there, 2);
  EXPECT_EQ(cables[0].back, 2);
  EXPECT_EQ(cables[1].a, 3u);
  EXPECT_EQ(cables[1].there, 1);
  EXPECT_EQ(cables[1].back, 0) << "the other way has another rate";
}

TEST(FabricCables, TiersCountLinksOneWay) {
  const std::vector<Tier> tiers = tiers_of(graph());
  ASSERT_EQ(tiers.size(), 3u);
  EXPECT_EQ(tiers[0].a, NodeKind::gpu);
  EXPECT_EQ(tiers[0].b, NodeKind::leaf);
  EXPECT_EQ(tiers[0].links, 5u);
  EXPECT_EQ(tiers[1].links, 1u);
  EXPECT_EQ(tiers[2].latency, Seconds{1});
}

TEST(FabricCables, ServersAndNodes) {
  EXPECT_EQ(count_servers(graph()), 2u) << "one host, and a GPU by itself";
  EXPECT_EQ(count_nodes(graph())[static_cast<std::size_t>(NodeKind::gpu)], 3u);
  EXPECT_EQ(count_nodes(graph())[static_cast<std::size_t>(NodeKind::leaf)], 1u);
}

}  // namespace
}  // namespace ithaca
