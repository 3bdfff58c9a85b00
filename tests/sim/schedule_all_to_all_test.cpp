// Every block reaches the rank that it is meant for, and messages hold exactly the blocks that they carry.

#include "tests/support/collectives.hpp"

namespace ithaca {
namespace {

using test::call_of;
using test::round_cluster;

struct Block {
  int from, to;
  auto operator<=>(const Block&) const = default;
};

/// Uneven: no two pairs alike.
Bytes share(int from, int to) { return Bytes{1000.0 + 100 * from + to}; }

/// Runs the rounds: takes(holder, receiver, block) says which blocks a message carries, by member of the group. Returns
/// who holds what at the end, by member of the first group.
template <class Takes>
std::vector<std::set<Block>> deliver(const CollectiveCall& call, Takes takes) {
  const int size = call.group.size;
  std::vector<std::set<Block>> held(static_cast<std::size_t>(size));
  for (int i = 0; i < size; ++i) {
    for (int j = 0; j < size; ++j) {
      if (i != j) held[static_cast<std::size_t>(i)].insert({i, j});
    }
  }
  int number = 0;
  for (const auto& round : test::sent_by_round(round_cluster(), call)) {
    auto next = held;
    for (const Message& m : round) {
      const auto from = m.from / static_cast<std::uint32_t>(call.group.stride);
      const auto to = m.to / static_cast<std::uint32_t>(call.group.stride);
      if (m.from % static_cast<std::uint32_t>(call.group.stride) != 0 || from >= held.size()) continue;
      double bytes = 0;
      for (const Block& block : held[from]) {
        if (!takes(number, static_cast<int>(from), static_cast<int>(to), block)) continue;
        bytes += call.share ? share(block.from, block.to).value() : call.message.value() / size;
        next[from].erase(block);
        next[to].insert(block);
      }
      EXPECT_NEAR(m.bytes.value(), bytes, 1e-9 * bytes) << "round " << number << ", " << from << " to " << to;
    }
    held = next;
    ++number;
  }
  return held;
}

void expect_delivered(const std::vector<std::set<Block>>& held) {
  for (std::size_t i = 0; i < held.size(); ++i) {
    EXPECT_EQ(held[i].size(), held.size() - 1);
    for (const Block& block : held[i]) EXPECT_EQ(block.to, static_cast<int>(i));
  }
}

template <class Takes>
void expect_delivers(Algorithm algorithm, Group group, int ranks, Takes takes) {
  auto call = call_of(Op::all_to_all, algorithm, group, ranks, Bytes{group.size * 4096.0});
  expect_delivered(deliver(call, takes));
  call.share = share;
  expect_delivered(deliver(call, takes));
}

TEST(AllToAllSchedule, Direct) {
  for (const auto& [size, stride, ranks] : {std::tuple{2, 1, 2}, {8, 1, 8}, {5, 2, 10}, {16, 1, 32}})
    expect_delivers(Algorithm::direct, {size, stride}, ranks,
                    [](int, int, int to, const Block& b) { return b.to == to; });
}

TEST(AllToAllSchedule, PairwiseMeetsEveryPeerOnce) {
  for (const auto& [size, stride, ranks] : {std::tuple{2, 1, 2}, {7, 1, 7}, {8, 2, 16}, {16, 1, 32}}) {
    expect_delivers(Algorithm::pairwise, {size, stride}, ranks,
                    [](int, int, int to, const Block& b) { return b.to == to; });
  }
  const auto rounds =
      test::sent_by_round(round_cluster(), call_of(Op::all_to_all, Algorithm::pairwise, {8, 1}, 8, Bytes{8}));
  EXPECT_EQ(rounds.size(), 7u);
  for (const auto& round : rounds) EXPECT_EQ(round.size(), 8u);
}

// Bits of the way that is still to go, lowest first: ceil(log2 n) rounds.
TEST(AllToAllSchedule, Bruck) {
  for (const auto& [size, rounds] : {std::pair{2, 1u}, {5, 3u}, {8, 3u}, {9, 4u}}) {
    const auto takes = [size = size](int round, int, int, const Block& b) {
      return ((b.to - b.from + size) % size >> round & 1) != 0;
    };
    expect_delivers(Algorithm::bruck, {size, 1}, size, takes);
    EXPECT_EQ(test::sent_by_round(round_cluster(), call_of(Op::all_to_all, Algorithm::bruck, {size, 1}, size, Bytes{8}))
                  .size(),
              rounds);
  }
}

// First to the position of the destination in the own server, then along the rail.
TEST(AllToAllSchedule, Hierarchical) {
  expect_delivers(Algorithm::hierarchical, {24, 1}, 24, [](int round, int from, int to, const Block& b) {
    return round == 0 ? b.to % 8 == to % 8 && b.to % 8 != from % 8 : b.to == to;
  });
  // Two members of a group in each server.
  expect_delivers(Algorithm::hierarchical, {6, 4}, 24, [](int round, int from, int to, const Block& b) {
    return round == 0 ? b.to % 2 == to % 2 && b.to % 2 != from % 2 : b.to == to;
  });
  const auto rounds =
      test::sent_by_round(round_cluster(), call_of(Op::all_to_all, Algorithm::hierarchical, {24, 1}, 24, Bytes{24e3}));
  ASSERT_EQ(rounds.size(), 2u);
  // 24 ranks to 7 neighbours with 3 blocks of 1 kB, then to 2 servers with 8 blocks.
  EXPECT_NEAR(test::total_bytes({rounds[0]}), 24 * 7 * 3e3, 1e-6);
  EXPECT_NEAR(test::total_bytes({rounds[1]}), 24 * 2 * 8e3, 1e-6);
  for (const Message& m : rounds[1]) EXPECT_EQ(m.from % 8, m.to % 8);
}

TEST(AllToAllSchedule, HierarchicalNeedsEvenServers) {
  const auto refused =
      schedule(round_cluster(), call_of(Op::all_to_all, Algorithm::hierarchical, {12, 1}, 24, Bytes{1}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), "a hierarchical all-to-all needs equally many members of the group in each server");
}

}  // namespace
}  // namespace ithaca
