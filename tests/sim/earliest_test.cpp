#include "sim/earliest.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/flow_systems.hpp"

namespace ithaca {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

TEST(Earliest, NobodyHasATimeAtFirst) {
  for (const std::size_t size : {0u, 1u, 5u}) {
    Earliest earliest;
    earliest.resize(size);
    EXPECT_EQ(earliest.time(), kNever);
  }
}

TEST(Earliest, KnowsTheSmallestAndWhoIsUpToALimit) {
  Earliest earliest;
  earliest.resize(37);
  std::vector<double> times(37, kNever);
  test::Random random(7);
  for (int i = 0; i < 500; ++i) {
    const std::uint32_t who = random.below(37);
    times[who] = random.below(4) == 0 ? kNever : random.below(20);
    if (i % 2 == 0) {
      earliest.set(who, times[who]);
    } else {
      earliest.put(who, times[who]);
      earliest.settle();
    }
    ASSERT_EQ(earliest.time(), *std::min_element(times.begin(), times.end()));
    std::vector<std::uint32_t> found, expected;
    earliest.up_to(5, [&](std::uint32_t k) { found.push_back(k); });
    for (std::uint32_t k = 0; k < 37; ++k) {
      if (times[k] <= 5) expected.push_back(k);
    }
    ASSERT_EQ(found, expected);
  }
}

}  // namespace
}  // namespace ithaca
