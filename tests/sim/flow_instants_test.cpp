#include <gtest/gtest.h>

#include <limits>

#include "sim/flow_engine.hpp"
#include "tests/support/fat_tree.hpp"
#include "tests/support/flow_systems.hpp"
#include "tests/support/flow_witness.hpp"

namespace ithaca {
namespace {

using test::flow_system;
using test::run;
using test::Witness;

TEST(RunFlows, EveryInstantIsMaxMinFairAndNoByteIsLost) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto links = static_cast<std::uint32_t>(2 + seed * 5 % 80),
               flows = static_cast<std::uint32_t>(seed * 97 % 1001);
    const FlowSystem system = test::random_system(seed, links, flows);
    Witness witness(system);
    FlowOptions options;
    options.observe = [&](const FlowInstant& now) { witness.see(now); };
    const FlowRun result = run(system, options);
    ASSERT_FALSE(HasFatalFailure());
    for (std::size_t f = 0; f < flows; ++f) {
      const double bound = error_bound(result) * result.finish[f].value() * witness.fastest_rate;
      ASSERT_NEAR(witness.moved[f], system.size[f].value(), bound) << "flow " << f;
    }
  }
}

FlowRun run_merged(const FlowSystem& system, double merge, Witness* witness = nullptr) {
  FlowOptions options;
  options.merge = merge;
  if (witness) options.observe = [=](const FlowInstant& now) { witness->see(now); };
  return run(system, options);
}

TEST(RunFlows, MergedCompletionsAreAnExactRunOfSizesWithinTheError) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto flows = static_cast<std::uint32_t>(seed * 97 % 1001);
    const double merge = seed % 3 == 0 ? 0.05 : 0.005;
    FlowSystem system = test::random_system(seed, static_cast<std::uint32_t>(2 + seed * 5 % 80), flows);
    Witness witness(system);
    const FlowRun merged = run_merged(system, merge, &witness);
    ASSERT_FALSE(HasFatalFailure());
    for (std::size_t f = 0; f < flows; ++f) {
      const double rounding = error_bound(merged) * merged.finish[f].value() * witness.fastest_rate;
      ASSERT_NEAR(witness.moved[f], system.size[f].value(), merge * system.size[f].value() + rounding) << "flow " << f;
    }
    for (std::size_t f = 0; f < flows; ++f) system.size[f] = Bytes{witness.moved[f]};
    const FlowRun exact = run(system);
    for (std::size_t f = 0; f < flows; ++f) {
      ASSERT_NEAR(merged.finish[f].value(), exact.finish[f].value(), 1e-10 * exact.finish[f].value()) << "flow " << f;
    }
  }
}

TEST(RunFlows, MergedCompletionsOfOneLinkAreWithinTheError) {
  // More bytes never let another flow of the same link finish earlier: statement 3 of flow_engine.hpp.
  std::vector<test::TestFlow> flows;
  test::Random random(3);
  for (int f = 0; f < 3000; ++f) flows.push_back({1e6 * (0.01 + random.share()), {0}});
  const FlowSystem system = flow_system({50e9}, flows);
  const FlowRun exact = run(system), merged = run_merged(system, 0.005);
  EXPECT_LT(merged.events, 600);  // sizes from 1 to 101, one in 0.99: ln(101) / 0.01 = 462
  for (std::size_t f = 0; f < flows.size(); ++f) {
    ASSERT_NEAR(merged.finish[f].value(), exact.finish[f].value(), 0.005 * exact.finish[f].value()) << "flow " << f;
  }
}

TEST(RunFlows, AMergedAllToAllEndsWithinTheError) {
  // The most loaded link never rests: statement 2 of flow_engine.hpp.
  const FlowSystem system = bench::fat_tree_all_to_all(8, 8, 0.5);
  const FlowRun exact = run(system), merged = run_merged(system, 0.005);
  EXPECT_NEAR(merged.makespan.value(), exact.makespan.value(), 0.005 * exact.makespan.value());
  EXPECT_LT(merged.events * 10, exact.events);
  EXPECT_EQ(merged.carried, exact.carried);
}

TEST(RunFlows, RefusesAMergeOutOfRange) {
  for (const double bad : {-0.1, 1.0, std::numeric_limits<double>::quiet_NaN()}) {
    FlowOptions options;
    options.merge = bad;
    const auto refused = run_flows(FlowSystem{}, options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), "merged completions: the error must be 0 or more and below 1");
  }
}

}  // namespace
}  // namespace ithaca
