#include <gtest/gtest.h>

#include "tests/support/fabrics.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using namespace test;

const FabricSpec kIdeal;

TEST(IdealFabric, OneServerIsItsBox) {
  const Fabric fabric = built(round_cluster(), kIdeal, 8);
  EXPECT_EQ(fabric.nodes().size(), 9u);   // 8 GPUs and the NVSwitch
  EXPECT_EQ(fabric.links().size(), 16u);  // a cable each
  EXPECT_EQ(capacity(fabric, "gpu5->nvswitch0"), 450);
  EXPECT_TRUE(links_are_cables(fabric));
}

TEST(IdealFabric, AnNvlinkDomainOf72) {
  Cluster rack = round_cluster();
  rack.node_gpus = rack.domains[0].gpus = rack.domains[0].ports = 72;
  const Fabric fabric = built(rack, kIdeal, 72);
  EXPECT_EQ(fabric.links().size(), 144u);
  EXPECT_EQ(capacity(fabric, NodeKind::gpu, NodeKind::nvswitch), 72 * 450);
  EXPECT_EQ(hops(fabric, 0)[71], 2);
}

TEST(IdealFabric, ServersHangOnOneSwitch) {
  const Fabric fabric = built(round_cluster(), kIdeal, 20);  // 8 + 8 + 4
  EXPECT_EQ(count(fabric, NodeKind::nvswitch), 3);
  EXPECT_EQ(count(fabric, NodeKind::nic), 20);
  EXPECT_EQ(count(fabric, NodeKind::core), 1);
  EXPECT_EQ(fabric.links().size(), 2u * (20 + 20 + 20));  // GPU to NVSwitch, GPU to NIC, NIC to the switch
  EXPECT_EQ(capacity(fabric, "gpu17->nic17"), 50);
  EXPECT_EQ(capacity(fabric, "network->nic17"), 50);
  EXPECT_EQ(fabric.nodes()[17].host, 2);
  EXPECT_TRUE(links_are_cables(fabric));
  EXPECT_TRUE(every_gpu_reaches_every_gpu(fabric));
  EXPECT_EQ(hops(fabric, 0)[7], 2);   // over NVLink
  EXPECT_EQ(hops(fabric, 0)[19], 4);  // NIC, switch, NIC
}

TEST(IdealFabric, TiersAreUplinksOfPods) {
  // Pods of 32 GPUs under 400 GB/s, of 128 under 800: 256 GPUs are 8 inner and 2 outer pods.
  Cluster cluster = round_cluster();
  Domain pod;
  pod.uplink = Domain::Uplink::tier;
  pod.gpus = 32;
  pod.peak = BytesPerSecond{400e9};
  cluster.domains.push_back(pod);
  pod.gpus = 128;
  pod.peak = BytesPerSecond{800e9};
  cluster.domains.push_back(pod);
  const Fabric fabric = built(cluster, kIdeal, 256);
  EXPECT_EQ(count(fabric, NodeKind::spine), 8 + 2);
  EXPECT_EQ(capacity(fabric, "nic32->tier1.1"), 50);
  EXPECT_EQ(capacity(fabric, "tier1.4->tier2.1"), 400);
  EXPECT_EQ(capacity(fabric, "tier2.1->network"), 800);
  EXPECT_TRUE(links_are_cables(fabric));
  const auto far = hops(fabric, 0);
  EXPECT_EQ(far[8], 4);    // in the pod
  EXPECT_EQ(far[32], 6);   // in the pod around it
  EXPECT_EQ(far[128], 8);  // beyond
  // One pod needs no uplink.
  EXPECT_EQ(count(built(cluster, kIdeal, 32), NodeKind::spine), 0);
}

TEST(IdealFabric, LatencyIsThatOfLinksBetweenServers) {
  FabricSpec spec;
  spec.link_latency = Seconds{1e-6};
  const Fabric fabric = built(round_cluster(), spec, 16);
  EXPECT_EQ(fabric.links()[*fabric.find_link("gpu0->nvswitch0")].latency.value(), 0);
  EXPECT_EQ(fabric.links()[*fabric.find_link("gpu0->nic0")].latency.value(), 0);
  EXPECT_EQ(fabric.links()[*fabric.find_link("nic0->network")].latency.value(), 1e-6);
}

}  // namespace
}  // namespace ithaca
