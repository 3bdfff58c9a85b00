#include "sim/router.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <thread>

#include "tests/support/fabrics.hpp"
#include "tests/support/machines.hpp"
#include "tests/support/programs.hpp"

namespace ithaca {
namespace {

using namespace test;
using Links = std::vector<std::uint32_t>;

/// A fabric from a generator, and its router.
struct Routed {
  Routed(const FabricSpec& spec, int gpus, Routing routing, std::uint64_t seed = 1)
      : fabric(built(round_cluster(), spec, gpus)), router(Router::make(fabric, routing, seed).value()) {}
  Routed(const Routed&) = delete;
  Routed& operator=(const Routed&) = delete;
  Fabric fabric;
  Router router;
};

Links path(const Router& router, std::uint32_t from, std::uint32_t to, std::uint32_t channel = 0) {
  Links links;
  router.add_path(from, to, channel, links);
  return links;
}

std::string text(const Router& router, std::uint32_t from, std::uint32_t to, std::uint32_t channel = 0) {
  std::string names = router.fabric().nodes()[router.fabric().gpus()[from]].name;
  for (const auto link : path(router, from, to, channel))
    names += " " + router.fabric().nodes()[router.fabric().links()[link].to].name;
  return names;
}

/// GPUs between the ends of a path that is one; more than any where it is none.
int gpus_between(const Fabric& fabric, std::uint32_t from, std::uint32_t to, std::span<const std::uint32_t> links) {
  constexpr int kBroken = 1 << 20;
  std::uint32_t at = fabric.gpus()[from];
  int gpus = -1;
  for (const auto link : links) {
    if (fabric.links()[link].from != at) return kBroken;
    at = fabric.links()[link].to;
    gpus += fabric.nodes()[at].kind == NodeKind::gpu;
  }
  return at == fabric.gpus()[to] ? gpus : kBroken;
}

/// Messages over each link when every GPU sends one to every other.
std::vector<int> all_to_all(const Router& router) {
  std::vector<int> load(router.fabric().links().size());
  const auto gpus = static_cast<std::uint32_t>(router.fabric().gpus().size());
  for (std::uint32_t from = 0; from < gpus; ++from) {
    for (std::uint32_t to = 0; to < gpus; ++to) {
      if (from == to) continue;
      for (const auto link : path(router, from, to)) ++load[link];
    }
  }
  return load;
}

/// The loads of links between two kinds of nodes.
std::set<int> loads(const Router& router, NodeKind from, NodeKind to) {
  const auto load = all_to_all(router);
  std::set<int> found;
  for (std::size_t i = 0; i < load.size(); ++i) {
    const auto& link = router.fabric().links()[i];
    const auto nodes = router.fabric().nodes();
    if (nodes[link.from].kind == from && nodes[link.to].kind == to) found.insert(load[i]);
  }
  return found;
}

FabricSpec fat_tree(int tiers, int leaf_hosts, int spines, int pod_leaves = 0) {
  FabricSpec spec = fabric_of(FabricKind::fat_tree);
  spec.tiers = tiers;
  spec.leaf_hosts = leaf_hosts;
  spec.spines = spines;
  spec.pod_leaves = pod_leaves;
  return spec;
}

FabricSpec torus(std::initializer_list<int> dimensions) {
  FabricSpec spec = fabric_of(FabricKind::torus);
  for (const int d : dimensions) spec.dimensions.push_back(d);
  return spec;
}

/// `leaves` leaves with `hosts` GPUs each and no NICs, below `spines` spines.
FabricGraph bare_tree(int leaves, int hosts, int spines) {
  FabricGraph graph;
  for (int i = 0; i < leaves * hosts; ++i) add_node(graph, NodeKind::gpu, "gpu" + std::to_string(i), i);
  std::vector<std::uint32_t> tops;
  for (int i = 0; i < spines; ++i) tops.push_back(add_node(graph, NodeKind::spine, "spine" + std::to_string(i)));
  for (int l = 0; l < leaves; ++l) {
    const auto leaf = add_node(graph, NodeKind::leaf, "leaf" + std::to_string(l));
    for (int i = 0; i < hosts; ++i) add_cable(graph, static_cast<std::uint32_t>(l * hosts + i), leaf, 1);
    for (const auto top : tops) add_cable(graph, leaf, top, 1);
  }
  return graph;
}

struct Kind {
  const char* name;
  FabricSpec spec;
  int gpus;
};

std::vector<Kind> kinds() {
  FabricSpec pcie = fabric_of(FabricKind::pcie_tree);
  pcie.link_rate = pcie.socket_rate = BytesPerSecond{32e9};
  FabricSpec rails = fabric_of(FabricKind::rail_optimised);
  rails.leaf_hosts = 2;
  return {{"ideal", fabric_of(FabricKind::ideal), 60},
          {"fat_tree_2", fat_tree(2, 1, 3), 60},
          {"fat_tree_3", fat_tree(3, 1, 4, 2), 64},
          {"rail_optimised", rails, 60},
          {"dragonfly", fabric_of(FabricKind::dragonfly), 128},
          {"torus_2d", torus({8, 6}), 48},
          {"torus_3d", torus({4, 3, 2}), 24},
          {"ring", fabric_of(FabricKind::ring), 13},
          {"full_mesh", fabric_of(FabricKind::full_mesh), 9},
          {"pcie_tree", pcie, 10}};
}

class EveryFabric : public testing::TestWithParam<std::tuple<int, Routing>> {};

TEST_P(EveryFabric, HasShortestPathsPastAllOtherGpus) {
  const Kind kind = kinds()[static_cast<std::size_t>(std::get<0>(GetParam()))];
  const Routing routing = std::get<1>(GetParam());
  const Routed net(kind.spec, kind.gpus, routing);
  for (std::uint32_t from = 0; from < net.fabric.gpus().size(); ++from) {
    const auto far = hops(net.fabric, from);
    for (std::uint32_t to = 0; to < net.fabric.gpus().size(); ++to) {
      if (from == to) continue;
      IndexRows paths;
      net.router.add_paths(from, to, 0, paths);
      ASSERT_GE(paths.size(), 1u);
      ASSERT_EQ(paths.begin.back(), paths.items.size());
      for (std::size_t i = 0; i < paths.size(); ++i) {
        const int between = gpus_between(net.fabric, from, to, paths[i]);
        if (routing == Routing::pxn) {
          EXPECT_LE(between, 1);  // the relay
        } else {
          EXPECT_EQ(between, 0) << from << " to " << to;
          EXPECT_EQ(static_cast<int>(paths[i].size()), far[to]);
        }
        EXPECT_EQ(std::set<std::uint32_t>(paths[i].begin(), paths[i].end()).size(), paths[i].size());
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Router, EveryFabric,
                         testing::Combine(testing::Range(0, 10), testing::Values(Routing::deterministic, Routing::ecmp,
                                                                                 Routing::spray, Routing::pxn)),
                         [](const auto& info) {
                           return kinds()[static_cast<std::size_t>(std::get<0>(info.param))].name + std::string("_") +
                                  std::string(name(std::get<1>(info.param)));
                         });

TEST(Deterministic, GoesByTheDestinationsNumberModuloTheSpines) {
  const Machine m(bare_tree(2, 3, 2), Routing::deterministic);
  EXPECT_EQ(text(m.router, 0, 1), "gpu0 leaf0 gpu1");
  EXPECT_EQ(text(m.router, 0, 3), "gpu0 leaf0 spine1 leaf1 gpu3");
  EXPECT_EQ(text(m.router, 0, 4), "gpu0 leaf0 spine0 leaf1 gpu4");
  EXPECT_EQ(text(m.router, 5, 1), "gpu5 leaf1 spine1 leaf0 gpu1");
  EXPECT_EQ(text(m.router, 0, 3, 7), text(m.router, 0, 3));  // one way whatever the channel
}

TEST(Deterministic, LoadsEveryUplinkOfAFatTreeEqually) {
  // 4 GPUs a leaf send to 12 others each: 48 messages over 4 uplinks; likewise down.
  const Machine m(bare_tree(4, 4, 4), Routing::deterministic);
  EXPECT_EQ(loads(m.router, NodeKind::leaf, NodeKind::spine), std::set{12});
  EXPECT_EQ(loads(m.router, NodeKind::spine, NodeKind::leaf), std::set{12});
}

TEST(Deterministic, LoadsEveryTierOfAFatTreeEqually) {
  // 64 GPUs, 8 to a leaf, 2 leaves and 8 spines a pod, 2 cores above a spine. A leaf sends 8 x 56 messages over 8
  // uplinks; a pod 16 x 48 over 16; down they are as many.
  const Routed net(fat_tree(3, 1, 8, 2), 64, Routing::deterministic);
  EXPECT_EQ(loads(net.router, NodeKind::leaf, NodeKind::spine), std::set{56});
  EXPECT_EQ(loads(net.router, NodeKind::spine, NodeKind::leaf), std::set{56});
  EXPECT_EQ(loads(net.router, NodeKind::spine, NodeKind::core), std::set{48});
  EXPECT_EQ(loads(net.router, NodeKind::core, NodeKind::spine), std::set{48});
}

TEST(Deterministic, LoadsRailsEqually) {
  // 32 servers in 2 sets of 16: 16 leaves of 16 GPUs, 16 spines. A leaf's 16 GPUs send to the 7 others of their own
  // server over NVLink, to the 15 others of the leaf below it, and to 256 - 8 - 15 = 233 others by 16 uplinks.
  FabricSpec spec = fabric_of(FabricKind::rail_optimised);
  spec.leaf_hosts = 16;
  const Routed net(spec, 256, Routing::deterministic);
  EXPECT_EQ(loads(net.router, NodeKind::leaf, NodeKind::spine), std::set{233});
  EXPECT_EQ(loads(net.router, NodeKind::spine, NodeKind::leaf), std::set{233});
}

TEST(Deterministic, TakesTheDimensionsOfATorusInOrder) {
  // Rank = x + 8 y. From (0, 0) to (2, 7): x first, then back round y.
  const Routed net(torus({8, 8}), 64, Routing::deterministic);
  EXPECT_EQ(text(net.router, 0, 58), "gpu0 router0 router1 router2 router58 gpu58");
  // Half way round, even places go forth and odd ones back.
  EXPECT_EQ(text(net.router, 0, 4), "gpu0 router0 router1 router2 router3 router4 gpu4");
  EXPECT_EQ(text(net.router, 1, 5), "gpu1 router1 router0 router7 router6 router5 gpu5");
}

TEST(Deterministic, LoadsATorusEqually) {
  // In a ring of 8 a place sends 1 + 2 + 3 and half of 4 links forth, 8; each ring carries that for the 8 GPUs of the
  // other dimension: 64 on every link.
  const Routed net(torus({8, 8}), 64, Routing::deterministic);
  EXPECT_EQ(loads(net.router, NodeKind::router, NodeKind::router), std::set{64});
}

TEST(Dragonfly, WaysHaveOneGlobalLinkAtMost) {
  for (const Routing routing : {Routing::deterministic, Routing::ecmp, Routing::spray}) {
    const Routed net(fabric_of(FabricKind::dragonfly), 512, routing);
    for (std::uint32_t to = 1; to < 512; ++to) {
      IndexRows paths;
      net.router.add_paths(0, to, 0, paths);
      for (std::size_t i = 0; i < paths.size(); ++i) {
        int global = 0;
        for (const auto link : paths[i]) {
          const auto& ends = net.fabric.links()[link];
          global += net.fabric.nodes()[ends.from].kind == NodeKind::router && ends.cost > 1;
        }
        EXPECT_LE(global, 1) << to;
      }
    }
  }
}

TEST(Ecmp, IsTheSameForTheSameSeed) {
  const Fabric fabric = Fabric::make(bare_tree(4, 8, 8)).value();
  const Router a = Router::make(fabric, Routing::ecmp, 5).value(), b = Router::make(fabric, Routing::ecmp, 5).value();
  const Router c = Router::make(fabric, Routing::ecmp, 6).value();
  int moved = 0;
  for (std::uint32_t to = 8; to < 32; ++to) {
    EXPECT_EQ(path(a, 0, to), path(b, 0, to));
    moved += path(a, 0, to) != path(c, 0, to);
  }
  EXPECT_GT(moved, 24 / 2);  // 7 of 8 on average
}

TEST(Ecmp, SpreadsMessagesAndChannelsEvenly) {
  // 16 GPUs x 16 x 16 channels = 4,096 messages over 16 uplinks: 256 each, with a standard deviation of
  // sqrt(4096 / 16 x 15 / 16) = 15.5; five of them are 77.
  const Machine m(bare_tree(2, 16, 16), Routing::ecmp);
  std::map<std::uint32_t, int> load;
  for (std::uint32_t from = 0; from < 16; ++from) {
    for (std::uint32_t to = 16; to < 32; ++to) {
      for (std::uint32_t channel = 0; channel < 16; ++channel) ++load[path(m.router, from, to, channel)[1]];
    }
  }
  ASSERT_EQ(load.size(), 16u);
  double squares = 0;
  for (const auto& [_, messages] : load) {
    EXPECT_NEAR(messages, 256, 77);
    squares += (messages - 256.0) * (messages - 256.0) / 256;
  }
  // Chi-square with 15 degrees of freedom: below 2.6 or above 44 once in 10,000 seeds.
  EXPECT_GT(squares, 2.6);
  EXPECT_LT(squares, 44);
}

TEST(Ecmp, SwitchesChooseIndependently) {
  // 8 spines a pod with 2 cores each: of 8 x 8 x 64 = 4,096 messages each of the 16 pairs should have 256 (see above).
  const Routed net(fat_tree(3, 1, 8, 2), 64, Routing::ecmp);
  std::map<std::uint32_t, int> load;
  for (std::uint32_t from = 0; from < 8; ++from) {
    for (std::uint32_t to = 56; to < 64; ++to) {
      for (std::uint32_t channel = 0; channel < 64; ++channel) ++load[path(net.router, from, to, channel)[3]];
    }
  }
  ASSERT_EQ(load.size(), 16u);
  for (const auto& [_, messages] : load) EXPECT_NEAR(messages, 256, 77);
}

TEST(Polarised, LaterSwitchesSeeWhatEarlierOnesSorted) {
  // As above, but the spine's hash is the leaf's: messages of one spine all take the same of its 2 cores, so that 8 of
  // the 16 pairs carry all 4,096, 512 each; the deviation is sqrt(4096 / 8 * 7 / 8) = 21, five of them are 106.
  const Routed net(fat_tree(3, 1, 8, 2), 64, Routing::polarised);
  std::map<std::uint32_t, int> load;
  for (std::uint32_t from = 0; from < 8; ++from) {
    for (std::uint32_t to = 56; to < 64; ++to) {
      for (std::uint32_t channel = 0; channel < 64; ++channel) ++load[path(net.router, from, to, channel)[3]];
    }
  }
  ASSERT_EQ(load.size(), 8u);
  for (const auto& [_, messages] : load) EXPECT_NEAR(messages, 512, 106);
}

/// All rows as sets of links.
std::set<Links> rows(const Router& router, std::uint32_t from, std::uint32_t to) {
  IndexRows paths;
  router.add_paths(from, to, 0, paths);
  std::set<Links> found;
  for (std::size_t i = 0; i < paths.size(); ++i) found.insert(Links(paths[i].begin(), paths[i].end()));
  EXPECT_EQ(found.size(), paths.size()) << "a path comes twice";
  return found;
}

TEST(Spray, TakesAllShortestPaths) {
  const Machine tree(bare_tree(2, 3, 5), Routing::spray);
  EXPECT_EQ(rows(tree.router, 0, 1).size(), 1u);
  EXPECT_EQ(rows(tree.router, 0, 4).size(), 5u);  // spines
  const Routed tiers(fat_tree(3, 1, 8, 2), 64, Routing::spray);
  EXPECT_EQ(rows(tiers.router, 0, 8).size(), 8u);    // the pod's spines
  EXPECT_EQ(rows(tiers.router, 0, 63).size(), 16u);  // each with 2 cores
  const Routed grid(torus({8, 8}), 64, Routing::spray);
  EXPECT_EQ(rows(grid.router, 0, 2 + 8 * 3).size(), 10u);  // (2 + 3)! / (2! 3!) orders of steps
  EXPECT_EQ(rows(grid.router, 0, 4).size(), 2u);           // both ways round
}

TEST(Spray, KeepsToItsMostPaths) {
  // 64 spines with 8 cores each would be 512 rows: 64 for the spines, whose 4 leftover rows do not do for 8 cores.
  const Routed net(fat_tree(3, 8, 64, 8), 1024, Routing::spray);
  const auto found = rows(net.router, 0, 1023);
  EXPECT_EQ(found.size(), 64u);
  std::set<std::uint32_t> up;
  for (const auto& row : found) up.insert(row[2]);
  EXPECT_EQ(up.size(), 64u);
  const Routed grid(torus({16, 16}), 256, Routing::spray);  // (7 + 7)! / 7!^2 = 3,432 ways
  EXPECT_LE(rows(grid.router, 0, 7 + 16 * 7).size(), Router::kMostPaths);
  EXPECT_EQ(path(grid.router, 0, 7 + 16 * 7).size(), 16u);
}

TEST(Pxn, GoesThroughTheGpuOfTheDestinationsRail) {
  const Routed net(fabric_of(FabricKind::rail_only), 16, Routing::pxn);
  EXPECT_EQ(text(net.router, 0, 13), "gpu0 nvswitch0 gpu5 nic5 leaf5 nic13 gpu13");
  EXPECT_EQ(text(net.router, 5, 13), "gpu5 nic5 leaf5 nic13 gpu13");
  EXPECT_EQ(text(net.router, 0, 5), "gpu0 nvswitch0 gpu5");
  // Each of 8 GPUs sends 8 messages out and relays for its rail: 8 x 8 messages over 8 NICs.
  EXPECT_EQ(loads(net.router, NodeKind::nic, NodeKind::leaf), std::set{8});
}

TEST(Pxn, StaysAwayFromSpinesWithinASet) {
  FabricSpec spec = fabric_of(FabricKind::rail_optimised);
  spec.leaf_hosts = 4;
  const Routed net(spec, 32, Routing::pxn);
  EXPECT_EQ(loads(net.router, NodeKind::leaf, NodeKind::spine), std::set{0});
}

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
  const Fabric fabric = built(round_cluster(), torus({8, 8}), 64);
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
  EXPECT_EQ(rows(m.router, 0, 4).size(), 9u);  // 3 out x 3 in
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
  const Routed net(fat_tree(2, 2, 16), 64, Routing::ecmp);
  const auto expected = all_to_all(net.router);
  std::vector<std::vector<int>> loads(4);
  std::vector<std::thread> threads;
  for (auto& load : loads) threads.emplace_back([&] { load = all_to_all(net.router); });
  for (auto& thread : threads) thread.join();
  for (const auto& load : loads) EXPECT_EQ(load, expected);
}

}  // namespace
}  // namespace ithaca
