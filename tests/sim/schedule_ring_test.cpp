// Who holds what after each round of a ring, and bytes of all rounds.

#include "tests/support/collectives.hpp"

namespace ithaca {
namespace {

using test::call_of;
using test::round_cluster;
using test::sent_by_round;

struct Place {
  int size, stride, ranks;
};
const Place kPlaces[] = {{2, 1, 2}, {8, 1, 8}, {4, 2, 8}, {16, 1, 32}, {12, 1, 24}, {3, 8, 24}, {24, 1, 24}};

int group_of(const Place& p, std::uint32_t rank) {
  const int r = static_cast<int>(rank);
  return r / (p.size * p.stride) * p.stride + r % p.stride;
}

// A block passes on what it received in the round before, on each channel apart. In the end everybody has all.
TEST(RingSchedule, AllGatherDeliversEveryBlock) {
  for (const Place& p : kPlaces) {
    const Bytes message{p.size * 64e3};
    const auto rounds = sent_by_round(
        round_cluster(), call_of(Op::all_gather, Algorithm::ring, {p.size, p.stride}, p.ranks, message, true));
    ASSERT_EQ(static_cast<int>(rounds.size()), p.size - 1);
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> last;            // by rank and channel
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::set<std::uint32_t>> have;  // the same: whose blocks
    std::set<std::uint32_t> channels;
    for (const auto& round : rounds) {
      auto passed = last;
      for (const Message& m : round) {
        EXPECT_EQ(group_of(p, m.from), group_of(p, m.to));
        channels.insert(m.channel);
        const auto mine = last.find({m.from, m.channel});
        const std::uint32_t block = mine == last.end() ? m.from : mine->second;
        passed[{m.to, m.channel}] = block;
        EXPECT_TRUE((have[{m.to, m.channel}].insert(block).second));
      }
      last = passed;
    }
    for (int rank = 0; rank < p.ranks; ++rank) {
      for (const std::uint32_t c : channels) {
        auto& blocks = have[{static_cast<std::uint32_t>(rank), c}];
        blocks.insert(static_cast<std::uint32_t>(rank));
        EXPECT_EQ(static_cast<int>(blocks.size()), p.size) << rank << " of " << p.size;
      }
    }
    // Every rank gets the size - 1 blocks of the others, each in as many parts as there are channels.
    EXPECT_NEAR(test::total_bytes(rounds), p.ranks * (p.size - 1) * 64e3, 1e-6);
  }
}

// Reduce-scatter: in round k a rank passes on the sum of k + 1 ranks for one block; no sum counts a rank twice, and at
// the end each rank has the whole sum of a block that no other rank of its group has.
TEST(RingSchedule, ReduceScatterSumsEveryBlock) {
  for (const Place& p : kPlaces) {
    const auto rounds = sent_by_round(round_cluster(), call_of(Op::reduce_scatter, Algorithm::ring, {p.size, p.stride},
                                                               p.ranks, Bytes{p.size * 1e3}, true));
    std::map<std::uint32_t, std::uint32_t> block;             // that a rank's partial sum is of, by its first rank
    std::map<std::uint32_t, std::set<std::uint32_t>> summed;  // ranks in it
    for (int r = 0; r < p.ranks; ++r) {
      const auto rank = static_cast<std::uint32_t>(r);
      block[rank] = rank;
      summed[rank] = {rank};
    }
    for (const auto& round : rounds) {
      auto next_block = block;
      auto next_summed = summed;
      for (const Message& m : round) {
        if (m.channel != 0) continue;
        next_block[m.to] = block[m.from];
        next_summed[m.to] = summed[m.from];
        EXPECT_TRUE(next_summed[m.to].insert(m.to).second);
      }
      block = next_block;
      summed = next_summed;
    }
    std::set<std::uint32_t> finished;
    for (const auto& [rank, ranks] : summed) {
      EXPECT_EQ(static_cast<int>(ranks.size()), p.size);
      finished.insert(block[rank]);
    }
    EXPECT_EQ(static_cast<int>(finished.size()), p.ranks);
    EXPECT_NEAR(test::total_bytes(rounds), p.ranks * (p.size - 1) * 1e3, 1e-6);
  }
}

TEST(RingSchedule, AllReduceIsBothOneAfterTheOther) {
  const auto all =
      sent_by_round(round_cluster(), call_of(Op::all_reduce, Algorithm::ring, {8, 1}, 16, Bytes{8e6}, true));
  EXPECT_EQ(all.size(), 14u);
  EXPECT_NEAR(test::total_bytes(all), 16 * 14 * 1e6, 1e-3);  // 2 * 7 hops of an eighth from each of 16
}

// A stream carries on every hop what its rounds carry together, in one message for each successor.
TEST(RingSchedule, AStreamIsItsRoundsTogether) {
  for (const Place& p : kPlaces) {
    const auto call = call_of(Op::all_gather, Algorithm::ring, {p.size, p.stride}, p.ranks, Bytes{p.size * 64e3});
    auto rounds_call = call;
    rounds_call.step_by_step = true;
    std::map<std::pair<std::uint32_t, std::uint32_t>, double> stream, rounds;
    const auto streamed = sent_by_round(round_cluster(), call);
    for (const Message& m : streamed.at(0)) {
      EXPECT_EQ(stream.count({m.from, m.to}), 0u);
      stream[{m.from, m.to}] = m.bytes.value();
    }
    for (const auto& round : sent_by_round(round_cluster(), rounds_call)) {
      for (const Message& m : round) rounds[{m.from, m.to}] += m.bytes.value();
    }
    ASSERT_EQ(stream.size(), rounds.size());
    for (const auto& [hop, bytes] : rounds) EXPECT_NEAR(stream[hop], bytes, 1e-9 * bytes);
  }
}

TEST(RingSchedule, SendRecvGoesToTheSuccessor) {
  const auto rounds = sent_by_round(round_cluster(), call_of(Op::send_recv, std::nullopt, {4, 8}, 32, Bytes{5e6}));
  ASSERT_EQ(rounds.size(), 1u);
  ASSERT_EQ(rounds[0].size(), 32u);
  for (const Message& m : rounds[0]) {
    EXPECT_EQ(m.to, (m.from + 8) % 32);
    EXPECT_EQ(m.bytes.value(), 5e6);
  }
}

}  // namespace
}  // namespace ithaca
