#include "validate/probe/batch_plan.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

TEST(BatchPlan, OtherBuffersFillTheCacheTwice) {
  // A cache of 50 MB and sets of 10 MB: 10 others and one.
  EXPECT_EQ(buffer_sets(Bytes{10e6}, Bytes{50e6}, Bytes{80e9}), 11);
  // One set of 30 MB leaves 3.3 others to hold 100 MB: 4.
  EXPECT_EQ(buffer_sets(Bytes{30e6}, Bytes{50e6}, Bytes{80e9}), 5);
  // Large sets still take turns.
  EXPECT_EQ(buffer_sets(Bytes{10e9}, Bytes{50e6}, Bytes{80e9}), 2);
}

TEST(BatchPlan, MemoryAndCountAreBounds) {
  EXPECT_EQ(buffer_sets(Bytes{50e9}, Bytes{50e6}, Bytes{80e9}), 1);
  EXPECT_EQ(buffer_sets(Bytes{90e9}, Bytes{50e6}, Bytes{80e9}), 0);
  EXPECT_EQ(buffer_sets(Bytes{1}, Bytes{50e6}, Bytes{80e9}), 4096);
}

TEST(BatchPlan, CallsTakeTwoMilliseconds) {
  EXPECT_EQ(calls_per_timing(Seconds{5e-3}), 1);
  EXPECT_EQ(calls_per_timing(Seconds{2e-3}), 1);
  EXPECT_EQ(calls_per_timing(Seconds{3e-4}), 7);  // 6.67
  EXPECT_EQ(calls_per_timing(Seconds{1e-7}), 1000);
  EXPECT_EQ(calls_per_timing(Seconds{0}), 1000);
}

}  // namespace
}  // namespace ithaca
