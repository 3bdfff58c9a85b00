#include <gtest/gtest.h>

#include <map>

#include "tests/support/fabrics.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using namespace test;
using Kind = NodeKind;

/// Servers of one GPU with a NIC of 50 GB/s.
Cluster single_gpus() {
  Cluster c = round_cluster();
  c.node_gpus = c.domains[0].gpus = c.domains[0].ports = 1;
  c.domains[0].peak = BytesPerSecond{50e9};
  return c;
}

FabricSpec dragonfly(int hosts, int routers, int groups, int globals) {
  FabricSpec spec = fabric_of(FabricKind::dragonfly);
  spec.router_hosts = hosts;
  spec.group_routers = routers;
  spec.groups = groups;
  spec.global_links = globals;
  return spec;
}

/// Cables between groups of `routers`, by the pair of groups.
std::map<std::pair<int, int>, int> between_groups(const Fabric& fabric, int routers) {
  const std::uint32_t first = *fabric.find_node("router0");
  std::map<std::pair<int, int>, int> cables;
  for (const auto& link : fabric.links()) {
    if (link.from < first || link.to < first) continue;
    const int a = static_cast<int>(link.from - first) / routers, b = static_cast<int>(link.to - first) / routers;
    if (a < b) ++cables[{a, b}];
  }
  return cables;
}

TEST(Dragonfly, BalancedAsInThePaper) {
  // p = h = 2, a = 4 (Kim et al., figure 5): 9 groups, 36 routers, 72 servers. Links: 72 x 2 to NICs and routers, 9 x 6
  // in groups, 36 between them, all of a NIC's rate.
  const Fabric fabric = built(single_gpus(), dragonfly(2, 4, 0, 2), 72);
  EXPECT_EQ(count(fabric, Kind::router), 36);
  EXPECT_EQ(fabric.links().size(), 2u * (144 + 54 + 36));
  for (const auto& link : fabric.links()) EXPECT_NEAR(link.capacity.value(), 50e9, 1);
  const auto cables = between_groups(fabric, 4);
  EXPECT_EQ(cables.size(), 36u);  // each pair of groups
  for (const auto& [pair, number] : cables) EXPECT_EQ(number, 1) << pair.first << " " << pair.second;
  for (std::uint32_t router = *fabric.find_node("router0"); router < fabric.nodes().size(); ++router)
    EXPECT_EQ(fabric.leaving(router).size(), 2u + 3 + 2);  // servers, group, global
  // A router, its group's and another group's at most: gpu, nic, 4 routers, nic, gpu.
  const auto far = hops(fabric, 0);
  EXPECT_EQ(*std::max_element(far.begin(), far.end()), 7);
  EXPECT_TRUE(links_are_cables(fabric));
  EXPECT_TRUE(every_gpu_reaches_every_gpu(fabric));
}

TEST(Dragonfly, AllOfAGroupsGlobalCapacityIsThatOfItsNics) {
  // 3 groups of 4 routers with 3 global links: 12 for 2 other groups, 6 cables a pair. 4 x 2 x 50 GB/s at 2:1 over 12.
  FabricSpec spec = dragonfly(2, 4, 3, 3);
  spec.oversubscription = 2;
  const Fabric fabric = built(single_gpus(), spec, 24);
  for (const auto& [pair, number] : between_groups(fabric, 4)) EXPECT_EQ(number, 6) << pair.first << " " << pair.second;
  double out = 0;
  const std::uint32_t first = *fabric.find_node("router0");
  for (const auto& link : fabric.links()) {
    if (link.from >= first && link.from < first + 4 && link.to >= first + 4) out += link.capacity.value();
  }
  EXPECT_NEAR(out, 4 * 2 * 50e9 / 2, 1);
  EXPECT_TRUE(every_gpu_reaches_every_gpu(fabric));
}

TEST(Dragonfly, CablesThatDoNotDivideAreLeftOut) {
  // 2 routers x 2 ports for 3 other groups: one cable each, the fourth port stays free.
  const Fabric fabric = built(single_gpus(), dragonfly(1, 2, 4, 2), 8);
  const auto cables = between_groups(fabric, 2);
  EXPECT_EQ(cables.size(), 6u);
  for (const auto& [pair, number] : cables) EXPECT_EQ(number, 1) << pair.first << " " << pair.second;
  EXPECT_TRUE(every_gpu_reaches_every_gpu(fabric));
}

TEST(Dragonfly, OnItsOwn) {
  // 2,048 servers of 8 NICs, one a router: groups of min(2 x 8, root of 2,048 = 46), so 128 groups whose 16 x 8 global
  // links reach the 127 others once.
  const Fabric fabric = built(round_cluster(), fabric_of(FabricKind::dragonfly), 16384);
  EXPECT_EQ(count(fabric, Kind::router), 2048);
  const auto cables = between_groups(fabric, 16);
  EXPECT_EQ(cables.size(), 128u * 127 / 2);
  EXPECT_EQ(cables.begin()->second, 1);
  EXPECT_EQ(capacity(fabric, "router0->router15"), 50);  // 2 x 8 x 50 / 16
  // Small machines, where groups are few, are whole as well.
  for (const int gpus : {1, 8, 9, 24, 64, 200})
    EXPECT_TRUE(every_gpu_reaches_every_gpu(built(round_cluster(), fabric_of(FabricKind::dragonfly), gpus))) << gpus;
}

TEST(Dragonfly, ManyShapesHoldTogether) {
  for (const int hosts : {1, 3}) {
    for (const int routers : {1, 2, 5}) {
      for (const int groups : {1, 2, 3, 6}) {
        for (const int globals : {0, 5, 7}) {
          const Fabric fabric =
              built(single_gpus(), dragonfly(hosts, routers, groups, globals), hosts * routers * groups);
          ASSERT_TRUE(every_gpu_reaches_every_gpu(fabric))
              << hosts << " " << routers << " " << groups << " " << globals;
          ASSERT_TRUE(links_are_cables(fabric));
          const auto cables = between_groups(fabric, routers);
          ASSERT_EQ(cables.size(), static_cast<std::size_t>(groups * (groups - 1) / 2));
          for (const auto& [pair, number] : cables) ASSERT_EQ(number, cables.begin()->second) << pair.second;
        }
      }
    }
  }
}

TEST(Dragonfly, RefusesWhatDoesNotGoTogether) {
  EXPECT_NE(refusal(single_gpus(), dragonfly(1, 2, 4, 1), 8).find("do not reach 3 other groups"), std::string::npos);
  EXPECT_NE(refusal(single_gpus(), dragonfly(1, 2, 3, 1), 8).find("6 places for servers"), std::string::npos);
  EXPECT_NE(refusal(single_gpus(), dragonfly(1, 1000000, 2, 1), 8).find("million cables"), std::string::npos);
}

}  // namespace
}  // namespace ithaca
