#include "sim/flow_engine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tests/support/fat_tree.hpp"
#include "tests/support/flow_oracle.hpp"
#include "tests/support/flow_systems.hpp"
#include "tests/support/flow_witness.hpp"

namespace ithaca {
namespace {

using test::flow_system;
using test::run;

void expect_finishes(const FlowSystem& system, const std::vector<double>& expected) {
  const FlowRun result = run(system);
  ASSERT_EQ(result.finish.size(), expected.size());
  for (std::size_t f = 0; f < expected.size(); ++f) {
    EXPECT_NEAR(result.finish[f].value(), expected[f], 1e-13 * expected[f]) << "flow " << f;
  }
}

TEST(RunFlows, TwoFlowsOnALink) {
  // 10 B/s for 20 B and 60 B. Both at 5 until 20 / 5 = 4; the other has 40 left, at 10: 4 + 4.
  expect_finishes(flow_system({10}, {{20, {0}}, {60, {0}}}), {4, 8});
}

TEST(RunFlows, ALateArrival) {
  // 10 B/s. 50 B from 0, 10 B from 2: at 2 the first has 30 left; both at 5; the second ends at 2 + 10 / 5 = 4; the
  // first then has 20 left: 4 + 2.
  expect_finishes(flow_system({10}, {{50, {0}}, {10, {0}, 2}}), {6, 4});
}

TEST(RunFlows, ParkingLot) {
  // Links of 10. A long flow of 30 B over all three, 10 B on link 0, 20 B on link 1, 5 B on link 2; all at 5.
  // At 1 link 2's flow ends, at 2 link 0's: nothing changes, link 1 still halves. At 4 link 1's (20 / 5) ends, the long
  // one has 10 left at 10: 5.
  expect_finishes(flow_system({10, 10, 10}, {{30, {0, 1, 2}}, {10, {0}}, {20, {1}}, {5, {2}}}), {5, 2, 4, 1});
}

TEST(RunFlows, RatesPassOnAlongAChain) {
  // The chain of the solver's test: rates 3, 3, 7, 13 on links of 6, 10, 20.
  // Sizes 3, 33, 35, 195. At 1 flow 0 ends: link 1 halves, 5 for 1 and 2, which leaves flow 3 with 15.
  // Left then: 30, 28, 182. Flow 2 ends at 1 + 28 / 5 = 6.6. Flow 1 has 2 left, at 6 (link 0): 6.6 + 1 / 3. Flow 3 has
  // 182 - 15 x 5.6 = 98 left, at 20: 6.6 + 4.9 = 11.5.
  expect_finishes(flow_system({6, 10, 20}, {{3, {0}}, {33, {0, 1}}, {35, {1, 2}}, {195, {2}}}),
                  {1, 6.6 + 1.0 / 3, 6.6, 11.5});
}

TEST(RunFlows, LatencyDelaysTheFirstByteAndWeighsNothing) {
  // Routes with 0.5 and 2.5 of latency into one link of 10. The near flow has moved 20 of its 40 when the far one
  // comes; both at 5 until 2.5 + 20 / 5 = 6.5, when the far one has 20 of its 40 left: 8.5.
  expect_finishes(flow_system({90, 90, 10}, {{40, {0, 2}}, {40, {1, 2}}}, {0.25, 2.25, 0.25}), {6.5, 8.5});
}

TEST(RunFlows, FlowsWaitForOthers) {
  // 10 B/s. Flow 1 begins when 0 ends (at 1), plus a delay of 0.5 and a latency of 0.25: 1.75 .. 2.75. Flow 2 waits for
  // both and its own start at 5: 5.25 .. 6.25. Flow 3 has no link and ends when 1 ends.
  expect_finishes(
      flow_system({10}, {{10, {0}, 0}, {10, {0}, 0, 0, {0}, 0.5}, {10, {0}, 5, 0, {0, 1}}, {99, {}, 0, 0, {1}}},
                  {0.25}),
      {1.25, 3, 6.25, 3});
}

TEST(RunFlows, UsageWeighsOnLinksAndNotOnFlows) {
  // The first flow crosses the link of 12 twice: 2 x + x = 12, both at 4 until 20 / 4 = 5. The other has 16 of its 36
  // left, at 12. The link carries 2 x 20 + 36.
  const FlowSystem system = flow_system({12}, {{20, {0}, 0, 0, {}, 0, {2}}, {36, {0}}});
  expect_finishes(system, {5, 5 + 16.0 / 12});
  EXPECT_EQ(run(system).carried[0], Bytes{76});
  // A cap is on the rate: 2 x 1 of the 12 leave 10; 36 / 10.
  expect_finishes(flow_system({12}, {{20, {0}, 0, 1, {}, 0, {2}}, {36, {0}}}), {20, 3.6});
}

/// A system of classes, each of equal flows over equal links, and the same with the flows of a class written out.
struct Classes {
  FlowSystem system, written_out;
  std::vector<std::uint32_t> first;  ///< of the class's flows
};

/// Every link is there once, twice or three times; a class has a multiple of 6 flows, which take the links of a class
/// in turn. A link of a class that is there m times carries 1 / m of each class's flows.
Classes draw_classes(std::uint64_t seed) {
  test::Random random(seed);
  FlowSystem base = test::random_system(7 * seed + 2, static_cast<std::uint32_t>(2 + seed % 7), 12);
  Classes drawn{base, base, {}};
  FlowSystem& all = drawn.written_out;
  all = {};
  drawn.system.usage.clear();
  std::vector<std::uint32_t> copies, first_link;
  for (std::size_t k = 0; k < base.capacity.size(); ++k) {
    copies.push_back(1 + random.below(3));
    first_link.push_back(static_cast<std::uint32_t>(all.capacity.size()));
    all.capacity.resize(all.capacity.size() + copies[k], base.capacity[k]);
    if (!base.latency.empty()) all.latency.resize(all.capacity.size(), base.latency[k]);
  }
  for (std::uint32_t f = 0; f < base.size.size(); ++f) {
    drawn.first.push_back(static_cast<std::uint32_t>(all.size.size()));
    const std::uint32_t flows = 6 * (1 + random.below(3));
    for (const std::uint32_t k : base.route[f]) drawn.system.usage.push_back(flows / copies[k]);
    for (std::uint32_t i = 0; i < flows; ++i) {
      std::vector<std::uint32_t> route, after;
      for (const std::uint32_t k : base.route[f]) route.push_back(first_link[k] + i % copies[k]);
      for (const std::uint32_t other : base.after[f]) after.push_back(drawn.first[other]);
      all.route.add(route);
      all.after.add(after);
      all.size.push_back(base.size[f]);
      all.start.push_back(base.start[f]);
      all.delay.push_back(base.delay[f]);
      all.rate_cap.push_back(base.rate_cap[f]);
    }
  }
  return drawn;
}

TEST(RunFlows, AClassWithUsageEqualsItsFlowsWrittenOut) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Classes drawn = draw_classes(seed);
    const FlowRun classes = run(drawn.system), all = run(drawn.written_out);
    ASSERT_EQ(drawn.first.size(), classes.finish.size());
    for (std::size_t f = 0; f < all.finish.size(); ++f) {
      const std::size_t c = std::upper_bound(drawn.first.begin(), drawn.first.end(), f) - drawn.first.begin() - 1;
      ASSERT_NEAR(all.finish[f].value(), classes.finish[c].value(), 1e-11 * all.finish[f].value()) << "flow " << f;
    }
  }
}

