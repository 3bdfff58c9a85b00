#include "sim/collective_program.hpp"

#include <cmath>

#include "tests/support/collectives.hpp"

namespace ithaca {
namespace {

TEST(CollectiveProgram, ATaskForEachRoundAndBarriersBetween) {
  const auto rounds =
      schedule(test::round_cluster(), test::call_of(Op::all_gather, Algorithm::ring, {8, 1}, 8, Bytes{8e6}, true));
  ASSERT_TRUE(rounds);
  const Program plain = collective_program(*rounds, 8);
  EXPECT_EQ(plain.ranks, 8u);
  EXPECT_EQ(plain.tasks.size(), 7u);
  EXPECT_EQ(plain.after.size(), 7u);
  EXPECT_EQ(plain.exchanges.size(), 2u);  // the first with NCCL's base latency, and the six others
  const Program barriers = collective_program(*rounds, 8, true);
  ASSERT_EQ(barriers.tasks.size(), 13u);
  EXPECT_EQ(barriers.tasks[1].kind, Task::Kind::barrier);
  EXPECT_EQ(barriers.tasks.back().kind, Task::Kind::exchange);
}

/// Two levels: 16 hosts on 4 leaves and 4 spines, 400 Gb/s and 1 us a link.
Fabric fat_tree() {
  FabricGraph graph;
  const auto add = [&](const std::string& kind, NodeKind node, int count) {
    for (int i = 0; i < count; ++i) graph.nodes.push_back({kind + std::to_string(i), node, -1});
  };
  add("gpu", NodeKind::gpu, 16);
  add("leaf", NodeKind::leaf, 4);
  add("spine", NodeKind::spine, 4);
  const auto join = [&](std::uint32_t a, std::uint32_t b) {
    graph.links.push_back({a, b, BytesPerSecond{50e9}, Seconds{1e-6}});
    graph.links.push_back({b, a, BytesPerSecond{50e9}, Seconds{1e-6}});
  };
  for (std::uint32_t gpu = 0; gpu < 16; ++gpu) join(gpu, 16 + gpu / 4);
  for (std::uint32_t leaf = 0; leaf < 4; ++leaf)
    for (std::uint32_t spine = 0; spine < 4; ++spine) join(16 + leaf, 20 + spine);
  return std::move(Fabric::make(std::move(graph))).value();
}

// Messages in packets of 9000 bytes against packet-level NDP (csg-htsim 841d9e7: 3071, 317.7, 43.2 and 15.5 us for all
// to all of 10 MB, 1 MB, 100 kB and 10 kB a pair). A pair of one leaf waits for 3 * 2 us of links and one packet
// forwarded, 0.18 us; others for 3 * 4 us and three packets. A host's link is never idle from 6.18 us on, so that 15
// messages of whole packets are through 15 w / B later. Only with two packets a message the first three are gone by
// 7.26 us, and the 12 others begin at 12.54.
// (One round trip and four forwardings of the longest path for all, 12.72 us + 15 w / B, would be 6.54 us more.)
TEST(CollectiveProgram, PacketsOnAFatTree) {
  struct Case {
    double bytes, packets, ndp, error;
  };
  const Fabric fabric = fat_tree();
  const auto router = Router::make(fabric, Routing::deterministic);
  ASSERT_TRUE(router) << router.error();
  for (const auto& [bytes, packets, ndp, error] : {Case{10e6, 1112, 3071e-6, 0.021},
                                                   {1e6, 112, 317.7e-6, 0.029},
                                                   {100e3, 12, 43.2e-6, 0.108},
                                                   {10e3, 2, 15.45e-6, 0.092}}) {
    auto rounds = schedule(test::round_cluster(),
                           test::call_of(Op::all_to_all, Algorithm::direct, {16, 1}, 16, Bytes{16 * bytes}));
    ASSERT_TRUE(rounds);
    for (Round& round : rounds.value()) {
      round.exchange.wires.clear();
      round.exchange.boxes.clear();
      round.exchange.packets = {Bytes{9000}, Bytes{}, 1};
    }
    const auto run = run_program(collective_program(*rounds, 16), *router);
    ASSERT_TRUE(run) << run.error();
    const double message = packets * 9000 / 50e9;
    const double expected = std::max(6.18e-6 + 15 * message, 12.54e-6 + 12 * message);
    EXPECT_NEAR(run->makespan.value(), expected, 1e-9 * expected) << bytes;
    EXPECT_LE(std::abs(run->makespan.value() / ndp - 1), error) << bytes;
  }
}

}  // namespace
}  // namespace ithaca
