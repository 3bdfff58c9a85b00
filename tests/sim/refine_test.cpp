#include "sim/refine.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "sim/faults.hpp"
#include "sim/mix.hpp"
#include "tests/support/fabrics.hpp"
#include "tests/support/machines.hpp"
#include "tests/support/programs.hpp"

namespace ithaca {
namespace {

using namespace test;

struct Topology {
  std::string name;
  FabricSpec spec;
  ScaleUp scale_up = ScaleUp::switched;
};

FabricSpec fat_tree(int tiers, double oversubscription, int leaf_hosts) {
  FabricSpec spec = fabric_of(FabricKind::fat_tree);
  spec.tiers = tiers;
  spec.oversubscription = oversubscription;
  spec.leaf_hosts = leaf_hosts;
  spec.pod_leaves = tiers == 3 ? 2 : 0;
  spec.link_latency = Seconds{1e-6};
  return spec;
}

FabricSpec rails(FabricKind kind) {
  FabricSpec spec = fabric_of(kind);
  spec.leaf_hosts = kind == FabricKind::rail_only ? 0 : 2;
  return spec;
}

FabricSpec pcie() {
  FabricSpec spec = fabric_of(FabricKind::pcie_tree);
  spec.link_rate = BytesPerSecond{25e9};
  spec.socket_rate = BytesPerSecond{40e9};
  return spec;
}

FabricSpec torus(std::initializer_list<int> dimensions) {
  FabricSpec spec = fabric_of(FabricKind::torus);
  for (const int d : dimensions) spec.dimensions.push_back(d);
  spec.link_latency = Seconds{1e-6};
  return spec;
}

std::vector<Topology> topologies(int gpus) {
  return {
      {"ideal", fabric_of(FabricKind::ideal)},
      {"ideal mesh", fabric_of(FabricKind::ideal), ScaleUp::mesh},
      {"fat tree", fat_tree(2, 1, 2)},
      {"fat tree 2:1", fat_tree(2, 2, 2)},
      {"fat tree 3 tiers", fat_tree(3, 1, 1)},
      {"fat tree 3 tiers 2:1", fat_tree(3, 2, 1)},
      {"rails", rails(FabricKind::rail_optimised)},
      {"rail only", rails(FabricKind::rail_only)},
      {"dragonfly", fabric_of(FabricKind::dragonfly)},
      {"torus", torus({gpus / 8, 8})},
      {"torus of three", torus({gpus / 16, 4, 4})},
      {"ring", fabric_of(FabricKind::ring)},
      {"full mesh", fabric_of(FabricKind::full_mesh)},
      {"pcie", pcie(), ScaleUp::pcie},
  };
}

Fabric build(const Topology& topology, int gpus) {
  Cluster cluster = round_cluster();
  cluster.scale_up = topology.scale_up;
  if (topology.scale_up == ScaleUp::pcie) {
    cluster.node_gpus = gpus;
    cluster.domains.clear();
  }
  return built(cluster, topology.spec, gpus);
}

/// All-to-all within servers and across them, a ring, and work that waits for what runs beside it.
Program mixed(std::uint32_t ranks) {
  Program p = program(ranks);
  p.exchanges = {all_to_all(8, 1, 4e6), all_to_all(ranks / 8, 8, 1e6), shift(ranks, 1, 1, 8e6),
                 all_to_all(ranks, 1, 1e5)};
  p.exchanges[1].wires.push_back({Seconds{2e-6}, 0.9});
  p.exchanges[1].wires.push_back({Seconds{5e-6}, 0.8});
  p.exchanges[1].boxes.push_back(8);
  p.exchanges[3].packets = {Bytes{8192}, Bytes{60}, 1};
  p.loads = {std::vector<double>(ranks, 1.0)};
  for (std::uint32_t r = 0; r < ranks; ++r) p.loads[0][r] = r / 8 % 2 == 0 ? 1 : 1.25;
  add(p, compute(1e-4));
  add(p, exchange(0, 1), {0});
  add(p, compute(2e-4, 0, 0));
  add(p, exchange(1, 1), {2});
  add(p, exchange(2));
  add(p, barrier(), {3});
  add(p, exchange(3));
  add(p, compute(1e-5, 1), {6});
  return p;
}

/// A binary tree from rank 0 down, level by level, then sums up again.
Program tree(std::uint32_t ranks) {
  Program p = program(ranks);
  for (std::uint32_t reach = 1; reach < ranks; reach *= 2) {
    std::vector<Message> down, up;
    for (std::uint32_t r = 0; r < reach && r + reach < ranks; ++r) {
      down.push_back({r, r + reach, Bytes{1e6}});
      up.push_back({r + reach, r, Bytes{2e6}});
    }
    p.exchanges.push_back(exchange_of(down));
    p.exchanges.push_back(exchange_of(up));
    add(p, exchange(static_cast<std::uint32_t>(p.exchanges.size()) - 2));
    add(p, compute(1e-5));
    add(p, exchange(static_cast<std::uint32_t>(p.exchanges.size()) - 1, 1),
        {static_cast<std::uint32_t>(p.tasks.size()) - 2});
  }
  return p;
}

Program large_all_to_all(std::uint32_t ranks) {
  Program p = program(ranks);
  p.exchanges = {all_to_all(ranks, 1, 1e6)};
  add(p, exchange(0));
  return p;
}

/// Streams that need everyone in a server, then everyone at one place of the servers, beside uneven work.
Program streams(std::uint32_t ranks) {
  Program p = program(ranks);
  p.exchanges = {together(8, 1, shift(8, 1, 1, 4e6)), together(ranks / 8, 8, shift(ranks / 8, 8, 1, 1e6)),
                 all_to_all(8, 1, 1e6)};
  p.loads = {std::vector<double>(ranks, 1.0)};
  for (std::uint32_t r = 0; r < ranks; ++r) p.loads[0][r] = r / 8 % 2 == 0 ? 1 : 1.25;
  add(p, compute(1e-4, 0, 0));
  add(p, exchange(0, 1), {0});
  add(p, compute(2e-4));
  add(p, exchange(1, 1), {2});
  add(p, exchange(2));
  add(p, compute(1e-5), {3});
  return p;
}

bool near(double a, double b) { return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b)); }

