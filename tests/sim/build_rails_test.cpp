#include <gtest/gtest.h>

#include "tests/support/fabrics.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using namespace test;
using Kind = NodeKind;

FabricSpec rails(FabricKind kind, int leaf_hosts, int spines, double oversubscription) {
  FabricSpec spec = fabric_of(kind);
  spec.leaf_hosts = leaf_hosts;
  spec.spines = spines;
  spec.oversubscription = oversubscription;
  return spec;
}

TEST(RailOptimised, ALeafForEachRailOfASet) {
  // 8 servers in 2 sets of 4: 8 rails x 2 leaves with 4 x 50 GB/s below; at 2:1 each has 100 up, 50 to each of 2
  // spines.
  const Fabric fabric = built(round_cluster(), rails(FabricKind::rail_optimised, 4, 2, 2), 64);
  EXPECT_EQ(count(fabric, Kind::leaf), 16);
  EXPECT_EQ(count(fabric, Kind::spine), 2);
  EXPECT_EQ(count(fabric, Kind::leaf, Kind::spine), 32);
  EXPECT_EQ(capacity(fabric, "leaf15->spine1"), 50);
  EXPECT_EQ(capacity(fabric, Kind::leaf, Kind::spine), 64 * 50 / 2);
  EXPECT_GT(capacity(fabric, "nic0->leaf0"), 0);
  EXPECT_GT(capacity(fabric, "nic24->leaf0"), 0);  // server 3, rail 0
  EXPECT_GT(capacity(fabric, "nic32->leaf1"), 0);  // server 4, rail 0: the other set
  EXPECT_GT(capacity(fabric, "nic1->leaf2"), 0);   // server 0, rail 1
  const auto far = hops(fabric, 0);
  EXPECT_EQ(far[8], 4);   // the same rail and set
  EXPECT_EQ(far[9], 6);   // another rail: over a spine
  EXPECT_EQ(far[32], 6);  // another set
  EXPECT_TRUE(links_are_cables(fabric));
  EXPECT_TRUE(every_gpu_reaches_every_gpu(fabric));
}

TEST(RailOptimised, OnItsOwn) {
  // Sets of 32 servers as in a SuperPOD: 128 servers are 4 sets, 32 leaves, and 32 spines make links of a NIC's rate.
  const Fabric fabric = built(round_cluster(), rails(FabricKind::rail_optimised, 0, 0, 1), 1024);
  EXPECT_EQ(count(fabric, Kind::leaf), 32);
  EXPECT_EQ(count(fabric, Kind::spine), 32);
  EXPECT_EQ(capacity(fabric, "leaf31->spine31"), 50);
}

TEST(RailOptimised, APartlyFilledServerHasTheFirstRails) {
  const Fabric fabric = built(round_cluster(), rails(FabricKind::rail_optimised, 2, 2, 1), 12);
  EXPECT_EQ(count(fabric, Kind::nic), 12);
  EXPECT_EQ(count(fabric, Kind::leaf), 8);
  EXPECT_TRUE(every_gpu_reaches_every_gpu(fabric));
}

TEST(RailOnly, RailsAreIslands) {
  const Fabric fabric = built(round_cluster(), rails(FabricKind::rail_only, 0, 0, 1), 64);
  EXPECT_EQ(count(fabric, Kind::leaf), 8);
  EXPECT_EQ(count(fabric, Kind::spine), 0);
  EXPECT_EQ(fabric.links().size(), 2u * 64 * 3);
  const auto far = hops(fabric, 0);
  for (int gpu = 1; gpu < 64; ++gpu)  // NVLink in the server, four links along the rail, nothing across
    EXPECT_EQ(far[static_cast<std::size_t>(gpu)], gpu < 8 ? 2 : gpu % 8 == 0 ? 4 : kUnreached) << gpu;
  EXPECT_TRUE(links_are_cables(fabric));
}

TEST(RailOnly, ALongRailHasSpinesOfItsOwn) {
  // 8 servers, 4 below a leaf: 2 leaves and 2 spines a rail; 4 x 50 GB/s at 2:1 over 2 spines.
  const Fabric fabric = built(round_cluster(), rails(FabricKind::rail_only, 4, 2, 2), 64);
  EXPECT_EQ(count(fabric, Kind::leaf), 16);
  EXPECT_EQ(count(fabric, Kind::spine), 16);
  EXPECT_EQ(count(fabric, Kind::leaf, Kind::spine), 8 * 2 * 2);
  EXPECT_EQ(capacity(fabric, "leaf3->spine2"), 50);
  EXPECT_EQ(capacity(fabric, "leaf3->spine1"), 0);
  const auto far = hops(fabric, 0);
  EXPECT_EQ(far[32], 6);
  EXPECT_EQ(far[33], kUnreached);
}

TEST(Rails, RefuseServersWithoutNics) {
  Cluster alone = round_cluster();
  alone.domains.clear();
  EXPECT_EQ(refusal(alone, fabric_of(FabricKind::rail_only), 16),
            "rail_only: a server of round has no NIC in its profile: give link_rate, the rate of a NIC for each GPU");
}

}  // namespace
}  // namespace ithaca
