#include <gtest/gtest.h>

#include "tests/support/fabrics.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using namespace test;
using Kind = NodeKind;

FabricSpec fat_tree(int tiers, int leaf_hosts, int spines, double oversubscription) {
  FabricSpec spec = fabric_of(FabricKind::fat_tree);
  spec.tiers = tiers;
  spec.leaf_hosts = leaf_hosts;
  spec.spines = spines;
  spec.oversubscription = oversubscription;
  return spec;
}

TEST(FatTree, TwoTiers) {
  // 8 servers of 8 NICs at 50 GB/s, 2 below a leaf: 4 leaves with 16 x 50 = 800 GB/s below; 2:1 leaves 400 up, over 4
  // spines 100 each.
  const Fabric fabric = built(round_cluster(), fat_tree(2, 2, 4, 2), 64);
  EXPECT_EQ(count(fabric, Kind::leaf), 4);
  EXPECT_EQ(count(fabric, Kind::spine), 4);
  EXPECT_EQ(count(fabric, Kind::core), 0);
  EXPECT_EQ(count(fabric, Kind::leaf, Kind::spine), 16);
  EXPECT_EQ(fabric.links().size(), 2u * (64 * 3 + 16));  // NVSwitch, GPU to NIC, NIC to leaf
  EXPECT_EQ(capacity(fabric, "leaf3->spine0"), 100);
  EXPECT_EQ(capacity(fabric, Kind::nic, Kind::leaf), 64 * 50);
  EXPECT_EQ(capacity(fabric, Kind::leaf, Kind::spine), 64 * 50 / 2);
  EXPECT_GT(capacity(fabric, "nic15->leaf0"), 0);
  EXPECT_GT(capacity(fabric, "nic16->leaf1"), 0);
  const auto far = hops(fabric, 0);
  EXPECT_EQ(far[1], 2);
  EXPECT_EQ(far[8], 4);   // below the same leaf
  EXPECT_EQ(far[16], 6);  // over a spine
  EXPECT_TRUE(links_are_cables(fabric));
  EXPECT_TRUE(every_gpu_reaches_every_gpu(fabric));
}

TEST(FatTree, TwoTiersOnTheirOwn) {
  // 4 servers fill the 32 lower ports of a leaf, and 32 spines make each link up a NIC's; 4:1 needs 8 of them.
  const Fabric fabric = built(round_cluster(), fat_tree(2, 0, 0, 1), 1024);
  EXPECT_EQ(count(fabric, Kind::leaf), 32);
  EXPECT_EQ(count(fabric, Kind::spine), 32);
  EXPECT_EQ(capacity(fabric, "leaf31->spine31"), 50);
  const Fabric thin = built(round_cluster(), fat_tree(2, 0, 0, 4), 1024);
  EXPECT_EQ(count(thin, Kind::spine), 8);
  EXPECT_EQ(capacity(thin, "leaf31->spine7"), 50);
}

TEST(FatTree, OneLeafNeedsNoSpines) {
  const Fabric fabric = built(round_cluster(), fat_tree(2, 0, 0, 1), 16);
  EXPECT_EQ(count(fabric, Kind::leaf), 1);
  EXPECT_EQ(count(fabric, Kind::spine), 0);
  EXPECT_TRUE(every_gpu_reaches_every_gpu(fabric));
  EXPECT_EQ(count(built(round_cluster(), fat_tree(2, 0, 2, 1), 16), Kind::spine), 2);
}

TEST(FatTree, ThePartlyFilledLeafHasTheLinksOfAFullOne) {
  const Fabric fabric = built(round_cluster(), fat_tree(2, 2, 4, 1), 20);  // servers of 8, 8 and 4 GPUs
  EXPECT_EQ(count(fabric, Kind::leaf), 2);
  EXPECT_EQ(capacity(fabric, "leaf1->spine3"), 200);  // 16 x 50 over 4
  EXPECT_TRUE(every_gpu_reaches_every_gpu(fabric));
}

