#include "sim/max_min.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/support/flow_systems.hpp"

namespace ithaca {
namespace {

using Routes = std::vector<std::vector<std::uint32_t>>;
using Usages = std::vector<std::vector<double>>;  // as Routes; empty: once each

IndexRows rows(const Routes& routes) {
  IndexRows all;
  for (const auto& route : routes) all.add(route);
  return all;
}

std::vector<double> flat(const Usages& usages) {
  std::vector<double> all;
  for (const auto& row : usages) all.insert(all.end(), row.begin(), row.end());
  return all;
}

std::vector<double> rates(const std::vector<double>& capacity, const Routes& routes,
                          const std::vector<double>& caps = {}, const Usages& usages = {}) {
  const IndexRows all = rows(routes);
  const std::vector<double> usage = flat(usages);
  MaxMin solver;
  EXPECT_FALSE(solver.solve({capacity, all.begin, all.items, caps, {usage}}));
  return {solver.rate().begin(), solver.rate().end()};
}

std::optional<MaxMinFault> fault(const std::vector<double>& capacity, const Routes& routes,
                                 const std::vector<double>& caps = {}, const Usages& usages = {}) {
  const IndexRows all = rows(routes);
  const std::vector<double> usage = flat(usages);
  return MaxMin().solve({capacity, all.begin, all.items, caps, {usage}});
}

TEST(MaxMin, TwoFlowsHalveALink) { EXPECT_EQ(rates({10}, {{0}, {0}}), (std::vector<double>{5, 5})); }

TEST(MaxMin, ParkingLot) {
  // One flow over three links of 10, one more on each link; on link 1 there are two more.
  // Link 1 has 4 flows and fills first, at 10 / 4 = 2.5. The long flow stays at 2.5, so the others of link 0 and link 2
  // get 10 - 2.5 = 7.5.
  EXPECT_EQ(rates({10, 10, 10}, {{0, 1, 2}, {0}, {1}, {1}, {1}, {2}}),
            (std::vector<double>{2.5, 7.5, 2.5, 2.5, 2.5, 7.5}));
}

TEST(MaxMin, LevelsRiseAlongAChain) {
  // Links 6, 10, 20. Flow a on 0; b on 0 and 1; c on 1 and 2; d on 2.
  // Link 0 fills at 6 / 2 = 3: a = b = 3. Link 1 has 10 - 3 = 7 for c. Link 2 has 20 - 7 = 13 for d.
  EXPECT_EQ(rates({6, 10, 20}, {{0}, {0, 1}, {1, 2}, {2}}), (std::vector<double>{3, 3, 7, 13}));
}

TEST(MaxMin, ACapLeavesTheRestToTheOthers) {
  // 12 for three flows would be 4 each; one is capped at 2, the others get (12 - 2) / 2 = 5. A cap of 7 does not bind.
  EXPECT_EQ(rates({12}, {{0}, {0}, {0}}, {2, kUnbounded, 7}), (std::vector<double>{2, 5, 5}));
}

TEST(MaxMin, TheBottleneckIsNamed) {
  const IndexRows all = rows({{0}, {0, 1}, {1}, {}});
  const std::vector<double> capacity{6, 10}, caps{1, kUnbounded, kUnbounded, kUnbounded};
  MaxMin solver;
  ASSERT_FALSE(solver.solve({capacity, all.begin, all.items, caps}));
  // Flow 0 is held by its cap; flow 1 by link 0 at 6 - 1 = 5 and as much by link 1 at 10 / 2 = 5; flow 2 by link 1.
  EXPECT_EQ(solver.bottleneck()[0], kNobody);
  EXPECT_EQ(solver.rate()[1], 5);
  EXPECT_EQ(solver.bottleneck()[2], 1u);
  EXPECT_EQ(solver.bottleneck()[3], kNobody);
}

TEST(MaxMin, AFlowWithoutResourcesIsUnboundedUnlessCapped) {
  EXPECT_EQ(rates({}, {{}}), std::vector<double>{kUnbounded});
  EXPECT_EQ(rates({}, {{}}, {3}), std::vector<double>{3});
  EXPECT_TRUE(rates({1}, {}).empty());
}

TEST(MaxMin, AResourceCrossedTwiceCarriesTheFlowTwice) {
  // 2 a + b = 9 with equal rates: 3 each.
  EXPECT_EQ(rates({9}, {{0, 0}, {0}}), (std::vector<double>{3, 3}));
  // Link 1 holds c and b at 4 / 2 = 2; on link 0 that leaves 2 a = 9 - 2.
  EXPECT_EQ(rates({9, 4}, {{0, 0}, {0, 1}, {1}}), (std::vector<double>{3.5, 2, 2}));
}

TEST(MaxMin, UsageWeighsInTheSumAndNotInTheRate) {
  // 3 a + b / 2 = 14 with equal rates: 4 each.
  EXPECT_EQ(rates({14}, {{0}, {0}}, {}, {{3}, {0.5}}), (std::vector<double>{4, 4}));
  // As before with b held at 2 by link 1, which it crosses twice: 3 a = 14 - 0.5 x 2, a = 13 / 3.
  EXPECT_EQ(rates({14, 4}, {{0}, {0, 1}}, {}, {{3}, {0.5, 2}}), (std::vector<double>{13.0 / 3, 2}));
  // A cap is on the rate: 3 a = 14 - 0.5 x 1.
  EXPECT_EQ(rates({14}, {{0}, {0}}, {kUnbounded, 1}, {{3}, {0.5}}), (std::vector<double>{4.5, 1}));
  // Rounded sums do not keep a link open: ten flows with 0.1 each are one; a large one that is held elsewhere at 0.5
  // leaves 5e8 + 6 - 1e9 x 0.5 = 6 for two small ones.
  EXPECT_NEAR(rates({7}, Routes(10, {0}), {}, Usages(10, {0.1}))[0], 7, 1e-14);
  const auto few = rates({5e8 + 6, 1}, {{0, 1}, {0}, {0}}, {}, {{1e9, 2}, {0.1}, {0.2}});
  EXPECT_EQ(few[0], 0.5);
  EXPECT_NEAR(few[1], 20, 1e-14);
  EXPECT_EQ(few[2], few[1]);
}

TEST(MaxMin, RefusesWhatHasNoSolution) {
  using Kind = MaxMinFault::Kind;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double bad : {0.0, -1.0, nan, kUnbounded}) {
    const auto found = fault({1, bad}, {{0}});
    ASSERT_TRUE(found) << bad;
    EXPECT_EQ(found->kind, Kind::capacity);
    EXPECT_EQ(found->index, 1u);
  }
  for (const double bad : {0.0, -1.0, nan}) {
    const auto found = fault({1}, {{0}, {0}}, {1, bad});
    ASSERT_TRUE(found) << bad;
    EXPECT_EQ(found->kind, Kind::rate_cap);
    EXPECT_EQ(found->index, 1u);
  }
  EXPECT_EQ(fault({1}, {{0}, {0}, {1}})->kind, Kind::resource);
  EXPECT_EQ(fault({1}, {{0}, {0}, {1}})->index, 2u);
  for (const double bad : {0.0, -1.0, nan, kUnbounded}) {
    const auto found = fault({1}, {{0}, {0}}, {}, {{1}, {bad}});
    ASSERT_TRUE(found) << bad;
    EXPECT_EQ(found->kind, Kind::usage);
    EXPECT_EQ(found->index, 1u);
  }
  EXPECT_EQ(fault({1}, {{0}}, {}, {{1, 1}})->kind, Kind::shape);
  EXPECT_EQ(fault({1}, {{0}}, {1, 1})->kind, Kind::shape);
  EXPECT_EQ(MaxMin().solve({})->kind, Kind::shape);
}

struct Drawn {
  std::vector<double> capacity;
  Routes routes;
  Usages usages;
};

/// Every flow crosses a full link on which none is faster, and no link carries more than it can.
void expect_certificate(const Drawn& drawn, const std::vector<double>& rate) {
  const auto& [capacity, routes, usages] = drawn;
  std::vector<double> load(capacity.size(), 0), fastest(capacity.size(), 0);
  for (std::size_t f = 0; f < routes.size(); ++f) {
    for (std::size_t i = 0; i < routes[f].size(); ++i) {
      const std::uint32_t k = routes[f][i];
      load[k] += rate[f] * (usages.empty() ? 1 : usages[f][i]);
      fastest[k] = std::max(fastest[k], rate[f]);
    }
  }
  for (std::size_t k = 0; k < capacity.size(); ++k) ASSERT_LE(load[k], capacity[k] * (1 + 1e-12));
  for (std::size_t f = 0; f < routes.size(); ++f) {
    bool is_held = false;
    for (const std::uint32_t k : routes[f]) {
      is_held = is_held || (load[k] >= capacity[k] * (1 - 1e-12) && rate[f] >= fastest[k] * (1 - 1e-12));
    }
    ASSERT_TRUE(is_held) << "flow " << f;
  }
}

Drawn draw(std::uint64_t seed) {
  const FlowSystem system = test::random_system(seed, 3 + seed % 90, 1 + seed * 37 % 1000);
  Drawn drawn;
  for (const BytesPerSecond c : system.capacity) drawn.capacity.push_back(c.value());
  for (std::size_t f = 0; f < system.size.size(); ++f) {
    drawn.routes.emplace_back(system.route[f].begin(), system.route[f].end());
    if (system.usage.empty()) continue;
    drawn.usages.emplace_back(system.usage.begin() + system.route.begin[f],
                              system.usage.begin() + system.route.begin[f + 1]);
  }
  return drawn;
}

TEST(MaxMin, RandomSystemsCarryTheCertificate) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Drawn drawn = draw(seed);
    expect_certificate(drawn, rates(drawn.capacity, drawn.routes, {}, drawn.usages));
  }
}

