#include "sim/progressive_filling.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace ithaca {
namespace {

using Row = std::vector<std::uint32_t>;

struct System {
  std::vector<double> capacity;
  std::vector<Row> crossings;
  Row begin, resources;
  Usage usage{};

  const Row& crossing(std::uint32_t k) const { return crossings[k]; }
  std::pair<std::uint32_t, std::uint32_t> items(std::uint32_t f) const { return {begin[f], begin[f + 1]}; }
};

System system_of(const std::vector<double>& capacity, const std::vector<Row>& routes) {
  System system{capacity, std::vector<Row>(capacity.size()), {0}, {}};
  for (std::uint32_t f = 0; f < routes.size(); ++f) {
    for (const std::uint32_t k : routes[f]) system.crossings[k].push_back(f);
    system.resources.insert(system.resources.end(), routes[f].begin(), routes[f].end());
    system.begin.push_back(static_cast<std::uint32_t>(system.resources.size()));
  }
  return system;
}

struct Filled {
  explicit Filled(const System& system)
      : level(system.capacity.size()), foreign(system.capacity.size()), owner(system.begin.size() - 1, kNobody) {
    ProgressiveFilling<System>().fill(system, level, foreign, owner);
  }
  std::vector<double> level, foreign;
  Row owner;
};

TEST(ProgressiveFilling, OwnersLevelsAndWhatOthersTake) {
  // Links 6, 10, 20, 5; flow 0 on 0; 1 on 0 and 1; 2 on 1 and 2; 3 on 2; nobody on 3. Link 0 fills at 6 / 2 = 3, link 1
  // at 10 - 3 = 7, link 2 at 20 - 7 = 13.
  const Filled filled(system_of({6, 10, 20, 5}, {{0}, {0, 1}, {1, 2}, {2}}));
  EXPECT_EQ(filled.level, (std::vector<double>{3, 7, 13, kUnbounded}));
  EXPECT_EQ(filled.foreign, (std::vector<double>{0, 3, 7, 0}));
  EXPECT_EQ(filled.owner, (Row{0, 0, 1, 2}));
}

TEST(ProgressiveFilling, WhatFillsUpTogetherHasOneLevel) {
  // Eight links of 2 with two flows each, at 1; flow 0 and 2 also cross a link of 5 that then has 3 for flow 16; flow 4
  // also one of 100 beside flow 17, which gets 99.
  std::vector<Row> routes;
  for (std::uint32_t f = 0; f < 16; ++f) routes.push_back({f / 2});
  routes[0].push_back(8);
  routes[2].push_back(8);
  routes[4].push_back(9);
  routes.push_back({8});
  routes.push_back({9});
  const Filled filled(system_of({2, 2, 2, 2, 2, 2, 2, 2, 5, 100}, routes));
  EXPECT_EQ(filled.level, (std::vector<double>{1, 1, 1, 1, 1, 1, 1, 1, 3, 99}));
  EXPECT_EQ(filled.foreign[8], 2);
  EXPECT_EQ(filled.owner[16], 8u);
  EXPECT_EQ(filled.owner[17], 9u);
}

TEST(ProgressiveFilling, ALinkThatFillsWithTheOthersOwnsNobodyTwice) {
  // Both links fill at 3 with the same two flows: the first keeps them, the second is left without any.
  const Filled filled(system_of({6, 6}, {{0, 1}, {1, 0}}));
  EXPECT_EQ(filled.level, (std::vector<double>{3, kUnbounded}));
  EXPECT_EQ(filled.foreign, (std::vector<double>{0, 6}));
  EXPECT_EQ(filled.owner, (Row{0, 0}));
}

}  // namespace
}  // namespace ithaca
