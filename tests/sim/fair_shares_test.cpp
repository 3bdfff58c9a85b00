#include "sim/fair_shares.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "sim/max_min.hpp"
#include "tests/support/fat_tree.hpp"
#include "tests/support/flow_systems.hpp"

namespace ithaca {
namespace {

std::vector<double> capacities(const FlowSystem& system) {
  std::vector<double> list;
  for (const BytesPerSecond c : system.capacity) list.push_back(c.value());
  return list;
}

/// Rates of the flows that are there, by MaxMin.
std::vector<double> from_scratch(const std::vector<double>& capacity, const IndexRows& route, Usage usage,
                                 const std::vector<bool>& there) {
  IndexRows some;
  std::vector<double> some_usage;
  for (std::size_t f = 0; f < there.size(); ++f) {
    if (!there[f]) continue;
    some.add(route[f]);
    for (std::uint32_t i = route.begin[f]; i < route.begin[f + 1]; ++i) some_usage.push_back(usage[i]);
  }
  MaxMin solver;
  EXPECT_FALSE(solver.solve({capacity, some.begin, some.items, {}, {some_usage}}));
  std::vector<double> rates(there.size(), 0);
  for (std::size_t f = 0, i = 0; f < there.size(); ++f) {
    if (there[f]) rates[f] = solver.rate()[i++];
  }
  return rates;
}

/// Adds and removes flows at random, a few at a time, and holds the rates against those from scratch.
void expect_equal_to_scratch(const FlowSystem& system, std::uint64_t seed, int updates, std::uint32_t at_once) {
  const std::vector<double> capacity = capacities(system);
  const auto flows = static_cast<std::uint32_t>(system.size.size());
  FairShares shares(capacity, system.route, {system.usage});
  std::vector<bool> there(flows, false);
  std::vector<std::uint32_t> slot(flows);
  test::Random random(seed);
  for (int i = 0; i < updates; ++i) {
    std::vector<std::uint32_t> touched, leaving;
    for (std::uint32_t n = 1 + random.below(at_once); n > 0; --n) {
      const std::uint32_t f = random.below(flows);
      if (std::find(touched.begin(), touched.end(), f) != touched.end()) continue;
      touched.push_back(f);
      if (there[f]) {
        leaving.push_back(slot[f]);
      } else {
        slot[f] = shares.add(f);
        ASSERT_EQ(shares.flow(slot[f]), f);
      }
      there[f] = !there[f];
    }
    shares.remove(leaving);
    shares.update();
    const auto expected = from_scratch(capacity, system.route, {system.usage}, there);
    for (std::uint32_t f = 0; f < flows; ++f) {
      if (!there[f]) continue;
      ASSERT_NEAR(shares.rate(slot[f]), expected[f], 2e-12 * expected[f]) << "flow " << f << ", update " << i;
    }
    shares.forget_changes();
  }
}

TEST(FairShares, ADepartureIsPassedOn) {
  // The chain of the solver's test: 0 and 1 on link 0 (6), 1 and 2 on link 1 (10), 2 and 3 on link 2 (20): 3, 3, 7, 13.
  const std::vector<double> capacity{6, 10, 20};
  IndexRows route;
  for (const auto& row : std::vector<std::vector<std::uint32_t>>{{0}, {0, 1}, {1, 2}, {2}}) route.add(row);
  FairShares shares(capacity, route);
  for (std::uint32_t f = 0; f < 4; ++f) shares.add(f);
  shares.update();
  EXPECT_DOUBLE_EQ(shares.rate(0), 3);
  EXPECT_DOUBLE_EQ(shares.rate(3), 13);
  // Without 0, link 0 alone would give 1 all of its 6, but link 1 fills first: 10 / 2 = 5 for 1 and 2; 20 - 5 for 3.
  shares.remove(std::vector<std::uint32_t>{0});
  shares.update();
  EXPECT_DOUBLE_EQ(shares.rate(1), 5);
  EXPECT_DOUBLE_EQ(shares.rate(2), 5);
  EXPECT_DOUBLE_EQ(shares.rate(3), 15);
  EXPECT_EQ(shares.owner(1), 1u);
  EXPECT_EQ(shares.level(0), kUnbounded);
  EXPECT_EQ(shares.owned(0).size(), 0u);
  EXPECT_EQ(shares.owned(1).size(), 2u);
}

TEST(FairShares, SlotsAreGivenAgain) {
  const std::vector<double> capacity{6};
  IndexRows route;
  for (int f = 0; f < 3; ++f) route.add(std::vector<std::uint32_t>{0});
  FairShares shares(capacity, route);
  const std::uint32_t first = shares.add(0);
  shares.add(1);
  shares.update();
  shares.remove(std::vector<std::uint32_t>{first});
  EXPECT_NE(shares.add(2), first);  // not yet
  shares.update();
  EXPECT_EQ(shares.add(0), first);
  shares.update();
  for (const std::uint32_t slot : shares.owned(0)) EXPECT_EQ(shares.rate(slot), 2);
  EXPECT_EQ(shares.owned(0).size(), 3u);
}

TEST(FairShares, WhatNothingTouchesIsNotLookedAt) {
  // A thousand pairs of flows, each pair on a link of its own; one flow leaves.
  const std::vector<double> capacity(1000, 8);
  IndexRows route;
  for (std::uint32_t f = 0; f < 2000; ++f) route.add(std::vector<std::uint32_t>{f / 2});
  FairShares shares(capacity, route);
  for (std::uint32_t f = 0; f < 2000; ++f) shares.add(f);
  shares.update();
  shares.forget_changes();
  const auto before = shares.effort();
  shares.remove(std::vector<std::uint32_t>{1998});
  shares.update();
  EXPECT_EQ(shares.rate(1999), 8);
  EXPECT_EQ(shares.rate(0), 4);
  ASSERT_EQ(shares.changed().size(), 1u);
  EXPECT_EQ(shares.changed()[0], 999u);
  EXPECT_LE(shares.effort().settled - before.settled, 2);
  EXPECT_EQ(shares.effort().from_scratch, before.from_scratch);
}

TEST(FairShares, RandomChangesEqualFromScratch) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto links = static_cast<std::uint32_t>(2 + seed % 70);
    expect_equal_to_scratch(test::random_system(seed, links, 150), seed, 120, seed % 4 == 0 ? 20 : 2);
  }
}

TEST(FairShares, UnequalDeparturesFromAFatTreeEqualFromScratch) {
  const FlowSystem system = bench::fat_tree_all_to_all(4, 2, 0.5);
  const std::vector<double> capacity = capacities(system);
  FairShares shares(capacity, system.route);
  std::vector<bool> there(system.size.size(), true);
  for (std::uint32_t f = 0; f < there.size(); ++f) shares.add(f);
  shares.update();
  test::Random random(11);
  for (std::size_t left = there.size(); left > 1; --left) {
    std::uint32_t f = random.below(static_cast<std::uint32_t>(there.size()));
    while (!there[f]) f = (f + 1) % static_cast<std::uint32_t>(there.size());
    there[f] = false;
    shares.remove(std::vector<std::uint32_t>{f});
    shares.update();
    const auto expected = from_scratch(capacity, system.route, {}, there);
    for (std::uint32_t g = 0; g < there.size(); ++g) {
      if (!there[g]) continue;
      ASSERT_NEAR(shares.rate(g), expected[g], 1e-12 * expected[g]) << "flow " << g;
    }
  }
  EXPECT_EQ(shares.effort().from_scratch, 1);  // the beginning
}

}  // namespace
}  // namespace ithaca