TEST(RunFlows, CapsAndTies) {
  // The link carries 10. One flow is capped at 1: it needs 10 for its 10 B. Two more share the 9: 4.5 each, 9 B in 2.
  // From 2 on the capped one is alone.
  expect_finishes(flow_system({10}, {{10, {0}, 0, 1}, {9, {0}}, {9, {0}}}), {10, 2, 2});
  // A flow without links that is capped: 6 / 3.
  expect_finishes(flow_system({}, {{6, {}, 0, 3}}), {2});
}

TEST(RunFlows, NothingTakesNoTime) {
  expect_finishes(flow_system({10}, {{0, {0}, 3}, {5, {}, 1}, {0, {0}, 0, 0, {0}}}, {1}), {4, 1, 5});
  const FlowRun empty = run(FlowSystem{});
  EXPECT_EQ(empty.makespan, Seconds{0});
  EXPECT_EQ(empty.events, 0);
}

TEST(RunFlows, WhatHappensAtOnceIsOneEvent) {
  // Four equal flows begin at once and end at once, when a fifth begins.
  const FlowSystem system = flow_system({10, 10}, {{5, {0}}, {5, {0}}, {5, {1}}, {5, {1}}, {1, {0}, 1}});
  EXPECT_EQ(run(system).events, 3);
  expect_finishes(system, {1, 1, 1, 1, 1.1});
}

TEST(RunFlows, LinksCountTheirBytes) {
  const FlowSystem system = flow_system({10, 40}, {{20, {0, 1}}, {60, {0}}});
  const FlowRun result = run(system);
  EXPECT_EQ(result.carried[0], Bytes{80});
  EXPECT_EQ(result.carried[1], Bytes{20});
  EXPECT_EQ(result.makespan, Seconds{8});  // as in TwoFlowsOnALink
  EXPECT_DOUBLE_EQ(utilisation(system, result, 0), 1);
  EXPECT_DOUBLE_EQ(utilisation(system, result, 1), 20.0 / (40 * 8));
  EXPECT_EQ(utilisation(flow_system({1}, {}), run(flow_system({1}, {})), 0), 0);
}

TEST(RunFlows, RefusesByValue) {
  const auto refused = run_flows(flow_system({0}, {}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), "link 0: its capacity must be above zero and finite");
  const auto endless = run_flows(flow_system({1e-300}, {{1, {0}}, {1e308, {0}}}));
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error(), "flow 1: it takes longer than numbers can say");
}

