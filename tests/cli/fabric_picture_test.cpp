#include "cli/fabric_picture.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

/// Servers of eight GPUs with a NIC each, all on their rail's leaf, and `spines` above.
FabricGraph rails(int servers, int spines) {
  FabricGraph graph;
  for (int g = 0; g < 8 * servers; ++g) graph.nodes.push_back({"gpu" + std::to_string(g), NodeKind::gpu, g / 8});
  const auto nics = static_cast<std::uint32_t>(graph.nodes.size()), leaves = 2 * nics;
  for (int g = 0; g < 8 * servers; ++g) graph.nodes.push_back({"nic" + std::to_string(g), NodeKind::nic, g / 8});
  for (int l = 0; l < 8; ++l) graph.nodes.push_back({"leaf" + std::to_string(l), NodeKind::leaf, -1});
  for (int s = 0; s < spines; ++s) graph.nodes.push_back({"spine" + std::to_string(s), NodeKind::spine, -1});
  for (std::uint32_t g = 0; g < nics; ++g) {
    graph.links.push_back({g, nics + g, BytesPerSecond{1}, Seconds{}});
    graph.links.push_back({nics + g, leaves + g % 8, BytesPerSecond{1}, Seconds{}});
  }
  for (std::uint32_t l = 0; l < 8; ++l) {
    for (std::uint32_t s = 0; s < static_cast<std::uint32_t>(spines); ++s)
      graph.links.push_back({leaves + l, leaves + 8 + s, BytesPerSecond{1}, Seconds{}});
  }
  return graph;
}

TEST(FabricPicture, ASmallNetworkIsDrawnWhole) {
  const FabricGraph graph = rails(2, 4);
  const Picture picture = arrange(graph);
  EXPECT_EQ(picture.shown, 2u);
  ASSERT_EQ(picture.boxes.size(), 2u);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    ASSERT_TRUE(picture.spots[i]) << graph.nodes[i].name;
    EXPECT_LT(picture.spots[i]->x, picture.width);
    EXPECT_LT(picture.spots[i]->y, picture.height);
    if (graph.nodes[i].host < 0) continue;
    const Picture::Box& box = picture.boxes[static_cast<std::size_t>(graph.nodes[i].host)];
    EXPECT_GT(picture.spots[i]->x, box.x);
    EXPECT_LT(picture.spots[i]->x, box.x + box.width);
    EXPECT_GT(picture.spots[i]->y, box.y);
    EXPECT_LT(picture.spots[i]->y, box.y + box.height);
  }
  std::vector<std::string> labels;
  for (const Picture::Row& row : picture.rows) labels.push_back(row.label);
  EXPECT_EQ(labels, (std::vector<std::string>{"spine", "leaf", "nic", "gpu"}));
}

TEST(FabricPicture, OfALargeOneTheEndsAreShown) {
  const FabricGraph graph = rails(100, 64);
  const Picture picture = arrange(graph);
  EXPECT_EQ(picture.servers, 100u);
  EXPECT_LT(picture.shown, 10u);
  EXPECT_GE(picture.shown, 2u);
  EXPECT_LT(picture.width, 1600);
  EXPECT_TRUE(picture.spots[0]);
  EXPECT_TRUE(picture.spots[799]) << "the last GPU";
  EXPECT_FALSE(picture.spots[400]);
  EXPECT_EQ(picture.rows[0].label, "spine: 16 of 64");
}

TEST(FabricPicture, GpusWithoutAServerAndManyInOne) {
  FabricGraph graph;
  for (int g = 0; g < 40; ++g) graph.nodes.push_back({"gpu" + std::to_string(g), NodeKind::gpu, -1});
  EXPECT_GE(arrange(graph).shown, 10u);
  for (auto& node : graph.nodes) node.host = 0;
  const Picture one = arrange(graph);
  EXPECT_EQ(one.shown, 1u);
  EXPECT_GT(one.spots[20]->y, one.spots[0]->y) << "a second line";
  EXPECT_GT(one.boxes[0].y + one.boxes[0].height, one.spots[39]->y);
}

}  // namespace
}  // namespace ithaca
