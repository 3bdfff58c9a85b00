#include "sim/collective_bound.hpp"

#include "tests/support/collectives.hpp"

namespace ithaca {
namespace {

using test::call_of;
using test::round_cluster;

constexpr Op kOps[] = {Op::all_gather, Op::reduce_scatter, Op::all_reduce, Op::all_to_all, Op::send_recv};

double bound(const Cluster& cluster, const FabricSpec& spec, Op op, Group group, int ranks, double bytes) {
  const auto fabric = build_fabric(cluster, spec, ranks);
  EXPECT_TRUE(fabric) << fabric.error();
  return fabric ? collective_bound(*fabric, op, group, ranks, Bytes{bytes}, false).value() : 0;
}

double model_bound(Op op, Group group, int ranks, double bytes) {
  return collective_cost(round_cluster(), place(round_cluster(), group, ranks), op, Bytes{bytes})->bound.value();
}

TEST(CollectiveBound, IsTheModelsOnItsOwnMachine) {
  for (const auto& [group, ranks] :
       {std::pair{Group{8, 1}, 8}, {Group{3, 1}, 3}, {Group{4, 2}, 8}, {Group{8, 4}, 32}, {Group{4, 8}, 32}}) {
    for (const Op op : kOps) {
      const double model = model_bound(op, group, ranks, 1e9);
      EXPECT_NEAR(bound(round_cluster(), {}, op, group, ranks, 1e9), model, 1e-9 * model)
          << name(op) << " of " << group.size << ", " << group.stride << " apart, on " << ranks;
    }
  }
}

// Across servers it is closer. 16 ranks: 8/16 GB enter a server at 400 GB/s, 1.25 ms, which the model says too. But
// 15/16 GB enter each GPU over NVLink and NIC at 450 + 50: 1.875 ms.
TEST(CollectiveBound, IsCloserThanTheModelsAcrossServers) {
  EXPECT_NEAR(model_bound(Op::all_gather, {16, 1}, 16, 1e9), 0.5 / 400, 1e-12);
  EXPECT_NEAR(bound(round_cluster(), {}, Op::all_gather, {16, 1}, 16, 1e9), 15.0 / 16 / 500, 1e-12);
}

// Groups of 6 on servers of 8: A6 B2 | B4 C4 | C2 D6. All-gather of 6 GB: the second server holds four blocks of B and
// of C that the others need: 8 GB leave at 400 GB/s.
TEST(CollectiveBound, GroupsThatStraddleServers) {
  EXPECT_NEAR(bound(round_cluster(), {}, Op::all_gather, {6, 1}, 24, 6e9), 8.0 / 400, 1e-12);
  // All-to-all of 6 GB each: the same ranks send 2 of their 6 blocks of 1 GB out: 8 * 2 GB.
  EXPECT_NEAR(bound(round_cluster(), {}, Op::all_to_all, {6, 1}, 24, 6e9), 16.0 / 400, 1e-12);
}

// Every server's cables to the network at half their rate, 25 GB/s: 8/16 GB enter it at 200. Only GPU 3's link to its
// NIC slower: less enters GPU 3, at 450 + 25.
TEST(CollectiveBound, CountsTheLinksThatAreThere) {
  const auto fabric = build_fabric(round_cluster(), {}, 16);
  ASSERT_TRUE(fabric);
  const auto slowed = [&](NodeKind from, NodeKind to, std::string_view only) {
    FabricGraph graph = fabric->graph();
    for (FabricGraph::Link& link : graph.links) {
      const auto &a = graph.nodes[link.from], &b = graph.nodes[link.to];
      const bool chosen = (a.kind == from && b.kind == to) || (a.kind == to && b.kind == from);
      if (chosen && (only.empty() || a.name == only || b.name == only)) link.capacity = link.capacity / 2;
    }
    const auto slow = Fabric::make(std::move(graph));
    return collective_bound(*slow, Op::all_gather, {16, 1}, 16, Bytes{1e9}, false).value();
  };
  EXPECT_NEAR(slowed(NodeKind::nic, NodeKind::core, ""), 0.5 / 200, 1e-12);
  EXPECT_NEAR(slowed(NodeKind::gpu, NodeKind::nic, "gpu3"), 15.0 / 16 / 475, 1e-12);
}

// A ring of GPUs without servers: each has two links of 25 GB/s, and an all-gather of 8 GB brings 7 GB to each.
TEST(CollectiveBound, FabricsWithoutServers) {
  FabricSpec spec;
  spec.kind = FabricKind::ring;
  spec.link_rate = BytesPerSecond{25e9};
  EXPECT_GT(bound(round_cluster(), spec, Op::all_gather, {8, 1}, 8, 8e9), 0);
  EXPECT_LE(bound(round_cluster(), spec, Op::all_gather, {8, 1}, 8, 8e9), 7.0 / 25);
}

TEST(CollectiveBound, NothingBeatsIt) {
  FabricSpec tree;
  tree.kind = FabricKind::fat_tree;
  tree.leaf_hosts = 2;
  tree.oversubscription = 2;
  for (const auto& [group, ranks] : {std::pair{Group{6, 1}, 24}, {Group{12, 1}, 24}, {Group{16, 2}, 32}}) {
    for (const Op op : kOps) {
      const double least = bound(round_cluster(), tree, op, group, ranks, 1e8);
      EXPECT_GE(test::engine_seconds(round_cluster(), call_of(op, std::nullopt, group, ranks, Bytes{1e8}), tree), least)
          << name(op) << " of " << group.size;
    }
  }
}

TEST(CollectiveBound, AReducingSwitchHalvesAllReduce) {
  const auto fabric = build_fabric(round_cluster(), {}, 8);
  ASSERT_TRUE(fabric);
  // 1 GB through 450 GB/s once, or 2 * 7/8 times.
  EXPECT_NEAR(collective_bound(*fabric, Op::all_reduce, {8, 1}, 8, Bytes{1e9}, true).value(), 1.0 / 450, 1e-12);
  EXPECT_NEAR(collective_bound(*fabric, Op::all_reduce, {8, 1}, 8, Bytes{1e9}, false).value(), 1.75 / 450, 1e-12);
}

}  // namespace
}  // namespace ithaca
