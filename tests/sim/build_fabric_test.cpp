#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "tests/support/fabrics.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using namespace test;

constexpr FabricKind kGenerated[] = {FabricKind::ideal,     FabricKind::fat_tree,  FabricKind::rail_optimised,
                                     FabricKind::rail_only, FabricKind::dragonfly, FabricKind::torus,
                                     FabricKind::ring,      FabricKind::full_mesh, FabricKind::pcie_tree};

FabricSpec spec_of(FabricKind kind) {
  FabricSpec spec = fabric_of(kind);
  spec.link_rate = BytesPerSecond{50e9};
  spec.socket_rate = BytesPerSecond{64e9};
  return spec;
}

TEST(BuildFabric, EveryKindHasItsGpusFirstAndJoinsThem) {
  for (const FabricKind kind : kGenerated) {
    for (const int gpus : {4, 8, 24, 60, 64}) {
      const Fabric fabric = built(round_cluster(), spec_of(kind), gpus);
      ASSERT_EQ(fabric.gpus().size(), static_cast<std::size_t>(gpus)) << name(kind);
      for (std::uint32_t g = 0; g < fabric.gpus().size(); ++g) {
        ASSERT_EQ(fabric.gpus()[g], g);
        ASSERT_EQ(fabric.nodes()[g].name, "gpu" + std::to_string(g));
      }
      ASSERT_TRUE(links_are_cables(fabric)) << name(kind);
      ASSERT_EQ(every_gpu_reaches_every_gpu(fabric), kind != FabricKind::rail_only || gpus <= 8) << name(kind) << gpus;
    }
  }
}

TEST(BuildFabric, LinksBetweenTheSameKindsAreAlike) {
  // All links between two kinds of nodes have one capacity, that of the first of them.
  for (const FabricKind kind : kGenerated) {
    const Fabric fabric = built(round_cluster(), spec_of(kind), 64);
    std::map<std::pair<NodeKind, NodeKind>, double> first;
    for (const auto& link : fabric.links()) {
      if (fabric.nodes()[link.from].kind == NodeKind::router && fabric.nodes()[link.to].kind == NodeKind::router)
        continue;
      const std::pair ends{fabric.nodes()[link.from].kind, fabric.nodes()[link.to].kind};
      ASSERT_EQ(link.capacity.value(), first.emplace(ends, link.capacity.value()).first->second) << name(kind);
    }
  }
}

TEST(BuildFabric, ACustomGraphIsTakenAsItIs) {
  FabricSpec spec = fabric_of(FabricKind::custom);
  spec.graph.nodes = {{"s", NodeKind::leaf, -1}, {"a", NodeKind::gpu, 0}, {"b", NodeKind::gpu, 1}};
  spec.graph.links = {{0, 1, BytesPerSecond{1e9}, {}}};
  EXPECT_EQ(built(round_cluster(), spec, 2).gpus().size(), 2u);
  EXPECT_EQ(refusal(round_cluster(), spec, 3), "custom: the graph has 2 GPUs, not 3");
  spec.graph.nodes[2].name = "a";
  EXPECT_EQ(refusal(round_cluster(), spec, 2), "two nodes are called 'a'");
}

TEST(BuildFabric, RefusesNumbersOfGpusThatCannotBe) {
  EXPECT_EQ(refusal(round_cluster(), {}, 0), "a fabric has at least one GPU");
  EXPECT_NE(refusal(round_cluster(), {}, -5), "");
  EXPECT_EQ(refusal(round_cluster(), {}, 2'000'000), "2000000 GPUs are more than a million");
  Cluster small = round_cluster();
  small.max_gpus = 64;
  EXPECT_EQ(refusal(small, {}, 72), "round has 64 GPUs, not 72");
  EXPECT_EQ(refusal(small, {}, 64), "");
  EXPECT_NE(refusal(Cluster{}, {}, 8), "");
  Cluster mesh;
  mesh.scale_up = ScaleUp::mesh;
  mesh.node_gpus = 100'000;
  EXPECT_NE(refusal(mesh, {}, 100'000).find("million cables"), std::string::npos);
}

TEST(BuildFabric, RefusesNumbersOfASpecThatCannotBe) {
  for (const int bad : {-1, 1'000'001, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()}) {
    for (int FabricSpec::*field :
         {&FabricSpec::leaf_hosts, &FabricSpec::pod_leaves, &FabricSpec::spines, &FabricSpec::groups,
          &FabricSpec::group_routers, &FabricSpec::router_hosts, &FabricSpec::global_links}) {
      FabricSpec spec;
      spec.*field = bad;
      EXPECT_NE(refusal(round_cluster(), spec, 16), "");
    }
  }
  FabricSpec flat = fabric_of(FabricKind::torus);
  flat.dimensions.push_back(0);
  EXPECT_NE(refusal(round_cluster(), flat, 16), "");
  for (const double bad : {-1., 0., std::nan(""), std::numeric_limits<double>::infinity()}) {
    FabricSpec spec;
    spec.oversubscription = bad;
    EXPECT_NE(refusal(round_cluster(), spec, 16), "");
    if (bad == 0) continue;
    spec = {};
    spec.link_rate = BytesPerSecond{bad};
    EXPECT_NE(refusal(round_cluster(), spec, 16), "");
    spec = {};
    spec.link_latency = Seconds{bad};
    EXPECT_NE(refusal(round_cluster(), spec, 16), "");
  }
}

TEST(BuildFabric, RefusesRatesThatTheProfileLacks) {
  Cluster c = round_cluster();
  c.port_peak = {};
  for (const FabricKind kind : {FabricKind::ideal, FabricKind::ring, FabricKind::full_mesh})
    EXPECT_NE(refusal(c, fabric_of(kind), 8), "") << name(kind);
}

}  // namespace
}  // namespace ithaca
