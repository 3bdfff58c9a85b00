#include <gtest/gtest.h>

#include "tests/support/fabrics.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using namespace test;
using Kind = NodeKind;

FabricSpec torus(std::initializer_list<int> dimensions) {
  FabricSpec spec = fabric_of(FabricKind::torus);
  for (const int d : dimensions) spec.dimensions.push_back(d);
  return spec;
}

int cables(const Fabric& fabric) { return count(fabric, Kind::router, Kind::router) / 2; }

TEST(Torus, TwoDimensions) {
  // 4 x 3: a cable on in each dimension for each GPU. The port's 450 GB/s are cut over 4 links.
  const Fabric fabric = built(round_cluster(), torus({4, 3}), 12);
  EXPECT_EQ(count(fabric, Kind::router), 12);
  EXPECT_EQ(cables(fabric), 24);
  EXPECT_EQ(capacity(fabric, "router0->router1"), 112.5);
  EXPECT_EQ(capacity(fabric, "router3->router0"), 112.5);  // round the first dimension
  EXPECT_EQ(capacity(fabric, "router8->router0"), 112.5);  // round the second
  EXPECT_EQ(capacity(fabric, "gpu5->router5"), 450);       // never the bottleneck
  EXPECT_EQ(hops(fabric, 0)[6], 2 + 2 + 1);                // two on, one up
  EXPECT_TRUE(links_are_cables(fabric));
  EXPECT_TRUE(every_gpu_reaches_every_gpu(fabric));
}

TEST(Torus, ThreeDimensions) {
  FabricSpec spec = torus({4, 4, 4});
  spec.link_rate = BytesPerSecond{50e9};
  spec.link_latency = Seconds{1e-6};
  const Fabric fabric = built(round_cluster(), spec, 64);
  EXPECT_EQ(cables(fabric), 3 * 64);
  EXPECT_EQ(capacity(fabric, Kind::router, Kind::router), 6 * 64 * 50);
  EXPECT_EQ(capacity(fabric, "gpu63->router63"), 300);
  const auto far = hops(fabric, 0);
  EXPECT_EQ(*std::max_element(far.begin(), far.end()), 2 + 3 * 2);
  EXPECT_EQ(fabric.links()[*fabric.find_link("router0->router16")].latency.value(), 1e-6);
  EXPECT_EQ(fabric.links()[*fabric.find_link("gpu0->router0")].latency.value(), 0);
  EXPECT_TRUE(every_gpu_reaches_every_gpu(fabric));
}

TEST(Torus, ADimensionOfTwoHasOneCable) {
  // 2 x 3: each GPU has one link along the first and two along the second.
  const Fabric fabric = built(round_cluster(), torus({2, 3}), 6);
  EXPECT_EQ(cables(fabric), 3 + 6);
  EXPECT_EQ(capacity(fabric, "router0->router1"), 150);
  EXPECT_EQ(cables(built(round_cluster(), torus({1, 5}), 5)), 5);
}

TEST(Torus, OnItsOwnItIsTheSquarestOne) {
  // 48 = 8 x 6.
  const Fabric fabric = built(round_cluster(), torus({}), 48);
  EXPECT_GT(capacity(fabric, "router7->router0"), 0);
  EXPECT_GT(capacity(fabric, "router40->router0"), 0);
}

TEST(Torus, RefusesOtherNumbersOfGpus) {
  EXPECT_EQ(refusal(round_cluster(), torus({4, 4}), 12),
            "torus: a torus of 4x4 has 16 places, not 12: give dimensions whose product is the number of GPUs");
  EXPECT_NE(refusal(round_cluster(), torus({1000000, 1000000, 1000000}), 12), "");
}

TEST(Ring, EachGpuHasTwoNeighbours) {
  const Fabric fabric = built(round_cluster(), fabric_of(FabricKind::ring), 8);
  EXPECT_EQ(cables(fabric), 8);
  EXPECT_EQ(capacity(fabric, "router7->router0"), 225);
  EXPECT_EQ(capacity(fabric, "gpu0->router0"), 450);
  const std::vector<int> around{0, 3, 4, 5, 6, 5, 4, 3};
  EXPECT_EQ(hops(fabric, 0), around);
  EXPECT_TRUE(links_are_cables(fabric));
}

TEST(Ring, OfTwoAndOfOne) {
  const Fabric two = built(round_cluster(), fabric_of(FabricKind::ring), 2);
  EXPECT_EQ(cables(two), 1);
  EXPECT_EQ(capacity(two, "router0->router1"), 450);
  EXPECT_EQ(built(round_cluster(), fabric_of(FabricKind::ring), 1).nodes().size(), 1u);
}

TEST(FullMesh, EachGpuHasALinkToEachOther) {
  const Fabric fabric = built(round_cluster(), fabric_of(FabricKind::full_mesh), 10);
  EXPECT_EQ(fabric.nodes().size(), 10u);
  EXPECT_EQ(fabric.links().size(), 90u);
  EXPECT_EQ(capacity(fabric, "gpu9->gpu0"), 50);  // 450 over 9 peers
  EXPECT_EQ(fabric.nodes()[9].host, 0);
  EXPECT_TRUE(links_are_cables(fabric));
  EXPECT_TRUE(every_gpu_reaches_every_gpu(fabric));
  EXPECT_TRUE(built(round_cluster(), fabric_of(FabricKind::full_mesh), 1).links().empty());
}

TEST(FullMesh, RefusesMoreThanMemoryHolds) {
  // 16,384 x 16,383 / 2 cables
  EXPECT_NE(refusal(round_cluster(), fabric_of(FabricKind::full_mesh), 16384).find("134 million cables"),
            std::string::npos);
}

}  // namespace
}  // namespace ithaca
