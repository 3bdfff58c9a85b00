#include "sim/faults.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace ithaca {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// gpu0 and gpu1 of host 0 and "gpu-2" of host 1 at leaf0; two cables from leaf0 to spine0; one link from the spine
/// down to gpu1. Capacity in B/s.
Fabric fabric() {
  FabricGraph graph;
  graph.nodes = {{"gpu0", NodeKind::gpu, 0},
                 {"gpu1", NodeKind::gpu, 0},
                 {"gpu-2", NodeKind::gpu, 1},
                 {"leaf0", NodeKind::leaf, -1},
                 {"spine0", NodeKind::spine, -1}};
  const auto cable = [&](std::uint32_t a, std::uint32_t b, double capacity) {
    graph.links.push_back({a, b, BytesPerSecond{capacity}, Seconds{1e-6}});
    graph.links.push_back({b, a, BytesPerSecond{capacity}, Seconds{1e-6}});
  };
  cable(0, 3, 10);
  cable(1, 3, 20);
  cable(2, 3, 30);
  cable(3, 4, 100);
  cable(3, 4, 100);
  graph.links.push_back({4, 1, BytesPerSecond{5}, Seconds{}});
  auto made = Fabric::make(std::move(graph));
  EXPECT_TRUE(made);
  return std::move(made).value();
}

/// Names of links that are gone, and "name capacity" of those that are slower.
std::vector<std::string> changes(const std::vector<Fault>& faults) {
  const Fabric healthy = fabric();
  const auto damaged = damage(healthy, faults);
  EXPECT_TRUE(damaged) << damaged.error()[0].what;
  std::vector<std::string> text;
  if (!damaged) return text;
  EXPECT_EQ(damaged->nodes().size(), healthy.nodes().size());
  for (std::uint32_t i = 0, left = 0; i < healthy.links().size(); ++i) {
    const auto& was = healthy.links()[i];
    const bool same = left < damaged->links().size() && damaged->links()[left].from == was.from &&
                      damaged->links()[left].to == was.to;
    if (!same) {
      text.push_back(healthy.link_name(i));
      continue;
    }
    const double now = damaged->links()[left++].capacity.value();
    if (now != was.capacity.value()) text.push_back(healthy.link_name(i) + " " + std::to_string(std::lround(now)));
  }
  return text;
}

using Texts = std::vector<std::string>;

TEST(Damage, ALinkHasOneDirectionAndACableTwo) {
  EXPECT_EQ(changes({{"leaf0->gpu0"}}), Texts{"leaf0->gpu0"});
  EXPECT_EQ(changes({{"leaf0-gpu0"}}), (Texts{"gpu0->leaf0", "leaf0->gpu0"}));
  EXPECT_EQ(changes({{"gpu0-leaf0"}}), (Texts{"gpu0->leaf0", "leaf0->gpu0"}));
  EXPECT_EQ(changes({{"spine0-gpu1"}}), Texts{"spine0->gpu1"});  // there is no way back
}

TEST(Damage, CablesBesideEachOtherHaveNumbers) {
  EXPECT_EQ(changes({{"leaf0-spine0#1", 0.5}}), (Texts{"leaf0->spine0#1 50", "spine0->leaf0#1 50"}));
  EXPECT_EQ(changes({{"leaf0-spine0", 0.25}}), (Texts{"leaf0->spine0 25", "spine0->leaf0 25"}));
}

TEST(Damage, NamesMayHaveDashes) {
  EXPECT_EQ(changes({{"gpu-2-leaf0", 0.5}}), (Texts{"gpu-2->leaf0 15", "leaf0->gpu-2 15"}));
  EXPECT_EQ(changes({{"leaf0-gpu-2", 0.5}}), (Texts{"gpu-2->leaf0 15", "leaf0->gpu-2 15"}));
  EXPECT_EQ(changes({{"gpu-2", 0.5}}), (Texts{"gpu-2->leaf0 15", "leaf0->gpu-2 15"}));
}

TEST(Damage, ANodeIsAllItsLinks) {
  EXPECT_EQ(changes({{"spine0"}}),
            (Texts{"leaf0->spine0", "spine0->leaf0", "leaf0->spine0#1", "spine0->leaf0#1", "spine0->gpu1"}));
  EXPECT_EQ(changes({{"gpu1", 0.5}}), (Texts{"gpu1->leaf0 10", "leaf0->gpu1 10", "spine0->gpu1 3"}));
}