/// Runs by classes and flat and compares everything.
ProgramRun expect_equal(const Program& p, const Router& router, const Slowdown& slowdown = {}) {
  const auto flat = run_program(p, router, slowdown, {RunOptions::Engine::flat});
  const auto classes = run_program(p, router, slowdown);
  EXPECT_TRUE(flat) << (flat ? "" : flat.error());
  EXPECT_TRUE(classes) << (classes ? "" : classes.error());
  if (!flat || !classes) return {};
  EXPECT_TRUE(near(flat->makespan.value(), classes->makespan.value())) << flat->makespan.value();
  EXPECT_DOUBLE_EQ(flat->messages, classes->messages);
  int unequal = 0;
  for (std::uint32_t rank = 0; rank < p.ranks; ++rank) {
    for (std::size_t t = 0; t < p.tasks.size(); ++t) {
      const auto &a = flat->span(p, rank, t), &b = classes->span(p, rank, t);
      unequal += !near(a.begin.value(), b.begin.value()) || !near(a.end.value(), b.end.value());
    }
  }
  EXPECT_EQ(unequal, 0) << "spans";
  unequal = 0;
  for (std::size_t k = 0; k < flat->carried.size(); ++k)
    unequal += !near(flat->carried[k].value(), classes->carried[k].value());
  EXPECT_EQ(unequal, 0) << "links";
  return *classes;
}

void compare_programs(const Fabric& fabric, Routing routing, const Slowdown& slowdown = {}) {
  auto router = Router::make(fabric, routing, 5);
  if (!router) router = Router::make(fabric, Routing::pxn);  // rails alone
  ASSERT_TRUE(router) << router.error();
  ASSERT_GE(fabric.gpus().size(), 8u);
  const auto ranks = static_cast<std::uint32_t>(fabric.gpus().size());
  for (const auto& make : {large_all_to_all, mixed, tree, streams}) expect_equal(make(ranks), *router, slowdown);
}

class Oracle : public testing::TestWithParam<Routing> {};

TEST_P(Oracle, ClassesAreTheFlatEngineOnEveryTopology) {
  for (const Topology& topology : topologies(32)) {
    SCOPED_TRACE(topology.name);
    compare_programs(build(topology, 32), GetParam());
  }
}

TEST_P(Oracle, AlsoWithADegradedLink) {
  for (const Topology& topology : topologies(32)) {
    SCOPED_TRACE(topology.name);
    const Fabric fabric = build(topology, 32);
    FabricGraph graph = fabric.graph();
    auto& slow = graph.links[graph.links.size() / 2];
    slow.capacity = slow.capacity * 0.5;
    compare_programs(Fabric::make(graph).value(), GetParam());
  }
}

TEST_P(Oracle, AlsoWithAFailedLink) {
  for (const FabricSpec& spec : {fat_tree(2, 1, 2), fat_tree(3, 1, 1), rails(FabricKind::rail_optimised)}) {
    const Fabric fabric = built(round_cluster(), spec, 64);
    const auto link = std::find_if(fabric.links().begin(), fabric.links().end(), [&](const auto& l) {
      return fabric.nodes()[l.from].kind == NodeKind::leaf && fabric.nodes()[l.to].kind == NodeKind::spine;
    });
    ASSERT_NE(link, fabric.links().end());
    const Fault fault{fabric.link_name(static_cast<std::uint32_t>(link - fabric.links().begin())), 0, {}};
    const auto rest = damage(fabric, std::span(&fault, 1));
    ASSERT_TRUE(rest);
    compare_programs(rest.value(), GetParam());
  }
}

