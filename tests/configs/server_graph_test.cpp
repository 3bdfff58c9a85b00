#include "configs/reader/server_graph.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

TEST(ServerGraph, NumbersNodesWidensLinksAndSaysThingsOnce) {
  using Wire = ServerGraph::Wire;
  ServerGraph server;
  const auto a = server.add_node(NodeKind::gpu, -1), b = server.add_node(NodeKind::gpu, 0);
  const auto hub = server.add_node(NodeKind::nvswitch, 0);
  server.set_host(a, 0);
  server.add_link(a, hub, BytesPerSecond{1}, Wire::nvlink);
  server.add_link(a, hub, BytesPerSecond{2}, Wire::nvlink);
  server.add_link(a, hub, BytesPerSecond{4}, Wire::pcie);
  server.add_cable(a, b, BytesPerSecond{8}, Wire::other);
  server.notice("x");
  server.notice("x");
  const LoadedGraph loaded = std::move(server).finish();
  EXPECT_EQ(loaded.notices, std::vector<std::string>{"x"});
  EXPECT_EQ(loaded.graph.nodes[1].name, "gpu1");
  EXPECT_EQ(loaded.graph.nodes[0].host, 0);
  EXPECT_EQ(loaded.graph.nodes[2].name, "nvswitch0");
  ASSERT_EQ(loaded.graph.links.size(), 4u);
  EXPECT_EQ(loaded.graph.links[0].capacity, BytesPerSecond{3});
  EXPECT_EQ(loaded.graph.links[1].capacity, BytesPerSecond{4});
  EXPECT_EQ(loaded.graph.links[3].from, b);
  EXPECT_LT(loaded.graph.links[0].cost, loaded.graph.links[1].cost) << "NVLink is the shorter way";
}

}  // namespace
}  // namespace ithaca
