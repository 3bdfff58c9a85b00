#include "sim/fabric_bounds.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

using Node = FabricGraph::Node;

void join(FabricGraph& graph, std::uint32_t a, std::uint32_t b, double rate) {
  graph.links.push_back({a, b, BytesPerSecond{rate}, Seconds{}});
  graph.links.push_back({b, a, BytesPerSecond{rate}, Seconds{}});
}
FabricBounds bounds(FabricGraph graph) {
  const auto fabric = Fabric::make(std::move(graph));
  EXPECT_TRUE(fabric) << fabric.error();
  return fabric ? fabric_bounds(*fabric) : FabricBounds{};
}

// Two servers of two GPUs: 100 into a switch inside, 10 through each GPU's NIC to one leaf.
FabricGraph two_servers() {
  FabricGraph graph;
  for (int g = 0; g < 4; ++g) graph.nodes.push_back({"gpu" + std::to_string(g), NodeKind::gpu, g / 2});
  for (int s = 0; s < 2; ++s) graph.nodes.push_back({"nvswitch" + std::to_string(s), NodeKind::nvswitch, s});
  graph.nodes.push_back({"leaf0", NodeKind::leaf, -1});
  for (std::uint32_t g = 0; g < 4; ++g) {
    join(graph, g, 4 + g / 2, 100);
    graph.nodes.push_back({"nic" + std::to_string(g), NodeKind::nic, static_cast<int>(g / 2)});
    join(graph, g, 7 + g, 10);
    join(graph, 7 + g, 6, 10);
  }
  return graph;
}

TEST(FabricBounds, PortInjectionAndBisection) {
  const FabricBounds found = bounds(two_servers());
  EXPECT_EQ(found.port, BytesPerSecond{110});      // NVLink and NIC
  EXPECT_EQ(found.injection, BytesPerSecond{20});  // two NICs
  EXPECT_EQ(found.bisection, BytesPerSecond{20});  // the halves are the servers
}

TEST(FabricBounds, TheLeastPortAndServerCount) {
  FabricGraph graph = two_servers();
  graph.links[4].capacity = BytesPerSecond{3};  // nic0 -> leaf0: gpu0's NVLink can still use the other NIC
  graph.links[6].capacity = BytesPerSecond{50};
  const FabricBounds found = bounds(std::move(graph));
  EXPECT_EQ(found.port, BytesPerSecond{60});
  EXPECT_EQ(found.injection, BytesPerSecond{13});
  EXPECT_EQ(found.bisection, BytesPerSecond{13});
}

TEST(FabricBounds, ASingleServerAndASingleGpu) {
  FabricGraph pair;
  pair.nodes = {{"gpu0", NodeKind::gpu, 0}, {"gpu1", NodeKind::gpu, 0}};
  join(pair, 0, 1, 5);
  EXPECT_EQ(bounds(pair).injection, BytesPerSecond{});
  EXPECT_EQ(bounds(pair).bisection, BytesPerSecond{5});
  FabricGraph one;
  one.nodes = {{"gpu0", NodeKind::gpu, -1}};
  EXPECT_EQ(bounds(one).port, BytesPerSecond{});
  EXPECT_EQ(bounds(one).bisection, BytesPerSecond{});
}

TEST(FabricBounds, TheMiddleGpuIsOfTheSecondHalf) {
  FabricGraph graph;
  for (int g = 0; g < 3; ++g) graph.nodes.push_back({"gpu" + std::to_string(g), NodeKind::gpu, -1});
  graph.nodes.push_back({"leaf0", NodeKind::leaf, -1});
  for (std::uint32_t g = 0; g < 3; ++g) join(graph, g, 3, 7);
  EXPECT_EQ(bounds(graph).bisection, BytesPerSecond{7});  // gpu0 to the others
}

TEST(FabricBounds, TheWorseDirectionCounts) {
  FabricGraph graph = two_servers();
  graph.links[5].capacity = BytesPerSecond{4};  // leaf0 -> nic0
  const FabricBounds found = bounds(std::move(graph));
  EXPECT_EQ(found.port, BytesPerSecond{110});
  EXPECT_EQ(found.injection, BytesPerSecond{14});
  EXPECT_EQ(found.bisection, BytesPerSecond{14});
}

