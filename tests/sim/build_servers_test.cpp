#include <gtest/gtest.h>

#include "sim/build_parts.hpp"
#include "tests/support/fabrics.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using namespace test;

Domain socket(int gpus, double gigabytes) {
  Domain domain;
  domain.uplink = Domain::Uplink::socket;
  domain.gpus = gpus;
  domain.peak = BytesPerSecond{gigabytes * 1e9};
  return domain;
}

Domain nics(int gpus, int ports, double gigabytes) {
  Domain domain;
  domain.gpus = gpus;
  domain.ports = ports;
  domain.peak = BytesPerSecond{gigabytes * 1e9};
  return domain;
}

Cluster cluster(ScaleUp kind, double port, std::initializer_list<Domain> domains) {
  Cluster c;
  c.name = "c";
  c.scale_up = kind;
  c.node_gpus = 8;
  c.port_peak = BytesPerSecond{port * 1e9};
  for (const Domain& domain : domains) c.domains.push_back(domain);
  return c;
}

TEST(Servers, NicsStandNextToTheirGpus) {
  // 32 ports on 8 GPUs: a node for the four of each GPU. 4 ports: one for two GPUs.
  const NicPlan many = plan_nics(cluster(ScaleUp::switched, 450, {nics(8, 32, 400)}), {}).value();
  EXPECT_EQ(many.nics, 8);
  EXPECT_EQ(many.rate.value(), 50e9);
  const NicPlan few = plan_nics(cluster(ScaleUp::switched, 450, {nics(8, 4, 100)}), {}).value();
  EXPECT_EQ(few.nics, 4);
  EXPECT_EQ(few.rate.value(), 25e9);
}

TEST(Servers, WithoutNicsInTheProfileARateIsNeeded) {
  const Cluster alone = cluster(ScaleUp::switched, 450, {});
  EXPECT_NE(plan_nics(alone, {}).error().find("link_rate"), std::string::npos);
  FabricSpec spec;
  spec.link_rate = BytesPerSecond{25e9};
  const NicPlan plan = plan_nics(alone, spec).value();
  EXPECT_EQ(plan.nics, 8);
  EXPECT_EQ(plan.rate.value(), 25e9);
}

TEST(Servers, NvlinkStaysTheShorterWayWhereGpusShareANic) {
  const Fabric fabric = built(cluster(ScaleUp::switched, 450, {nics(8, 4, 100)}), {}, 16);
  EXPECT_EQ(count(fabric, NodeKind::nic), 8);
  EXPECT_EQ(capacity(fabric, "gpu3->nic1"), 25);
  EXPECT_EQ(capacity(fabric, "nic1->network"), 25);
  EXPECT_EQ(fabric.links()[*fabric.find_link("gpu3->nvswitch0")].cost, 1);
  EXPECT_EQ(fabric.links()[*fabric.find_link("gpu3->nic1")].cost, 2);
  EXPECT_EQ(fabric.links()[*fabric.find_link("nic1->gpu3")].cost, 2);
  EXPECT_EQ(fabric.links()[*fabric.find_link("nic1->network")].cost, 1);
  EXPECT_TRUE(every_gpu_reaches_every_gpu(fabric));
}

TEST(Servers, MeshHasALinkToEachPeer) {
  // 448 GB/s over 7 peers: 64 each. 28 cables in a full server, 6 in one with 4 GPUs.
  const Fabric fabric = built(cluster(ScaleUp::mesh, 448, {nics(8, 8, 400)}), {}, 12);
  EXPECT_EQ(count(fabric, NodeKind::gpu, NodeKind::gpu), 2 * (28 + 6));
  EXPECT_EQ(capacity(fabric, "gpu8->gpu11"), 64);
  EXPECT_EQ(capacity(fabric, 0u, NodeKind::gpu), 448);
  EXPECT_EQ(count(fabric, NodeKind::nvswitch), 0);
  EXPECT_TRUE(links_are_cables(fabric));
  EXPECT_TRUE(every_gpu_reaches_every_gpu(fabric));
}

