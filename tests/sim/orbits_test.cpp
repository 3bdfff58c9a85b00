#include "sim/orbits.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/programs.hpp"

namespace ithaca {
namespace {

using namespace test;

Program one_exchange(std::uint32_t ranks, Exchange e) {
  Program p = program(ranks);
  p.exchanges = {std::move(e)};
  add(p, exchange(0));
  return p;
}

std::size_t rank_orbits(const Program& p, const Machine& machine, const Slowdown& slowdown = {}) {
  return find_orbits(p, machine.router, slowdown).rank.size();
}

// Leaves of 4, 4 of them, with 2 spines: links from GPUs to leaves, back, from leaves to spines and back.
TEST(Orbits, AllToAllOnAFatTreeIsTheSameEverywhere) {
  const Machine machine(leaf_spine(4, 4, 2), Routing::deterministic);
  const Orbits orbits = find_orbits(one_exchange(16, all_to_all(16, 1, 1)), machine.router, {});
  EXPECT_EQ(orbits.rank, std::vector<std::uint32_t>{0});
  EXPECT_EQ(orbits.ranks, std::vector<std::uint32_t>{16});
  std::vector<std::uint32_t> sizes = orbits.links;
  std::sort(sizes.begin(), sizes.end());
  EXPECT_EQ(sizes, (std::vector<std::uint32_t>{8, 8, 16, 16}));
  EXPECT_EQ(std::count(orbits.uncertain.begin(), orbits.uncertain.end(), 0), 48);
}

// Where only ranks 0 to 3 come together, their leaf still turns, as do the others, but cannot change places with one.
TEST(Orbits, MeetingsAreKept) {
  const Machine machine(leaf_spine(4, 4, 2), Routing::deterministic);
  Exchange e = all_to_all(4, 1, 1);
  EXPECT_EQ(rank_orbits(one_exchange(16, together(4, 1, e)), machine), 1u);
  e.together = [](std::uint32_t rank) { return rank < 4 ? 0u : rank; };
  EXPECT_EQ(rank_orbits(one_exchange(16, e), machine), 4u);
}

// Hashed routes have no symmetry.
TEST(Orbits, NoneWhereRoutesDiffer) {
  const Machine machine(leaf_spine(4, 4, 2), Routing::ecmp);
  EXPECT_EQ(rank_orbits(one_exchange(16, all_to_all(16, 1, 1)), machine), 16u);
}

// Spines are taken by destination mod 3, which turning a leaf of 4 does not keep.
TEST(Orbits, NoneWithinLeavesThatDoNotTurnWithTheSpines) {
  const Machine machine(leaf_spine(3, 4, 3), Routing::deterministic);
  EXPECT_EQ(rank_orbits(one_exchange(12, all_to_all(12, 1, 1)), machine), 4u);
}

// Leaf 2 reaches spine 0 more slowly: ranks whose messages take the same spine can still change places in their leaf.
TEST(Orbits, OneLinkOrOneGpuThatDiffersLeavesFewOrNone) {
  const Program p = one_exchange(16, all_to_all(16, 1, 1));
  FabricGraph graph = leaf_spine(4, 4, 2);
  graph.links[40].capacity = BytesPerSecond{25e9};
  EXPECT_EQ(rank_orbits(p, Machine(graph, Routing::deterministic)), 8u);
  graph = leaf_spine(4, 4, 2);
  graph.links[3].latency = Seconds{1};
  EXPECT_EQ(rank_orbits(p, Machine(graph, Routing::deterministic)), 16u);
  const Machine machine(leaf_spine(4, 4, 2), Routing::deterministic);
  Slowdown slowdown;
  slowdown.gpu.assign(16, 1);
  slowdown.gpu[5] = 2;
  EXPECT_EQ(rank_orbits(p, machine, slowdown), 16u);
}

// Pairs of ranks 0 and 1, 2 and 3, ...: turning a leaf by one would tear them apart, exchanging partners does not. Then
// leaves turn by pairs.
TEST(Orbits, GroupsStayTogether) {
  const Machine machine(leaf_spine(4, 4, 2), Routing::deterministic);
  EXPECT_EQ(rank_orbits(one_exchange(16, all_to_all(2, 1, 1)), machine), 1u);
  Exchange one_way = exchange_of({});
  one_way.sends = [](std::uint32_t rank, std::vector<Message>& out) {
    if (rank % 2 == 0) out.push_back({rank, rank + 1, Bytes{1}});
  };
  one_way.likeness = {2, 1, Likeness::Members::different};
  EXPECT_EQ(rank_orbits(one_exchange(16, one_way), machine), 2u);
}

// What an exchange does not declare is looked at rank by rank: rank 11 sends one byte more to rank 2.
TEST(Orbits, OneMessageThatDiffersLeavesNone) {
  const Machine machine(leaf_spine(4, 4, 2), Routing::deterministic);
  Exchange odd;
  odd.sends = [](std::uint32_t rank, std::vector<Message>& out) {
    for (std::uint32_t to = 0; to < 16; ++to) {
      if (to != rank) out.push_back({rank, to, Bytes{rank == 11 && to == 2 ? 2.0 : 1.0}});
    }
  };
  EXPECT_EQ(rank_orbits(one_exchange(16, odd), machine), 16u);
}

// Boxes of 3 do not fit 4 leaves of 4: some neighbours are in one box and others not.
TEST(Orbits, BoxesMustBeKept) {
  const Machine machine(leaf_spine(4, 4, 2), Routing::deterministic);
  Exchange e = all_to_all(16, 1, 1);
  e.boxes.push_back(3);
  e.wires.push_back({Seconds{0}, 1});
  e.wires.push_back({Seconds{1}, 1});
  EXPECT_EQ(rank_orbits(one_exchange(16, e), machine), 16u);
}

TEST(Orbits, WrongMessagesAreLeftToTheirReader) {
  const Machine machine(leaf_spine(2, 2, 1), Routing::deterministic);
  Exchange e;
  e.sends = [](std::uint32_t rank, std::vector<Message>& out) { out.push_back({rank, rank, Bytes{1}}); };
  EXPECT_EQ(rank_orbits(one_exchange(4, e), machine), 4u);
  e.sends = [](std::uint32_t rank, std::vector<Message>& out) { out.push_back({rank, 99, Bytes{1}}); };
  EXPECT_EQ(rank_orbits(one_exchange(4, e), machine), 4u);
}

TEST(Orbits, SingleOnes) {
  const Machine machine(star(2), Routing::deterministic);
  const Orbits orbits = single_orbits(program(2), machine.router);
  EXPECT_EQ(orbits.of_rank, (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(orbits.links, (std::vector<std::uint32_t>{1, 1, 1, 1}));
}

}  // namespace
}  // namespace ithaca