TEST_P(Oracle, AlsoWithAStraggler) {
  for (const Topology& topology : topologies(32)) {
    SCOPED_TRACE(topology.name);
    Slowdown slowdown;
    slowdown.gpu.assign(32, 1);
    slowdown.gpu[13] = 1.5;
    compare_programs(build(topology, 32), GetParam(), slowdown);
  }
}

/// All-to-all within servers, then among the GPUs at one place of all servers.
Program hierarchical(std::uint32_t ranks) {
  Program p = program(ranks);
  p.exchanges = {all_to_all(8, 1, 4e6), all_to_all(ranks / 8, 8, 1e6)};
  add(p, compute(1e-4));
  add(p, exchange(0));
  add(p, exchange(1));
  return p;
}

TEST(Refine, EqualsTheFlatEngineOn128Ranks) {
  for (const FabricSpec& spec : {fat_tree(2, 2, 4), torus({8, 16})}) {
    const Fabric fabric = built(round_cluster(), spec, 128);
    const auto router = Router::make(fabric, Routing::deterministic);
    ASSERT_TRUE(router);
    EXPECT_EQ(expect_equal(large_all_to_all(128), *router).classes, 1u);
    EXPECT_LT(expect_equal(hierarchical(128), *router).classes, 64u);
  }
}

// A straggler stands apart, as do the rest of its server, its peers in other servers, and everybody else.
TEST(Refine, AStragglerSplitsClassesByItself) {
  const Fabric fabric = built(round_cluster(), fabric_of(FabricKind::ideal), 64);
  const auto router = Router::make(fabric, Routing::deterministic);
  ASSERT_TRUE(router);
  const Program p = hierarchical(64);
  EXPECT_EQ(expect_equal(p, *router).classes, 1u);
  Slowdown slowdown;
  slowdown.gpu.assign(64, 1);
  slowdown.gpu[13] = 1.5;
  const auto r = expect_equal(p, *router, slowdown);
  EXPECT_EQ(r.classes, 4u);
  EXPECT_EQ(r.class_of[8], r.class_of[15]);
  EXPECT_EQ(r.class_of[5], r.class_of[61]);
  EXPECT_EQ(r.class_of[0], r.class_of[63]);
}

// In a stream through all ranks a straggler stands apart, and nobody else: how far it is from whom makes no difference.
TEST(Refine, AStragglerInAWorldWideStreamIsAloneApart) {
  const Fabric fabric = built(round_cluster(), fabric_of(FabricKind::ideal), 64);
  const auto router = Router::make(fabric, Routing::deterministic);
  ASSERT_TRUE(router);
  Program p = program(64);
  p.exchanges = {together(64, 1, shift(64, 1, 1, 1e6))};
  add(p, compute(1e-4));
  add(p, exchange(0));
  add(p, compute(1e-4));
  Slowdown slowdown;
  slowdown.gpu.assign(64, 1);
  slowdown.gpu[13] = 1.5;
  EXPECT_EQ(expect_equal(p, *router, slowdown).classes, 2u);
}

// Without orbits the classes are the same.
TEST(Refine, FindsByItselfWhatOrbitsTell) {
  const Machine machine(leaf_spine(4, 4, 2), Routing::deterministic);
  const Program p = large_all_to_all(16);
  constexpr std::size_t kMemory = 1 << 24;
  const auto with = refine(p, machine.router, {}, find_orbits(p, machine.router, {}), kMemory);
  const auto without = refine(p, machine.router, {}, single_orbits(p, machine.router), kMemory);
  ASSERT_TRUE(with && *with && without && *without);
  EXPECT_EQ((*with)->rank.size(), 1u);
  EXPECT_EQ((*without)->rank.size(), 1u);
  const MessageClasses &a = (*with)->exchanges[0], &b = (*without)->exchanges[0];
  EXPECT_EQ(a.bytes, b.bytes);
  EXPECT_EQ(a.messages, b.messages);
  EXPECT_EQ(a.size(), 2u);  // within a leaf and between leaves
}

// A link that its orbit may not answer for: classes are not taken from it.
TEST(Refine, UncertainOrbitsAreNotUsed) {
  const Machine machine(leaf_spine(4, 4, 2), Routing::deterministic);
  const Program p = large_all_to_all(16);
  Orbits orbits = find_orbits(p, machine.router, {});
  orbits.uncertain[0] = 1;
  const auto classes = refine(p, machine.router, {}, orbits, 1 << 24);
  ASSERT_TRUE(classes);
  EXPECT_FALSE(*classes);
}

TEST(Refine, NoMemoryNoClasses) {
  const Machine machine(leaf_spine(4, 4, 2), Routing::deterministic);
  const Program p = large_all_to_all(16);
  const auto classes = refine(p, machine.router, {}, single_orbits(p, machine.router), 64);
  ASSERT_TRUE(classes);
  EXPECT_FALSE(*classes);
}

INSTANTIATE_TEST_SUITE_P(Routings, Oracle,
                         testing::Values(Routing::deterministic, Routing::ecmp, Routing::spray, Routing::pxn),
                         [](const auto& info) { return std::string(name(info.param)); });

}  // namespace
}  // namespace ithaca
