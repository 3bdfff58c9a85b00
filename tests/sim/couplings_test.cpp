#include "sim/couplings.hpp"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/flow_systems.hpp"

namespace ithaca {
namespace {

std::map<std::uint32_t, double> listed(const Couplings& couplings) {
  std::map<std::uint32_t, double> all;
  for (const Coupling& c : couplings.list()) EXPECT_TRUE(all.emplace(c.other, c.usage).second) << "listed twice";
  return all;
}

TEST(Couplings, CountFlowsAndAddUsageUp) {
  Couplings couplings;
  couplings.add(7, 2);
  couplings.add(3, 1);
  couplings.add(7, 0.5);
  EXPECT_EQ(listed(couplings), (std::map<std::uint32_t, double>{{3, 1}, {7, 2.5}}));
  couplings.drop(7, 2);
  EXPECT_EQ(listed(couplings), (std::map<std::uint32_t, double>{{3, 1}, {7, 0.5}}));
  couplings.drop(7, 0.5);
  EXPECT_EQ(listed(couplings), (std::map<std::uint32_t, double>{{3, 1}}));
  couplings.clear();
  EXPECT_TRUE(couplings.list().empty());
}

TEST(Couplings, ManyAreFoundAsFewAre) {
  // Up to 100 others of 200 come and go, whose homes in the table collide; the list always says what a map does.
  Couplings couplings;
  std::map<std::uint32_t, double> flows;
  test::Random random(5);
  for (int step = 0; step < 4000; ++step) {
    const std::uint32_t other = 64 * random.below(200);
    const bool is_full = flows.size() > 100, is_there = flows.contains(other);
    if (is_there && (is_full || random.below(2) == 0)) {
      couplings.drop(other, 1);
      if (--flows[other] == 0) flows.erase(other);
    } else if (!is_full) {
      couplings.add(other, 1);
      ++flows[other];
    }
    if (step % 20 > 0) continue;
    ASSERT_EQ(listed(couplings), flows) << "after step " << step;
  }
  EXPECT_GT(flows.size(), 40u);
}

}  // namespace
}  // namespace ithaca
