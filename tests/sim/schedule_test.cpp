// On an idle ideal fabric the engine takes what the analytic model says; where it does not, the difference is derived.

#include "sim/schedule.hpp"

#include <cmath>

#include "tests/support/collectives.hpp"

namespace ithaca {
namespace {

using test::call_of;
using test::engine_seconds;
using test::round_cluster;

constexpr Op kOps[] = {Op::all_gather, Op::reduce_scatter, Op::all_reduce, Op::all_to_all, Op::send_recv};

Cluster nvls_cluster() {
  Cluster c = round_cluster();
  c.port_achieved_nvls = BytesPerSecond{480e9};
  return c;
}

Cluster mesh_cluster() {
  Cluster c = round_cluster();
  c.scale_up = ScaleUp::mesh;
  return c;
}

CollectiveCost model_cost(const Cluster& cluster, const CollectiveCall& call) {
  return *collective_cost(cluster, place(cluster, call.group, call.ranks), call.op, call.message, call.algorithm);
}

std::string what(const Cluster& cluster, const CollectiveCall& call) {
  return std::string(name(call.op)) + " of " + std::to_string(call.group.size) + ", " +
         std::to_string(call.group.stride) + " apart, on " + std::to_string(call.ranks) + ", " +
         std::to_string(call.message.value()) + " bytes, " + std::string(name(model_cost(cluster, call).algorithm));
}

/// NCCL's own choice, for messages from the shortest to the longest, so that LL, LL128 and Simple all have their turn.
void expect_equal(const Cluster& cluster, Group group, int ranks) {
  for (const Op op : kOps) {
    for (double bytes = 64; bytes < 1e11; bytes *= 16) {
      const auto call = call_of(op, std::nullopt, group, ranks, Bytes{bytes});
      const double model = model_cost(cluster, call).total().value();
      ASSERT_NEAR(engine_seconds(cluster, call), model, 1e-9 * model) << what(cluster, call);
    }
  }
}

TEST(Schedule, OneServerTakesWhatTheModelSays) {
  for (const int size : {2, 3, 4, 5, 6, 7, 8}) {
    expect_equal(round_cluster(), {size, 1}, size);
    expect_equal(nvls_cluster(), {size, 1}, size);
  }
  expect_equal(round_cluster(), {4, 2}, 8);
}

TEST(Schedule, AMeshTakesWhatTheModelSays) {
  for (const int size : {2, 3, 4, 5, 6, 7, 8}) {
    for (const Op op : kOps) {
      for (double bytes = 64; bytes < 1e11; bytes *= 16) {
        auto call = call_of(op, std::nullopt, {size, 1}, size, Bytes{bytes});
        if (op == Op::all_reduce) call.algorithm = Algorithm::ring;
        const double model = model_cost(mesh_cluster(), call).total().value();
        ASSERT_NEAR(engine_seconds(mesh_cluster(), call), model, 1e-9 * model) << what(mesh_cluster(), call);
      }
    }
  }
}

TEST(Schedule, OneGpuAServerTakesWhatTheModelSays) {
  for (const int size : {2, 3, 4, 5, 8, 13}) expect_equal(round_cluster(), {size, 8}, size * 8);
}

// n - 1 equal rounds: the hops of the latency and the parts of the stream, one after the other.
TEST(Schedule, RoundsOneByOneTakeWhatTheModelSays) {
  for (const Group group : {Group{8, 1}, Group{5, 1}, Group{4, 8}}) {
    for (const Op op : {Op::all_gather, Op::reduce_scatter, Op::all_reduce}) {
      for (const double bytes : {1e3, 1e6, 1e9}) {
        const auto call = call_of(op, Algorithm::ring, group, group.size * group.stride, Bytes{bytes}, true);
        const double model = model_cost(round_cluster(), call).total().value();
        EXPECT_NEAR(engine_seconds(round_cluster(), call), model, 1e-9 * model) << what(round_cluster(), call);
        EXPECT_NEAR(engine_seconds(round_cluster(), call, {}, true), model, 1e-9 * model);
      }
    }
  }
}

// All messages at once load port and NICs as the model counts them, and trees are paced by its rule.
TEST(Schedule, AcrossServersAllToAllHopAndTreeAreTheModels) {
  for (const auto& [group, ranks] : {std::pair{Group{16, 1}, 16}, {Group{32, 1}, 64}, {Group{8, 4}, 32}}) {
    for (const double bytes : {1e3, 1e6, 1e9}) {
      for (const Op op : {Op::all_to_all, Op::send_recv, Op::all_reduce}) {
        auto call = call_of(op, std::nullopt, group, ranks, Bytes{bytes});
        if (op == Op::all_reduce) call.algorithm = Algorithm::tree;
        const double model = model_cost(round_cluster(), call).total().value();
        EXPECT_NEAR(engine_seconds(round_cluster(), call), model, 1e-9 * model) << what(round_cluster(), call);
      }
    }
  }
}

// A ring over several servers. The model lets the whole stream pass each port at 400 GB/s and each server's NICs at
// 384. On the wire every GPU is the last of its server on one of m channels, m of its members being in the server: its
// port carries (m-1)/m of the stream. Here the NICs decide, and did before: equal.
TEST(Schedule, RingsAcrossServersBoundByNics) {
  for (const auto& [group, ranks] : {std::pair{Group{16, 1}, 16}, {Group{24, 1}, 48}, {Group{8, 4}, 32}}) {
    const auto call = call_of(Op::all_gather, Algorithm::ring, group, ranks, Bytes{1e9});
    const double model = model_cost(round_cluster(), call).total().value();
    EXPECT_NEAR(engine_seconds(round_cluster(), call), model, 1e-9 * model) << what(round_cluster(), call);
  }
}

// With NICs of twice the rate the port decides in the model: 15/16 GB at 400 GB/s. The engine's ports carry 7/8 of
// that, and NICs 15/16 GB at 768: the port is still slower, so 7/8 of the model's transfer remains.
TEST(Schedule, RingsAcrossServersBoundByPorts) {
  Cluster fast = round_cluster();
  fast.domains[0].peak = BytesPerSecond{800e9};
  fast.domains[0].achieved = BytesPerSecond{768e9};
  const auto call = call_of(Op::all_gather, Algorithm::ring, {16, 1}, 16, Bytes{1e9});
  const CollectiveCost model = model_cost(fast, call);
  EXPECT_NEAR(model.transfer.value(), 15.0 / 16 / 400, 1e-12);
  EXPECT_NEAR(engine_seconds(fast, call), model.latency.value() + 7.0 / 8 * 15 / 16 / 400, 1e-12);
}

// Rounds one by one wait for the slowest hop each time: 15 rounds pay the network's latency where the pipelined ring
// has one network hop and 14 of NVLink. Simple: 3.4 and 14 us.
TEST(Schedule, RoundsAcrossServersPayTheNetworkEachTime) {
  const auto call = call_of(Op::all_gather, Algorithm::ring, {16, 1}, 16, Bytes{16e9}, true);
  // Each round 1 GB, an eighth of it through each NIC at 48 GB/s.
  const double round = 14e-6 + 1.0 / 8 / 48;
  EXPECT_NEAR(engine_seconds(round_cluster(), call, {}, true), 8.4e-6 + 15 * round, 1e-10);
}

// Chains begin at the first GPU on all 42 channels. Between two others every channel's order passes six times each way,
// up and down: 12/42 S on a link. That is the model's 2 S over a port of seven links.
TEST(Schedule, TreesOnAMesh) {
  const auto call = call_of(Op::all_reduce, Algorithm::tree, {8, 1}, 8, Bytes{1e9});
  const double model = model_cost(mesh_cluster(), call).total().value();
  EXPECT_NEAR(engine_seconds(mesh_cluster(), call), model, 1e-9 * model);
}

// Barriered rounds of algorithms that the model does not know: base + rounds * 3.4 us + bytes over the port.
TEST(Schedule, OtherAlgorithmsInAServer) {
  const auto seconds = [](Op op, Algorithm algorithm) {
    return engine_seconds(round_cluster(), call_of(op, algorithm, {8, 1}, 8, Bytes{8e9}));
  };
  EXPECT_NEAR(seconds(Op::all_to_all, Algorithm::pairwise), 8.4e-6 + 7 * 3.4e-6 + 7.0 / 300, 1e-11);
  EXPECT_NEAR(seconds(Op::all_to_all, Algorithm::bruck), 8.4e-6 + 3 * 3.4e-6 + 3 * 4.0 / 300, 1e-11);
  EXPECT_NEAR(seconds(Op::all_to_all, Algorithm::hierarchical), 8.4e-6 + 3.4e-6 + 7.0 / 300, 1e-11);
  EXPECT_NEAR(seconds(Op::all_gather, Algorithm::recursive), 8.4e-6 + 3 * 3.4e-6 + 7.0 / 400, 1e-11);
}

TEST(Schedule, NeverUnderItsBound) {
  const std::pair<Op, Algorithm> all[] = {
      {Op::all_gather, Algorithm::ring},         {Op::all_gather, Algorithm::recursive},
      {Op::reduce_scatter, Algorithm::ring},     {Op::reduce_scatter, Algorithm::recursive},
      {Op::all_reduce, Algorithm::ring},         {Op::all_reduce, Algorithm::tree},
      {Op::all_to_all, Algorithm::direct},       {Op::all_to_all, Algorithm::pairwise},
      {Op::all_to_all, Algorithm::hierarchical}, {Op::all_to_all, Algorithm::bruck},
      {Op::send_recv, Algorithm::ring}};
  for (const Cluster& cluster : {round_cluster(), mesh_cluster()}) {
    for (const auto& [group, ranks] :
         {std::pair{Group{8, 1}, 8}, {Group{2, 1}, 8}, {Group{16, 1}, 32}, {Group{8, 2}, 16}, {Group{4, 8}, 32}}) {
      for (const auto& [op, algorithm] : all) {
        for (const double bytes : {1e3, 1e9}) {
          const auto call = call_of(op, algorithm, group, ranks, Bytes{bytes});
          const auto chosen = call_of(op, std::nullopt, group, ranks, Bytes{bytes});
          const double bound = model_cost(cluster, chosen).bound.value();
          EXPECT_GE(engine_seconds(cluster, call), bound) << name(algorithm) << what(cluster, chosen);
        }
      }
    }
  }
}

TEST(Schedule, OneRankSendsNothing) {
  for (const Op op : kOps) {
    const auto rounds = schedule(round_cluster(), call_of(op, std::nullopt, {1, 1}, 8, Bytes{1e6}));
    ASSERT_TRUE(rounds);
    EXPECT_TRUE(rounds->empty());
  }
}

TEST(Schedule, WhatItRefuses) {
  const auto error = [](const CollectiveCall& call) {
    const auto refused = schedule(round_cluster(), call);
    return refused ? std::string() : refused.error();
  };
  const auto of = [](Op op, std::optional<Algorithm> algorithm, Group group, int ranks, double bytes = 1) {
    return call_of(op, algorithm, group, ranks, Bytes{bytes});
  };
  EXPECT_EQ(error(of(Op::all_gather, Algorithm::tree, {8, 1}, 8)),
            "all_gather has no algorithm 'tree'; it has ring, recursive, nvls");
  EXPECT_EQ(error(of(Op::all_to_all, Algorithm::ring, {1, 1}, 8)),
            "all_to_all has no algorithm 'ring'; it has direct, pairwise, hierarchical, bruck");
  EXPECT_EQ(error(of(Op::all_gather, {}, {16, 1}, 8)), "groups of 16 ranks, 1 apart, need 16 GPUs, and there are 8");
  EXPECT_EQ(error(of(Op::all_gather, {}, {4, 1}, 10)), "10 GPUs do not divide into groups of 4 ranks, 1 apart");
  EXPECT_EQ(error(of(Op::all_gather, {}, {0, 1}, 8)), "a group needs a size, a stride and ranks of at least 1");
  EXPECT_EQ(error(of(Op::all_gather, {}, {4, 1}, 8, -1)), "the message must have bytes of zero or more and finite");
  EXPECT_EQ(error(of(Op::all_gather, {}, {4, 1}, 8, std::nan(""))),
            "the message must have bytes of zero or more and finite");
}

}  // namespace
}  // namespace ithaca