TEST(MaxMin, TheOrderOfFlowsAndResourcesDoesNotMatter) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Drawn drawn = draw(seed);
    test::Random random(seed);
    std::vector<std::uint32_t> link(drawn.capacity.size()), flow(drawn.routes.size());
    for (auto* order : {&link, &flow}) {
      std::iota(order->begin(), order->end(), 0u);
      for (std::size_t i = order->size(); i > 1; --i) {
        std::swap((*order)[i - 1], (*order)[random.below(static_cast<std::uint32_t>(i))]);
      }
    }
    std::vector<double> capacity(link.size());
    for (std::size_t k = 0; k < link.size(); ++k) capacity[link[k]] = drawn.capacity[k];
    Routes routes(flow.size());
    Usages usages(drawn.usages.size());
    for (std::size_t f = 0; f < flow.size(); ++f) {
      for (const std::uint32_t k : drawn.routes[f]) routes[flow[f]].insert(routes[flow[f]].begin(), link[k]);
      if (!usages.empty()) usages[flow[f]].assign(drawn.usages[f].rbegin(), drawn.usages[f].rend());
    }
    const auto straight = rates(drawn.capacity, drawn.routes, {}, drawn.usages),
               mixed = rates(capacity, routes, {}, usages);
    for (std::size_t f = 0; f < flow.size(); ++f) ASSERT_NEAR(mixed[flow[f]], straight[f], 1e-12 * straight[f]);
  }
}

TEST(MaxMin, TheSameMemorySolvesOneProblemAfterAnother) {
  MaxMin solver;
  for (std::uint64_t seed = 20; seed > 0; --seed) {
    const Drawn drawn = draw(seed);
    const IndexRows all = rows(drawn.routes);
    const std::vector<double> usage = flat(drawn.usages);
    ASSERT_FALSE(solver.solve({drawn.capacity, all.begin, all.items, {}, {usage}}));
    EXPECT_EQ(std::vector<double>(solver.rate().begin(), solver.rate().end()),
              rates(drawn.capacity, drawn.routes, {}, drawn.usages));
  }
}

}  // namespace
}  // namespace ithaca
