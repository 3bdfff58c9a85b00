#include "cli/spread.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

Spread of(int count) {
  std::vector<Seconds> times;
  for (int i = count; i > 0; --i) times.emplace_back(i);
  return spread(times);
}

TEST(Spread, PercentilesAreTimesThatOccurred) {
  // 1 to 20: half are at most 10, 19 of 20 are at most 19.
  EXPECT_EQ(of(20).median.value(), 10);
  EXPECT_EQ(of(20).p95.value(), 19);
  EXPECT_EQ(of(20).worst.value(), 20);
  // Of five the fourth covers 80 % only, so the fifth; of one, itself.
  EXPECT_EQ(of(5).median.value(), 3);
  EXPECT_EQ(of(5).p95.value(), 5);
  EXPECT_EQ(of(1).median.value(), 1);
}

}  // namespace
}  // namespace ithaca
