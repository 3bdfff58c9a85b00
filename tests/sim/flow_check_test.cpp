#include "sim/flow_check.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/flow_systems.hpp"

namespace ithaca {
namespace {

using test::flow_system;

TEST(Check, AGoodSystemPasses) {
  EXPECT_EQ(check(FlowSystem{}), std::nullopt);
  EXPECT_EQ(check(flow_system({1, 2}, {{0, {}}, {5, {0, 1}, 0, 3, {0}}}, {0, 1e-6})), std::nullopt);
}

TEST(Check, NamesWhatIsWrong) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinite = std::numeric_limits<double>::infinity();
  for (const double bad : {0.0, -1.0, nan, infinite})
    EXPECT_EQ(check(flow_system({1, bad}, {})), "link 1: its capacity must be above zero and finite");
  for (const double bad : {-1.0, nan, infinite}) {
    EXPECT_EQ(check(flow_system({1}, {}, {bad})), "link 0: its latency must be zero or more and finite");
    EXPECT_EQ(check(flow_system({1}, {{bad, {0}}})), "flow 0: its size must be zero or more and finite");
    EXPECT_EQ(check(flow_system({1}, {{1, {0}, bad}})), "flow 0: its start must be zero or more and finite");
    EXPECT_EQ(check(flow_system({1}, {{1, {0}, 0, bad}})),
              "flow 0: its rate cap must be above zero and finite, or 0 for none");
    EXPECT_EQ(check(flow_system({1}, {{1, {0}, 0, 0, {}, bad}})), "flow 0: its delay must be zero or more and finite");
  }
  for (const double bad : {0.0, -1.0, nan, infinite})
    EXPECT_EQ(check(flow_system({1, 1}, {{1, {1, 0}, 0, 0, {}, 0, {3, bad}}})),
              "flow 0: its usage of link 0 must be above zero and finite");
  EXPECT_EQ(check(flow_system({1}, {{1, {0}}, {1, {1}}})), "flow 1: there is no link 1");
  EXPECT_EQ(check(flow_system({1, 1}, {{1, {1, 0, 1}}})), "flow 0: its route crosses link 1 twice");
  EXPECT_EQ(check(flow_system({1}, {{1, std::vector<std::uint32_t>(65536, 0)}})),
            "flow 0: its route must not cross more than 65,535 links");
  EXPECT_EQ(check(flow_system({1}, {{1, {0}, 0, 0, {7}}})), "flow 0: it waits for flow 7, which is not there");
}

TEST(Check, NamesArraysOfUnequalLength) {
  FlowSystem system = flow_system({1}, {{1, {0}}});
  system.start.resize(2);
  EXPECT_EQ(check(system), "start times, delays and rate caps must be as many as flows");
  system = flow_system({1}, {{1, {0}}});
  system.latency.resize(2);
  EXPECT_EQ(check(system), "latencies must be as many as links");
  system = flow_system({1}, {{1, {0}}});
  system.route = {};
  EXPECT_EQ(check(system), "routes must be as many as flows");
  system = flow_system({1, 1}, {{1, {0, 1}}});
  system.usage = {1};
  EXPECT_EQ(check(system), "usages must be as many as items of routes");
  system = flow_system({1}, {{1, {0}}});
  system.route.begin = {0, 5};
  EXPECT_EQ(check(system), "routes must be as many as flows");
  system = flow_system({1}, {{1, {0}}});
  system.after.add({});
  EXPECT_EQ(check(system), "rows of 'after' must be as many as flows");
}

TEST(Check, FindsCircles) {
  EXPECT_EQ(check(flow_system({1}, {{1, {0}, 0, 0, {0}}})), "flow 0: it waits for itself, perhaps through others");
  IndexRows after;
  for (const auto& row : std::vector<std::vector<std::uint32_t>>{{}, {0, 3}, {1}, {2, 0}}) after.add(row);
  EXPECT_TRUE(find_circle(after));  // 1 waits for 3, 3 for 2, 2 for 1
  IndexRows diamond;
  for (const auto& row : std::vector<std::vector<std::uint32_t>>{{}, {0}, {0}, {1, 2, 0}, {3, 3}}) diamond.add(row);
  EXPECT_FALSE(find_circle(diamond));
}

TEST(Check, ALongChainNeedsNoDeepStack) {
  IndexRows after;
  for (std::uint32_t f = 0; f < 300000; ++f) {
    after.add(f + 1 < 300000 ? std::vector<std::uint32_t>{f + 1} : std::vector<std::uint32_t>{});
  }
  EXPECT_FALSE(find_circle(after));
}

}  // namespace
}  // namespace ithaca