TEST(Servers, PcieWithTwoSockets) {
  const Fabric fabric = built(cluster(ScaleUp::pcie, 32, {socket(4, 67), nics(8, 2, 50)}), {}, 16);
  EXPECT_EQ(count(fabric, NodeKind::cpu), 4);
  EXPECT_EQ(count(fabric, NodeKind::pcie_switch), 4);  // their bridges
  EXPECT_EQ(count(fabric, NodeKind::nvswitch), 0);
  EXPECT_EQ(capacity(fabric, "gpu5->cpu1"), 32);
  EXPECT_EQ(capacity(fabric, "cpu1->bridge1"), 67);
  EXPECT_EQ(capacity(fabric, "bridge0->bridge1"), 67);
  EXPECT_EQ(capacity(fabric, "bridge1->bridge2"), 0);  // another server
  EXPECT_EQ(capacity(fabric, "bridge1->nic1"), 25);
  EXPECT_EQ(capacity(fabric, "nic1->network"), 25);
  // 16 GPUs, 4 cpu - bridge, 2 between bridges, 4 NICs with a cable at both ends.
  EXPECT_EQ(fabric.links().size(), 2u * (16 + 4 + 2 + 8));
  const auto far = hops(fabric, 0);
  EXPECT_EQ(far[3], 2);   // the socket
  EXPECT_EQ(far[4], 5);   // cpu, bridge, bridge, cpu, gpu
  EXPECT_EQ(far[8], 8);   // cpu, bridge, nic, network and back down
  EXPECT_EQ(far[12], 8);  // the other socket there has a NIC of its own
  EXPECT_TRUE(links_are_cables(fabric));
}

TEST(Servers, OneNicBesideTwoSockets) {
  const Fabric fabric = built(cluster(ScaleUp::pcie, 32, {socket(4, 67), nics(8, 1, 25)}), {}, 16);
  EXPECT_EQ(capacity(fabric, "bridge0->nic0"), 25);
  EXPECT_EQ(capacity(fabric, "bridge1->nic0"), 25);
  EXPECT_EQ(hops(fabric, 0)[4], 5);  // not through the NIC, which would be 6
  EXPECT_TRUE(every_gpu_reaches_every_gpu(fabric));
}

TEST(Servers, PcieWithoutSocketsHasOneHost) {
  const Fabric fabric = built(cluster(ScaleUp::pcie, 32, {nics(8, 2, 50)}), {}, 16);
  EXPECT_EQ(count(fabric, NodeKind::cpu), 2);
  EXPECT_EQ(capacity(fabric, "gpu9->cpu1"), 32);
  EXPECT_EQ(capacity(fabric, "cpu1->nic3"), 25);
  EXPECT_TRUE(every_gpu_reaches_every_gpu(fabric));
  // A single server without NICs needs none.
  EXPECT_EQ(built(cluster(ScaleUp::pcie, 32, {}), {}, 8).nodes().size(), 9u);
}

TEST(Servers, BridgedPairsBehindSockets) {
  // Two cards on a bridge of 300 GB/s, a pair leaves at 126, a socket of two pairs at 192; a NIC of 50 for each socket.
  const Cluster pairs = cluster(ScaleUp::switched, 300, {socket(2, 126), socket(4, 192), nics(8, 2, 100)});
  const Fabric fabric = built(pairs, {}, 16);
  EXPECT_EQ(count(fabric, NodeKind::nvswitch), 8);
  EXPECT_EQ(capacity(fabric, "gpu3->nvswitch1"), 300);
  EXPECT_EQ(capacity(fabric, "gpu3->pcie0.1"), 126);
  EXPECT_EQ(fabric.links()[*fabric.find_link("gpu3->pcie0.1")].cost, 2);
  EXPECT_EQ(capacity(fabric, "pcie0.1->cpu0"), 126);
  EXPECT_EQ(capacity(fabric, "cpu0->bridge0"), 192);
  EXPECT_EQ(capacity(fabric, "bridge0->bridge1"), 192);
  EXPECT_EQ(capacity(fabric, "bridge0->nic0"), 50);
  EXPECT_EQ(hops(fabric, 0)[2], 4);  // pair, socket, pair, gpu
  EXPECT_TRUE(links_are_cables(fabric));
  EXPECT_TRUE(every_gpu_reaches_every_gpu(fabric));
}

TEST(Servers, OneGpuAServerNeedsNoSwitch) {
  Cluster single = cluster(ScaleUp::switched, 450, {nics(1, 1, 50)});
  single.node_gpus = 1;
  const Fabric fabric = built(single, {}, 4);
  EXPECT_EQ(fabric.nodes().size(), 9u);   // 4 GPUs, 4 NICs, the network
  EXPECT_EQ(fabric.links().size(), 16u);  // two cables each
}

TEST(Servers, NodesKnowTheirServer) {
  const Fabric fabric = built(cluster(ScaleUp::pcie, 32, {socket(4, 67), nics(8, 2, 50)}), {}, 16);
  for (const char* node : {"gpu8", "cpu2", "bridge3", "nic2"})
    EXPECT_EQ(fabric.nodes()[*fabric.find_node(node)].host, 1) << node;
  EXPECT_EQ(fabric.nodes()[*fabric.find_node("network")].host, -1);
}

}  // namespace
}  // namespace ithaca
