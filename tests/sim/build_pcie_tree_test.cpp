#include <gtest/gtest.h>

#include "tests/support/fabrics.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using namespace test;

FabricSpec pcie_tree(int sockets, int switches) {
  FabricSpec spec = fabric_of(FabricKind::pcie_tree);
  spec.sockets = sockets;
  spec.socket_switches = switches;
  spec.socket_rate = BytesPerSecond{67e9};
  return spec;
}

Cluster with_host_link() {
  Cluster c = round_cluster();
  c.gpu.host_link = BytesPerSecond{32e9};
  return c;
}

TEST(PcieTree, TwoSocketsOfTwoSwitches) {
  const Fabric fabric = built(with_host_link(), pcie_tree(2, 2), 8);
  EXPECT_EQ(count(fabric, NodeKind::pcie_switch), 4);
  EXPECT_EQ(count(fabric, NodeKind::cpu), 2);
  EXPECT_EQ(fabric.links().size(), 2u * (8 + 4 + 1));
  EXPECT_EQ(capacity(fabric, "gpu5->pcie2"), 32);
  EXPECT_EQ(capacity(fabric, "pcie2->cpu1"), 32);
  EXPECT_EQ(capacity(fabric, "cpu0->cpu1"), 67);
  const std::vector<int> far{0, 2, 4, 4, 5, 5, 5, 5};  // switch; socket; the other socket
  EXPECT_EQ(hops(fabric, 0), far);
  EXPECT_TRUE(links_are_cables(fabric));
  EXPECT_TRUE(every_gpu_reaches_every_gpu(fabric));
}

TEST(PcieTree, SpreadsGpusEvenly) {
  // 5 over 4 switches: 2, 1, 1, 1. Four sockets are joined pairwise.
  const Fabric fabric = built(with_host_link(), pcie_tree(4, 1), 5);
  EXPECT_EQ(count(fabric, NodeKind::cpu, NodeKind::cpu), 12);
  EXPECT_EQ(hops(fabric, 0)[1], 2);
  EXPECT_EQ(hops(fabric, 0)[2], 5);
  EXPECT_TRUE(every_gpu_reaches_every_gpu(fabric));
}

TEST(PcieTree, TakesItsRatesFromTheProfile) {
  Cluster c = with_host_link();
  c.scale_up = ScaleUp::pcie;
  c.port_peak = BytesPerSecond{64e9};
  Domain socket;
  socket.uplink = Domain::Uplink::socket;
  socket.gpus = 4;
  socket.peak = BytesPerSecond{192e9};
  c.domains.clear();
  c.domains.push_back(socket);
  FabricSpec spec = pcie_tree(2, 1);
  spec.socket_rate = {};
  const Fabric fabric = built(c, spec, 8);
  EXPECT_EQ(capacity(fabric, "gpu0->pcie0"), 64);
  EXPECT_EQ(capacity(fabric, "cpu0->cpu1"), 192);
  spec.link_rate = BytesPerSecond{16e9};
  EXPECT_EQ(capacity(built(c, spec, 8), "pcie0->cpu0"), 16);
}

TEST(PcieTree, SaysWhatIsMissing) {
  EXPECT_NE(refusal(round_cluster(), pcie_tree(2, 2), 8).find("give link_rate"), std::string::npos);
  FabricSpec spec = pcie_tree(2, 2);
  spec.socket_rate = {};
  EXPECT_NE(refusal(with_host_link(), spec, 8).find("give socket_rate"), std::string::npos);
  EXPECT_EQ(refusal(with_host_link(), pcie_tree(2, 2), 3),
            "pcie_tree: 3 GPUs do not spread over 2 sockets of 2 switches: give at least one GPU for each switch");
  EXPECT_NE(refusal(with_host_link(), pcie_tree(0, 2), 8), "");
  EXPECT_NE(refusal(with_host_link(), pcie_tree(-1, -2), 8), "");
  spec.sockets = 1;  // needs no rate between sockets
  EXPECT_EQ(refusal(with_host_link(), spec, 8), "");
}

}  // namespace
}  // namespace ithaca
