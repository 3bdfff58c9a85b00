#include "sim/router.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <thread>

#include "tests/support/fabrics.hpp"
#include "tests/support/machines.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/routes.hpp"

namespace ithaca {
namespace {

using namespace test;

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

TEST(Spray, TakesAllShortestPaths) {
  const Machine tree(bare_tree(2, 3, 5), Routing::spray);
  EXPECT_EQ(all_paths(tree.router, 0, 1).size(), 1u);
  EXPECT_EQ(all_paths(tree.router, 0, 4).size(), 5u);  // spines
  const Routed tiers(fat_tree(3, 1, 8, 2), 64, Routing::spray);
  EXPECT_EQ(all_paths(tiers.router, 0, 8).size(), 8u);    // the pod's spines
  EXPECT_EQ(all_paths(tiers.router, 0, 63).size(), 16u);  // each with 2 cores
  const Routed grid(torus({8, 8}), 64, Routing::spray);
  EXPECT_EQ(all_paths(grid.router, 0, 2 + 8 * 3).size(), 10u);  // (2 + 3)! / (2! 3!) orders of steps
  EXPECT_EQ(all_paths(grid.router, 0, 4).size(), 2u);           // both ways round
}

TEST(Spray, KeepsToItsMostPaths) {
  // 64 spines with 8 cores each would be 512 rows: 64 for the spines, whose 4 leftover rows do not do for 8 cores.
  const Routed net(fat_tree(3, 8, 64, 8), 1024, Routing::spray);
  const auto found = all_paths(net.router, 0, 1023);
  EXPECT_EQ(found.size(), 64u);
  std::set<std::uint32_t> up;
  for (const auto& row : found) up.insert(row[2]);
  EXPECT_EQ(up.size(), 64u);
  const Routed grid(torus({16, 16}), 256, Routing::spray);  // (7 + 7)! / 7!^2 = 3,432 ways
  EXPECT_LE(all_paths(grid.router, 0, 7 + 16 * 7).size(), Router::kMostPaths);
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

}  // namespace
}  // namespace ithaca
