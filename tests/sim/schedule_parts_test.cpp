#include "sim/schedule_parts.hpp"

#include "tests/support/collectives.hpp"

namespace ithaca {
namespace {

ScheduleContext context_of(const Cluster& cluster, Op op, int ranks) {
  const auto call = test::call_of(op, std::nullopt, {ranks, 1}, ranks, Bytes{1e6});
  return {cluster,
          call,
          place(cluster, call.group, ranks),
          GroupLayout(cluster, call.group, ranks),
          {},
          *collective_cost(cluster, place(cluster, call.group, ranks), op, call.message)};
}

const Sends kNothing = [](std::uint32_t, std::vector<Message>&) {};

// Ports reach 400 of 450 GB/s in rings and 300 in all-to-alls, uplinks 384 and 320 of 400.
TEST(ScheduleParts, EfficiencyIsAchievedOverPeak) {
  const auto context = context_of(test::round_cluster(), Op::all_gather, 16);
  const Exchange ring = make_exchange(context, Rates::ring, 0.5, Seconds{1}, Seconds{2}, kNothing);
  ASSERT_EQ(ring.wires.size(), 2u);
  EXPECT_EQ(ring.boxes[0], 8);
  EXPECT_DOUBLE_EQ(ring.wires[0].efficiency, 0.5 * 400 / 450);
  EXPECT_DOUBLE_EQ(ring.wires[1].efficiency, 0.5 * 384 / 400);
  EXPECT_EQ(ring.wires[0].latency.value(), 1);
  EXPECT_EQ(ring.wires[1].latency.value(), 2);
  const Exchange all = make_exchange(context, Rates::all_to_all, 1, Seconds{}, Seconds{}, kNothing);
  EXPECT_DOUBLE_EQ(all.wires[0].efficiency, 300.0 / 450);
  EXPECT_DOUBLE_EQ(all.wires[1].efficiency, 320.0 / 400);
}

TEST(ScheduleParts, SocketsAreInsideAServer) {
  Cluster cluster = test::round_cluster();
  Domain socket = cluster.domains[0], nics = cluster.domains[0];
  socket.uplink = Domain::Uplink::socket;
  socket.gpus = 4;
  cluster.domains.clear();
  cluster.domains.push_back(socket);
  cluster.domains.push_back(nics);
  const Exchange e =
      make_exchange(context_of(cluster, Op::all_gather, 16), Rates::ring, 1, Seconds{1}, Seconds{2}, kNothing);
  EXPECT_EQ(e.wires[1].latency.value(), 1);
  EXPECT_EQ(e.wires[2].latency.value(), 2);
}

// A stream of a gathering or reducing collective needs all of a group; pairs of an all-to-all need nobody else.
TEST(ScheduleParts, StreamsBeginTogether) {
  const auto stream = [](Op op) {
    auto context = context_of(test::round_cluster(), op, 16);
    context.call.group = {4, 2};
    context.layout = GroupLayout(context.cluster, context.call.group, 16);
    return make_stream(context, Rates::ring, 1, kNothing);
  };
  for (const Op op : {Op::all_gather, Op::reduce_scatter, Op::all_reduce}) {
    const Exchange e = stream(op);
    ASSERT_TRUE(e.together);
    for (const std::uint32_t rank : {9, 11, 13, 15}) EXPECT_EQ(e.together(rank), 9u);
    EXPECT_EQ(e.together(10), 8u);
  }
  for (const Op op : {Op::all_to_all, Op::send_recv}) EXPECT_FALSE(stream(op).together);
}

TEST(ScheduleParts, OnlyTheFirstRoundPaysTheBase) {
  const auto context = context_of(test::round_cluster(), Op::all_gather, 8);
  std::vector<Round> rounds;
  const HopCosts hop{Seconds{10}, Seconds{1}, Seconds{2}, 1};
  add_rounds(rounds, context, Rates::ring, hop, 3, kNothing);
  add_rounds(rounds, context, Rates::ring, hop, 1, kNothing);
  ASSERT_EQ(rounds.size(), 3u);
  EXPECT_EQ(rounds[0].exchange.wires[0].latency.value(), 11);
  EXPECT_EQ(rounds[0].repeat, 1);
  EXPECT_EQ(rounds[1].exchange.wires[0].latency.value(), 1);
  EXPECT_EQ(rounds[1].repeat, 2);
  EXPECT_EQ(rounds[2].repeat, 1);
}

// 1 MB in a port at 400 GB/s: 2.5 us; out of a server at 384: 2.604. The model says 10 us: 26 % of the rate is used.
TEST(ScheduleParts, TheModelsPace) {
  auto context = context_of(test::round_cluster(), Op::all_reduce, 16);
  context.cost.transfer = Seconds{10e-6};
  EXPECT_NEAR(share_of_model(context, Bytes{1e6}, Bytes{}), 0.25, 1e-12);
  EXPECT_NEAR(share_of_model(context, Bytes{1e6}, Bytes{1e6}), 1e6 / 384e9 / 10e-6, 1e-12);
  context.cost.transfer = Seconds{1e-6};  // faster than the wire: the wire decides
  EXPECT_EQ(share_of_model(context, Bytes{1e6}, Bytes{}), 1);
}

TEST(ScheduleParts, MessagesToTheSameRankBecomeOne) {
  std::vector<Message> messages;
  for (const std::uint32_t to : {1u, 2u, 1u}) add_or_merge(messages, {0, to, Bytes{5}, 0, Leg::whole});
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].bytes.value(), 10);
}

}  // namespace
}  // namespace ithaca
