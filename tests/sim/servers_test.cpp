#include "sim/servers.hpp"

#include <gtest/gtest.h>

#include "tests/support/fabrics.hpp"
#include "tests/support/machines.hpp"
#include "tests/support/programs.hpp"

namespace ithaca {
namespace {

using namespace test;

/// The links of a door by name, in the order of travel.
std::string text(const Fabric& fabric, const Servers& servers, const Door& door) {
  std::string names;
  for (const auto link : servers.links(door)) names += (names.empty() ? "" : " ") + fabric.link_name(link);
  return names;
}

TEST(Servers, AreWhatHostsSay) {
  const Fabric fabric = built(round_cluster(), fabric_of(FabricKind::fat_tree), 12);  // 8 + 4
  const Servers servers(fabric);
  EXPECT_EQ(servers.size(), 2u);
  EXPECT_EQ(servers.gpus(1).size(), 4u);
  EXPECT_EQ(servers.server(9), 1u);
  EXPECT_EQ(servers.position(9), 1u);
  EXPECT_EQ(servers.nodes(1).size(), 4u + 1 + 4);  // GPUs, NVSwitch, NICs
  EXPECT_EQ(servers.server_of_node(*fabric.find_node("nic11")), 1u);
  EXPECT_EQ(servers.server_of_node(*fabric.find_node("leaf0")), kNowhere);
}

TEST(Servers, HaveADoorForEachGpuThroughItsNic) {
  const Fabric fabric = built(round_cluster(), fabric_of(FabricKind::fat_tree), 16);
  const Servers servers(fabric);
  ASSERT_EQ(servers.exits(9).size(), 1u);
  ASSERT_EQ(servers.entries(9).size(), 1u);
  EXPECT_EQ(text(fabric, servers, servers.exits(9)[0]), "gpu9->nic9 nic9->leaf0");
  EXPECT_EQ(text(fabric, servers, servers.entries(9)[0]), "leaf0->nic9 nic9->gpu9");
  EXPECT_EQ(servers.entries(9)[0].number, 9u);
}

// Host 0: gpu0 and gpu1 on a PCIe switch with nic0 and nic1, and nic2 behind the socket. All NICs lead to `leaf`, nic2
// also to `far`.
TEST(Servers, TakeOnlyTheNearestDoorsToANode) {
  FabricGraph graph;
  for (int i = 0; i < 2; ++i) add_node(graph, NodeKind::gpu, "gpu" + std::to_string(i), 0);
  const auto pcie = add_node(graph, NodeKind::pcie_switch, "pcie", 0), cpu = add_node(graph, NodeKind::cpu, "cpu", 0);
  const auto leaf = add_node(graph, NodeKind::leaf, "leaf"), far = add_node(graph, NodeKind::leaf, "far");
  for (const std::uint32_t gpu : {0u, 1u}) add_cable(graph, gpu, pcie, 1);
  add_cable(graph, pcie, cpu, 1);
  for (int i = 0; i < 3; ++i) {
    const auto nic = add_node(graph, NodeKind::nic, "nic" + std::to_string(i), 0);
    add_cable(graph, i < 2 ? pcie : cpu, nic, 1);
    add_cable(graph, nic, leaf, 1);
    if (i == 2) add_cable(graph, nic, far, 1);
  }
  const Fabric fabric = Fabric::make(graph).value();
  const Servers servers(fabric);
  const auto exits = servers.exits(1), entries = servers.entries(1);
  ASSERT_EQ(exits.size(), 3u);
  EXPECT_EQ(text(fabric, servers, exits[0]), "gpu1->pcie pcie->nic0 nic0->leaf");
  EXPECT_EQ(text(fabric, servers, exits[1]), "gpu1->pcie pcie->nic1 nic1->leaf");
  EXPECT_EQ(text(fabric, servers, exits[2]), "gpu1->pcie pcie->cpu cpu->nic2 nic2->far");
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(text(fabric, servers, entries[2]), "far->nic2 nic2->cpu cpu->pcie pcie->gpu1");
  EXPECT_EQ(exits[2].node, servers.network().number[far]);
}

TEST(Servers, MeetInACableBetweenThem) {
  FabricGraph graph;
  add_node(graph, NodeKind::gpu, "gpu0", 0);
  add_node(graph, NodeKind::gpu, "gpu1", 1);
  add_node(graph, NodeKind::nic, "nic0", 0);
  add_node(graph, NodeKind::nic, "nic1", 1);
  add_cable(graph, 0, 2, 1);
  add_cable(graph, 1, 3, 1);
  add_cable(graph, 2, 3, 1);
  const Fabric fabric = Fabric::make(graph).value();
  const Servers servers(fabric);
  ASSERT_EQ(servers.exits(0).size(), 1u);
  ASSERT_EQ(servers.entries(1).size(), 1u);
  EXPECT_EQ(servers.exits(0)[0].node, servers.entries(1)[0].node);
  EXPECT_EQ(text(fabric, servers, servers.exits(0)[0]), "gpu0->nic0 nic0->nic1");
  EXPECT_EQ(text(fabric, servers, servers.entries(1)[0]), "nic1->gpu1");
}

TEST(Servers, AGpuWithoutAHostIsOne) {
  FabricGraph graph;
  for (int i = 0; i < 3; ++i) add_node(graph, NodeKind::gpu, "gpu" + std::to_string(i));
  const auto hub = add_node(graph, NodeKind::nvswitch, "hub");
  for (const std::uint32_t gpu : {0u, 1u, 2u}) add_cable(graph, gpu, hub, 1);
  const Fabric fabric = Fabric::make(graph).value();
  const Servers servers(fabric);
  EXPECT_EQ(servers.size(), 3u);
  EXPECT_EQ(servers.entries(2)[0].number, 2u);
}

}  // namespace
}  // namespace ithaca