TEST(FabricBounds, AnAllToAllCrossesTheMiddleOfARing) {
  // Four routers in a ring of 10 with a GPU each: two cables cross the middle; an all-to-all sends 2 x 2 pairs each
  // way.
  FabricGraph graph;
  for (int g = 0; g < 4; ++g) graph.nodes.push_back({"gpu" + std::to_string(g), NodeKind::gpu, -1});
  for (int r = 0; r < 4; ++r) graph.nodes.push_back({"router" + std::to_string(r), NodeKind::router, -1});
  for (std::uint32_t g = 0; g < 4; ++g) {
    join(graph, g, 4 + g, 40);
    join(graph, 4 + g, 4 + (g + 1) % 4, 10);
  }
  const Fabric fabric = Fabric::make(graph).value();
  const FabricBounds found = fabric_bounds(fabric);
  EXPECT_EQ(found.bisection, BytesPerSecond{20});
  // Across the middle 4 x 100 / 20 = 20 s; out of a GPU 3 x 100 / 40 = 7.5 s.
  EXPECT_EQ(all_to_all_bound(fabric, found, Bytes{100}), Seconds{20});
}

TEST(FabricBounds, AnAllToAllLeavesPortsAndServers) {
  // 100 bytes a pair. A server sends 2 x 2 pairs over 20 B/s, the bisection is the same: 20 s.
  const Fabric wide = Fabric::make(two_servers()).value();
  EXPECT_EQ(all_to_all_bound(wide, fabric_bounds(wide), Bytes{100}), Seconds{20});
  // In a star of four with 50 B/s each a GPU sends 3 pairs: 6 s; the halves 4 pairs over 100 B/s: 4 s.
  FabricGraph star;
  for (int g = 0; g < 4; ++g) star.nodes.push_back({"gpu" + std::to_string(g), NodeKind::gpu, 0});
  star.nodes.push_back({"nvswitch0", NodeKind::nvswitch, 0});
  for (std::uint32_t g = 0; g < 4; ++g) join(star, g, 4, 50);
  const Fabric one = Fabric::make(star).value();
  EXPECT_EQ(all_to_all_bound(one, fabric_bounds(one), Bytes{100}), Seconds{6});
}

TEST(FabricBounds, AnyCapacitiesWillDo) {
  for (const double rate : {1e-3, 1.0, 1e300}) {
    FabricGraph graph;
    graph.nodes = {{"gpu0", NodeKind::gpu, -1}, {"gpu1", NodeKind::gpu, -1}, {"leaf0", NodeKind::leaf, -1}};
    join(graph, 0, 2, rate);
    join(graph, 1, 2, 2 * rate);
    EXPECT_NEAR(bounds(graph).bisection.value() / rate, 1, 1e-15);
  }
}

TEST(FabricBounds, ATorusOfSixteenThousandGpus) {
  // 128 x 128 torus of 2 B/s: the middle and the seam are 2 x 128 cables of 2 / 4 B/s.
  Cluster cluster;
  cluster.node_gpus = 1;
  cluster.port_peak = BytesPerSecond{2};
  FabricSpec spec;
  spec.kind = FabricKind::torus;
  const Fabric fabric = build_fabric(cluster, spec, 16384).value();
  EXPECT_EQ(fabric_bounds(fabric).bisection, BytesPerSecond{128});
}

TEST(FabricBounds, AnOversubscribedFatTree) {
  Cluster cluster;
  cluster.node_gpus = 1;
  cluster.port_peak = BytesPerSecond{100e9};
  Domain nics;
  nics.gpus = nics.ports = 1;
  nics.peak = BytesPerSecond{50e9};
  cluster.domains.push_back(nics);
  FabricSpec spec;
  spec.kind = FabricKind::fat_tree;
  spec.leaf_hosts = 4;
  spec.oversubscription = 2;
  const auto fabric = build_fabric(cluster, spec, 16);
  ASSERT_TRUE(fabric) << fabric.error();
  // 8 GPUs on two leaves, out of which go 4 x 50 / 2 GB/s each.
  EXPECT_DOUBLE_EQ(fabric_bounds(*fabric).bisection.value(), 200e9);
}

}  // namespace
}  // namespace ithaca