TEST(RunFlows, EqualsTheLongDoubleOracle) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const FlowSystem system = test::random_system(seed, static_cast<std::uint32_t>(1 + seed % 9),
                                                  static_cast<std::uint32_t>(1 + seed * 7 % 40));
    const auto expected = test::FlowOracle(system).run();
    const FlowRun result = run(system);
    for (std::size_t f = 0; f < expected.size(); ++f) {
      const double finish = static_cast<double>(expected[f]);
      ASSERT_NEAR(result.finish[f].value(), finish, 1e-11 * finish) << "flow " << f;
    }
  }
}

TEST(RunFlows, EqualsItselfFromScratch) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const FlowSystem system = test::random_system(seed, static_cast<std::uint32_t>(5 + seed), 300);
    FlowOptions scratch;
    scratch.from_scratch = true;
    const FlowRun a = run(system), b = run(system, scratch);
    for (std::size_t f = 0; f < a.finish.size(); ++f) {
      ASSERT_NEAR(a.finish[f].value(), b.finish[f].value(), 1e-10 * b.finish[f].value()) << "flow " << f;
    }
  }
}

TEST(RunFlows, TheOrderOfFlowsAndLinksDoesNotMatter) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    FlowSystem system = test::random_system(seed, 20, 200);
    system.after = {};
    FlowSystem mirrored;
    const std::size_t links = system.capacity.size(), flows = system.size.size();
    mirrored.capacity.assign(system.capacity.rbegin(), system.capacity.rend());
    mirrored.latency.assign(system.latency.rbegin(), system.latency.rend());
    mirrored.usage.assign(system.usage.rbegin(), system.usage.rend());
    mirrored.size.assign(system.size.rbegin(), system.size.rend());
    mirrored.start.assign(system.start.rbegin(), system.start.rend());
    mirrored.rate_cap.assign(system.rate_cap.rbegin(), system.rate_cap.rend());
    for (std::size_t f = flows; f-- > 0;) {
      std::vector<std::uint32_t> route;
      for (const std::uint32_t k : system.route[f])
        route.insert(route.begin(), static_cast<std::uint32_t>(links - 1 - k));
      mirrored.route.add(route);
    }
    const FlowRun a = run(system), b = run(mirrored);
    for (std::size_t f = 0; f < flows; ++f) {
      ASSERT_NEAR(b.finish[flows - 1 - f].value(), a.finish[f].value(), 1e-10 * a.finish[f].value()) << "flow " << f;
    }
  }
}

TEST(RunFlows, AllToAllOnAFatTreeMeetsThePortBound) {
  // 16 hosts, 4 leaves, 1 MB a pair, 50 GB/s. Non-blocking: 15 MB leave each host: 300 us. With 2 spines each leaf
  // sends 4 x 12 MB over two links: 48e6 / 100e9 = 480 us.
  EXPECT_NEAR(run(bench::fat_tree_all_to_all(4, 4, 0)).makespan.value(), 300e-6, 1e-15);
  EXPECT_NEAR(run(bench::fat_tree_all_to_all(4, 2, 0)).makespan.value(), 480e-6, 1e-15);
  // All at once and unequal: the most loaded link never rests, so its bytes over its capacity are the makespan.
  const FlowSystem unequal = bench::fat_tree_all_to_all(8, 8, 0.5);
  const FlowRun result = run(unequal);
  const Bytes most = *std::max_element(result.carried.begin(), result.carried.end());
  EXPECT_NEAR(result.makespan.value(), most.value() / 50e9, 1e-12 * result.makespan.value());
  EXPECT_GE(result.events, 4000);  // 64 x 63 flows of different sizes, most of which end alone
}

TEST(RunFlows, ShortRunsAreAsExactAsLongOnes) {
  // The same run a million times faster: every finish a millionth.
  const FlowSystem slow = test::random_system(7, 10, 100);
  FlowSystem fast = slow;
  for (Bytes& size : fast.size) size = Bytes{size.value() * 0x1p-20};
  for (auto* times : {&fast.start, &fast.latency, &fast.delay}) {
    for (Seconds& time : *times) time = Seconds{time.value() * 0x1p-20};
  }
  const FlowRun a = run(slow), b = run(fast);
  for (std::size_t f = 0; f < a.finish.size(); ++f) EXPECT_EQ(b.finish[f].value(), a.finish[f].value() * 0x1p-20);
}

TEST(RunFlows, ThreadsDoNotDisturbEachOther) {
  const FlowSystem system = bench::fat_tree_all_to_all(4, 4, 0.5);
  const FlowRun alone = run(system);
  std::vector<FlowRun> runs(4);
  std::vector<std::thread> threads;
  for (FlowRun& r : runs) threads.emplace_back([&] { r = run(system); });
  for (std::thread& thread : threads) thread.join();
  for (const FlowRun& r : runs) EXPECT_EQ(r.finish, alone.finish);
}

}  // namespace
}  // namespace ithaca
