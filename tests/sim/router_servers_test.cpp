// Ways through servers: their switches, NICs and cables, and what no router can do.

#include <gtest/gtest.h>

#include <thread>

#include "sim/router.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/routes.hpp"

namespace ithaca {
namespace {

using namespace test;

TEST(Router, RefusesRailsThatOnlyPxnJoins) {
  const Fabric fabric = built(round_cluster(), fabric_of(FabricKind::rail_only), 16);
  for (const Routing routing : {Routing::deterministic, Routing::ecmp, Routing::spray}) {
    const auto router = Router::make(fabric, routing);
    ASSERT_FALSE(router);
    EXPECT_EQ(router.error(), "gpu0 cannot reach gpu9 by routing " + std::string(name(routing)) +
                                  ", as GPUs and servers pass nothing on for others; use routing pxn, which goes "
                                  "through the GPU of the same server that can");
  }
}

TEST(Router, RefusesGpusThatCannotReachEachOther) {
  FabricGraph chain;  // gpu0 - gpu1 - gpu2
  for (int i = 0; i < 3; ++i) add_node(chain, NodeKind::gpu, "gpu" + std::to_string(i), 0);
  add_cable(chain, 0, 1, 1);
  add_cable(chain, 1, 2, 1);
  const Fabric fabric = Fabric::make(chain).value();
  for (const Routing routing : {Routing::ecmp, Routing::pxn}) {
    const auto router = Router::make(fabric, routing);
    ASSERT_FALSE(router);
    EXPECT_EQ(router.error(), "gpu0 cannot reach gpu2 by routing " + std::string(name(routing)) +
                                  ", as GPUs and servers pass nothing on for others; join them with a switch, or give "
                                  "each GPU a router");
  }
}

TEST(Router, RefusesTablesThatAreTooLarge) {
  FabricSpec torus = fabric_of(FabricKind::torus);
  for (const int d : {8, 8}) torus.dimensions.push_back(d);
  const Fabric fabric = built(round_cluster(), torus, 64);
  const auto router = Router::make(fabric, Routing::ecmp, 1, 1e3);
  ASSERT_FALSE(router);
  EXPECT_NE(router.error().find("64 GPUs would take 1 MiB"), std::string::npos) << router.error();
}

TEST(Router, KeepsMessagesOfAServerInside) {
  // gpu0 and gpu1 are nearer by their NICs and the leaf (4 links) than by the sockets (5).
  FabricGraph graph;
  for (int i = 0; i < 2; ++i) add_node(graph, NodeKind::gpu, "gpu" + std::to_string(i), 0);
  const auto leaf = add_node(graph, NodeKind::leaf, "leaf");
  std::uint32_t cpus[2] = {};
  for (const std::uint32_t gpu : {0u, 1u}) {
    const std::string number = std::to_string(gpu);
    const auto pcie = add_node(graph, NodeKind::pcie_switch, "pcie" + number, 0);
    const auto nic = add_node(graph, NodeKind::nic, "nic" + number, 0);
    cpus[gpu] = add_node(graph, NodeKind::cpu, "cpu" + number, 0);
    add_cable(graph, gpu, pcie, 1);
    add_cable(graph, gpu, nic, 1);
    add_cable(graph, nic, leaf, 1);
    add_cable(graph, pcie, cpus[gpu], 1);
  }
  add_cable(graph, cpus[0], cpus[1], 1);
  const Machine m(graph, Routing::deterministic);
  EXPECT_EQ(text(m.router, 0, 1), "gpu0 pcie0 cpu0 cpu1 pcie1 gpu1");
  graph.links.resize(graph.links.size() - 2);
  const Machine cut(graph, Routing::deterministic);
  EXPECT_EQ(text(cut.router, 0, 1), "gpu0 nic0 leaf nic1 gpu1");
}

TEST(Router, DoesNotGoThroughOtherServers) {
  // Two rails and no NVLink: the NICs of a server meet in its PCIe switch. leaf0 and leaf1 do not meet elsewhere.
  FabricGraph graph;
  for (int i = 0; i < 3; ++i) add_node(graph, NodeKind::gpu, "gpu" + std::to_string(i), i);
  const auto leaf0 = add_node(graph, NodeKind::leaf, "leaf0"), leaf1 = add_node(graph, NodeKind::leaf, "leaf1");
  for (int host = 0; host < 3; ++host) {
    const auto pcie = add_node(graph, NodeKind::pcie_switch, "pcie" + std::to_string(host), host);
    add_cable(graph, static_cast<std::uint32_t>(host), pcie, 1);
    if (host != 1) add_cable(graph, pcie, leaf0, 1);
    if (host != 0) add_cable(graph, pcie, leaf1, 1);
  }
  const auto router = Router::make(Fabric::make(graph).value(), Routing::deterministic);
  ASSERT_FALSE(router);
  EXPECT_EQ(router.error().substr(0, 22), "gpu0 cannot reach gpu1");
}

TEST(Router, JoinsServersByACable) {
  FabricGraph graph;
  for (int i = 0; i < 2; ++i) add_node(graph, NodeKind::gpu, "gpu" + std::to_string(i), i);
  for (int i = 0; i < 2; ++i) {
    add_node(graph, NodeKind::nic, "nic" + std::to_string(i), i);
    add_cable(graph, static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i + 2), 1);
  }
  add_cable(graph, 2, 3, 1);
  const Machine m(graph, Routing::ecmp);
  EXPECT_EQ(text(m.router, 0, 1), "gpu0 nic0 nic1 gpu1");
  EXPECT_EQ(text(m.router, 1, 0), "gpu1 nic1 nic0 gpu0");
}

/// Servers of 4 GPUs behind one PCIe switch with `nics` NICs, all on one leaf.
FabricGraph shared_nics(int servers, int nics) {
  FabricGraph graph;
  for (int i = 0; i < 4 * servers; ++i) add_node(graph, NodeKind::gpu, "gpu" + std::to_string(i), i / 4);
  const auto leaf = add_node(graph, NodeKind::leaf, "leaf");
  for (int s = 0; s < servers; ++s) {
    const auto pcie = add_node(graph, NodeKind::pcie_switch, "pcie" + std::to_string(s), s);
    for (int i = 4 * s; i < 4 * s + 4; ++i) add_cable(graph, static_cast<std::uint32_t>(i), pcie, 1);
    for (int i = 0; i < nics; ++i) {
      const auto nic = add_node(graph, NodeKind::nic, "nic" + std::to_string(s) + "." + std::to_string(i), s);
      add_cable(graph, pcie, nic, 1);
      add_cable(graph, nic, leaf, 1);
    }
  }
  return graph;
}

TEST(Router, SharesNicsEvenly) {
  // 4 GPUs with 2 NICs send 4 x 8 messages out of the server: 16 a NIC, and as many in.
  const Machine m(shared_nics(3, 2), Routing::deterministic);
  EXPECT_EQ(loads(m.router, NodeKind::nic, NodeKind::leaf), std::set{16});
  EXPECT_EQ(loads(m.router, NodeKind::leaf, NodeKind::nic), std::set{16});
  // GPU i to GPU i of the next server: each NIC serves two of the four.
  std::map<std::uint32_t, int> out, in;
  for (std::uint32_t i = 0; i < 4; ++i) {
    const Links links = path(m.router, i, i + 4);
    ++out[links[2]];
    ++in[links[3]];
  }
  EXPECT_EQ(out.size(), 2u);
  EXPECT_EQ(in.size(), 2u);
  // A lone GPU uses both by its channels.
  EXPECT_NE(path(m.router, 0, 4, 0)[2], path(m.router, 0, 4, 1)[2]);
}

TEST(Router, SpraysOverAllNics) {
  const Machine m(shared_nics(2, 3), Routing::spray);
  EXPECT_EQ(all_paths(m.router, 0, 4).size(), 9u);  // 3 out x 3 in
}

TEST(Router, KeepsToThePlaneOfANic) {
  // Two NICs a GPU, each on a leaf of its own, the leaves joined by a spine: four links in a plane, six across.
  FabricGraph graph;
  for (int i = 0; i < 2; ++i) add_node(graph, NodeKind::gpu, "gpu" + std::to_string(i), i);
  const auto spine = add_node(graph, NodeKind::spine, "spine");
  for (int plane = 0; plane < 2; ++plane) {
    const auto leaf = add_node(graph, NodeKind::leaf, "leaf" + std::to_string(plane));
    add_cable(graph, leaf, spine, 1);
    for (int i = 0; i < 2; ++i) {
      const auto nic = add_node(graph, NodeKind::nic, "nic" + std::to_string(i) + "." + std::to_string(plane), i);
      add_cable(graph, static_cast<std::uint32_t>(i), nic, 1);
      add_cable(graph, nic, leaf, 1);
    }
  }
  const Machine m(graph, Routing::deterministic);
  EXPECT_EQ(text(m.router, 0, 1, 0), "gpu0 nic0.0 leaf0 nic1.0 gpu1");
  EXPECT_EQ(text(m.router, 0, 1, 1), "gpu0 nic0.1 leaf1 nic1.1 gpu1");
}

TEST(Router, NamesTheLinksOfAServersSwitch) {
  const Machine m(star(3), Routing::deterministic);
  EXPECT_EQ(m.router.switch_link(2, Leg::into_switch), 4u);
  EXPECT_EQ(m.router.switch_link(2, Leg::out_of_switch), 5u);
  const Machine bare(bare_tree(1, 2, 1), Routing::deterministic);
  EXPECT_EQ(bare.router.switch_link(0, Leg::into_switch), std::nullopt);
}

TEST(Router, ServesManyThreads) {
  FabricSpec tree = fabric_of(FabricKind::fat_tree);
  tree.tiers = tree.leaf_hosts = 2;
  tree.spines = 16;
  const Routed net(tree, 64, Routing::ecmp);
  const auto expected = all_to_all(net.router);
  std::vector<std::vector<int>> loads(4);
  std::vector<std::thread> threads;
  for (auto& load : loads) threads.emplace_back([&] { load = all_to_all(net.router); });
  for (auto& thread : threads) thread.join();
  for (const auto& load : loads) EXPECT_EQ(load, expected);
}

}  // namespace
}  // namespace ithaca
