#include "sim/max_min.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/support/flow_systems.hpp"

namespace ithaca {
namespace {

using Routes = std::vector<std::vector<std::uint32_t>>;

IndexRows rows(const Routes& routes) {
  IndexRows all;
  for (const auto& route : routes) all.add(route);
  return all;
}

std::vector<double> rates(const std::vector<double>& capacity, const Routes& routes,
                          const std::vector<double>& caps = {}) {
  const IndexRows all = rows(routes);
  MaxMin solver;
  EXPECT_FALSE(solver.solve({capacity, all.begin, all.items, caps}));
  return {solver.rate().begin(), solver.rate().end()};
}

std::optional<MaxMinFault> fault(const std::vector<double>& capacity, const Routes& routes,
                                 const std::vector<double>& caps = {}) {
  const IndexRows all = rows(routes);
  return MaxMin().solve({capacity, all.begin, all.items, caps});
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
  EXPECT_EQ(fault({1}, {{0}}, {1, 1})->kind, Kind::shape);
  EXPECT_EQ(MaxMin().solve({})->kind, Kind::shape);
}

/// Every flow crosses a full link on which none is faster, and no link carries more than it can.
void expect_certificate(const std::vector<double>& capacity, const Routes& routes, const std::vector<double>& rate) {
  std::vector<double> load(capacity.size(), 0), fastest(capacity.size(), 0);
  for (std::size_t f = 0; f < routes.size(); ++f) {
    for (const std::uint32_t k : routes[f]) {
      load[k] += rate[f];
      fastest[k] = std::max(fastest[k], rate[f]);
    }
  }
  for (std::size_t k = 0; k < capacity.size(); ++k) ASSERT_LE(load[k], capacity[k] * (1 + 1e-12));
  for (std::size_t f = 0; f < routes.size(); ++f) {
    ASSERT_TRUE(std::any_of(
        routes[f].begin(), routes[f].end(),
        [&](std::uint32_t k) { return load[k] >= capacity[k] * (1 - 1e-12) && rate[f] >= fastest[k] * (1 - 1e-12); }))
        << "flow " << f;
  }
}

struct Drawn {
  std::vector<double> capacity;
  Routes routes;
};
Drawn draw(std::uint64_t seed) {
  const FlowSystem system = test::random_system(seed, 3 + seed % 90, 1 + seed * 37 % 1000);
  Drawn drawn;
  for (const BytesPerSecond c : system.capacity) drawn.capacity.push_back(c.value());
  for (std::size_t f = 0; f < system.size.size(); ++f) {
    drawn.routes.emplace_back(system.route[f].begin(), system.route[f].end());
  }
  return drawn;
}

TEST(MaxMin, RandomSystemsCarryTheCertificate) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Drawn drawn = draw(seed);
    expect_certificate(drawn.capacity, drawn.routes, rates(drawn.capacity, drawn.routes));
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
    for (std::size_t f = 0; f < flow.size(); ++f) {
      for (const std::uint32_t k : drawn.routes[f]) routes[flow[f]].insert(routes[flow[f]].begin(), link[k]);
    }
    const auto straight = rates(drawn.capacity, drawn.routes), mixed = rates(capacity, routes);
    for (std::size_t f = 0; f < flow.size(); ++f) ASSERT_NEAR(mixed[flow[f]], straight[f], 1e-12 * straight[f]);
  }
}

TEST(MaxMin, TheSameMemorySolvesOneProblemAfterAnother) {
  MaxMin solver;
  for (std::uint64_t seed = 20; seed > 0; --seed) {
    const Drawn drawn = draw(seed);
    const IndexRows all = rows(drawn.routes);
    ASSERT_FALSE(solver.solve({drawn.capacity, all.begin, all.items, {}}));
    EXPECT_EQ(std::vector<double>(solver.rate().begin(), solver.rate().end()), rates(drawn.capacity, drawn.routes));
  }
}

}  // namespace
}  // namespace ithaca