TEST(Damage, ARateIsWhatIsLeft) {
  EXPECT_EQ(changes({{"leaf0->gpu1", 0, BytesPerSecond{8}}}), Texts{"leaf0->gpu1 8"});
  // of a node: no link carries more
  EXPECT_EQ(changes({{"gpu1", 0, BytesPerSecond{8}}}), (Texts{"gpu1->leaf0 8", "leaf0->gpu1 8"}));
}

TEST(Damage, FaultsAddUp) {
  EXPECT_EQ(
      changes({{"leaf0", 0.5}, {"leaf0->gpu1", 0.5}, {"gpu0-leaf0"}, {"spine0"}}),
      (Texts{"gpu0->leaf0", "leaf0->gpu0", "gpu1->leaf0 10", "leaf0->gpu1 5", "gpu-2->leaf0 15", "leaf0->gpu-2 15",
             "leaf0->spine0", "spine0->leaf0", "leaf0->spine0#1", "spine0->leaf0#1", "spine0->gpu1"}));
  EXPECT_EQ(changes({}), Texts{});
  EXPECT_EQ(changes({{"leaf0", 1}}), Texts{});
}

TEST(Damage, NamesWhatDoesNotExist) {
  for (const char* name : {"leaf1", "leaf0-spine1", "gpu0->gpu1", "gpu1->spine0", "leaf0-spine0#2", "", "-", "#", "->",
                           "leaf0->", "leaf0-", "leaf0-spine0#", "leaf0-spine0#x"}) {
    const std::vector<Fault> faults{{"leaf0", 0.5}, {name}};
    const auto damaged = damage(fabric(), faults);
    ASSERT_FALSE(damaged) << name;
    ASSERT_EQ(damaged.error().size(), 1u) << name;
    EXPECT_EQ(damaged.error()[0].index, 1u) << name;
    EXPECT_TRUE(damaged.error()[0].unknown) << name;
  }
}

TEST(Damage, RefusesWhatCannotBeLeft) {
  const std::vector<Fault> faults{
      {"gpu0"}, {"leaf0", 1.5}, {"leaf0", -1}, {"leaf0", kNaN}, {"gpu0-leaf0", 0, BytesPerSecond{11}}};
  const auto damaged = damage(fabric(), faults);
  ASSERT_FALSE(damaged);
  ASSERT_EQ(damaged.error().size(), 5u);
  for (const FaultProblem& problem : damaged.error()) EXPECT_FALSE(problem.unknown);
  EXPECT_EQ(damaged.error()[0].what, "a GPU that fails stops the job: simulate the GPUs that are left");
  EXPECT_EQ(damaged.error()[4].what, "it has 10Bps when healthy");
}

TEST(SlowGpus, ByNameRankOrHost) {
  const std::vector<Straggler> stragglers{{"gpu-2", 1.5}, {"0", 2}, {"host0", 3}};
  EXPECT_EQ(*slow_gpus(fabric(), stragglers, 3), (std::vector<double>{6, 3, 1.5}));
  EXPECT_EQ(*slow_gpus(fabric(), {}, 3), std::vector<double>{});
}

TEST(SlowGpus, RefusesWhatIsNoGpu) {
  const std::vector<Straggler> stragglers{{"leaf0", 2}, {"gpu7", 2}, {"3", 2},   {"host2", 2}, {"", 2},
                                          {"host", 2},  {"-1", 2},   {"0", 0.5}, {"0", kNaN},  {"gpu-2", 2}};
  const auto slow = slow_gpus(fabric(), stragglers, 2);
  ASSERT_FALSE(slow);
  ASSERT_EQ(slow.error().size(), stragglers.size());
  EXPECT_EQ(slow.error()[0].what, "it is a leaf, and only GPUs compute");
  for (std::size_t i = 1; i <= 6; ++i) EXPECT_TRUE(slow.error()[i].unknown) << i;
  EXPECT_FALSE(slow.error()[7].unknown);
  EXPECT_FALSE(slow.error()[8].unknown);
  EXPECT_EQ(slow.error()[9].what, "it takes no part: there are 2 ranks");
}

}  // namespace
}  // namespace ithaca