TEST(FatTree, ThreeTiers) {
  // 8 leaves of one server (400 GB/s), 2 to a pod: 4 pods. 2 spines a pod get 100 GB/s from each leaf at 2:1. Each has
  // 2 leaves below, so 2 cores above: 4 cores, and 100 GB/s a link again.
  FabricSpec spec = fat_tree(3, 1, 2, 2);
  spec.pod_leaves = 2;
  const Fabric fabric = built(round_cluster(), spec, 64);
  EXPECT_EQ(count(fabric, Kind::leaf), 8);
  EXPECT_EQ(count(fabric, Kind::spine), 8);
  EXPECT_EQ(count(fabric, Kind::core), 4);
  EXPECT_EQ(count(fabric, Kind::leaf, Kind::spine), 16);
  EXPECT_EQ(count(fabric, Kind::spine, Kind::core), 16);
  EXPECT_EQ(capacity(fabric, "leaf2->spine3"), 100);
  EXPECT_EQ(capacity(fabric, "leaf2->spine4"), 0);  // of the next pod
  EXPECT_EQ(capacity(fabric, "spine1->core2"), 100);
  EXPECT_EQ(capacity(fabric, "spine1->core1"), 0);  // core1 joins the first spines of the pods
  EXPECT_EQ(capacity(fabric, Kind::nic, Kind::leaf), 64 * 50);
  EXPECT_EQ(capacity(fabric, Kind::leaf, Kind::spine), 64 * 50 / 2);
  EXPECT_EQ(capacity(fabric, Kind::spine, Kind::core), 64 * 50 / 2);
  const auto far = hops(fabric, 0);
  EXPECT_EQ(far[8], 6);   // in the pod
  EXPECT_EQ(far[16], 8);  // over a core
  EXPECT_TRUE(links_are_cables(fabric));
  EXPECT_TRUE(every_gpu_reaches_every_gpu(fabric));
}

TEST(FatTree, ThreeTiersOnTheirOwn) {
  // 512 leaves, 32 to a pod: 16 pods of 32 spines under 32 x 32 cores, all links those of a NIC.
  const Fabric fabric = built(round_cluster(), fat_tree(3, 0, 0, 1), 16384);
  EXPECT_EQ(count(fabric, Kind::leaf), 512);
  EXPECT_EQ(count(fabric, Kind::spine), 512);
  EXPECT_EQ(count(fabric, Kind::core), 1024);
  EXPECT_EQ(capacity(fabric, "leaf511->spine511"), 50);
  EXPECT_EQ(capacity(fabric, "spine511->core1023"), 50);
}

TEST(FatTree, ALastPodMayBePartlyFilled) {
  FabricSpec spec = fat_tree(3, 1, 2, 1);
  spec.pod_leaves = 2;
  const Fabric fabric = built(round_cluster(), spec, 24);  // 3 leaves
  EXPECT_EQ(count(fabric, Kind::leaf), 3);
  EXPECT_EQ(count(fabric, Kind::spine), 4);
  EXPECT_TRUE(every_gpu_reaches_every_gpu(fabric));
}

TEST(FatTree, EveryLeafsSumsHoldForManyShapes) {
  for (const int leaf_hosts : {1, 3, 4}) {
    for (const int spines : {1, 3, 8}) {
      for (const double oversubscription : {0.5, 1., 3.}) {
        for (const int tiers : {2, 3}) {
          const Fabric fabric = built(round_cluster(), fat_tree(tiers, leaf_hosts, spines, oversubscription), 96);
          const std::uint32_t first = *fabric.find_node("leaf0");
          for (std::uint32_t leaf = first; fabric.nodes()[leaf].kind == Kind::leaf; ++leaf)
            ASSERT_NEAR(capacity(fabric, leaf, Kind::spine), leaf_hosts * 400 / oversubscription, 1e-9);
          const std::uint32_t spine = *fabric.find_node("spine0");  // of a full pod: passes on what it takes
          if (tiers == 3) {
            ASSERT_NEAR(capacity(fabric, spine, Kind::core), capacity(fabric, spine, Kind::leaf), 1e-9);
          }
        }
      }
    }
  }
}

TEST(FatTree, RefusesWhatIsNone) {
  EXPECT_EQ(refusal(round_cluster(), fat_tree(4, 0, 0, 1), 64), "fat_tree: a fat tree has 2 or 3 tiers, not 4");
  EXPECT_NE(refusal(round_cluster(), fat_tree(3, 0, 0, 1), 32).find("smaller leaf_hosts"), std::string::npos);
  FabricSpec one_pod = fat_tree(3, 1, 0, 1);
  one_pod.pod_leaves = 8;
  EXPECT_NE(refusal(round_cluster(), one_pod, 64).find("smaller pod_leaves"), std::string::npos);
  EXPECT_NE(refusal(round_cluster(), fat_tree(2, 1, 1000000, 1), 64).find("8 million cables"), std::string::npos);
  EXPECT_NE(refusal(round_cluster(), fat_tree(2, 1, 0, 1e-300), 64).find("million cables"), std::string::npos);
}

}  // namespace
}  // namespace ithaca
