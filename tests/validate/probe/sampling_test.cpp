#include "validate/probe/sampling.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace ithaca {
namespace {

/// Timing i comes from a function of i.
class Script : public Stopwatch {
 public:
  explicit Script(std::function<Timing(int)> timing) : timing_(std::move(timing)) {}
  Result<Timing, std::string> time() override {
    if (fail_at >= 0 && calls == fail_at) return std::string("the GPU is gone");
    return timing_(calls++);
  }
  int calls = 0;
  int fail_at = -1;

 private:
  std::function<Timing(int)> timing_;
};

TEST(Sampling, QuantilesLieOnStraightLines) {
  const std::vector<double> sorted{1, 2, 4};
  EXPECT_DOUBLE_EQ(quantile(sorted, 0), 1);
  EXPECT_DOUBLE_EQ(quantile(sorted, 0.5), 2);
  EXPECT_DOUBLE_EQ(quantile(sorted, 0.75), 3);  // half way from 2 to 4
  EXPECT_DOUBLE_EQ(quantile(sorted, 1), 4);
}

TEST(Sampling, TheMediansErrorComesFromOrderStatistics) {
  // n = 25: ranks floor(12.5 - 4.9) = 7 and ceil(13.5 + 4.9) = 19, so (19 - 7) / 2 / 13 for the values 1..25.
  std::vector<double> values;
  for (int i = 1; i <= 25; ++i) values.push_back(i);
  EXPECT_DOUBLE_EQ(median_half_interval(values), 6.0 / 13);
  // n = 6: floor(3 - 2.40) = 0, so rank 1; ceil(4 + 2.40) = 7, so rank 6: (6 - 1) / 2 / 3.5.
  EXPECT_DOUBLE_EQ(median_half_interval({1, 2, 3, 4, 5, 6}), 2.5 / 3.5);
  EXPECT_TRUE(std::isinf(median_half_interval({1, 1, 1, 1, 1})));
}

TEST(Sampling, SteadyTimesStopAtTheLeastCount) {
  Script steady([](int) { return Timing{Seconds{1e-3}, 1980, 0}; });
  const auto m = measure(steady, {});
  ASSERT_TRUE(m);
  EXPECT_EQ(steady.calls, 25);  // 5 to warm up and 20
  EXPECT_EQ(m->timings, 20);
  EXPECT_EQ(m->median, Seconds{1e-3});
  EXPECT_EQ(m->error, 0);
  EXPECT_EQ(m->clock_mhz, 1980);
  EXPECT_EQ(m->doubt, "");
}

TEST(Sampling, WarmUpGoesOnUntilThreeAgree) {
  // 10, 9, 8, ... 2, 1, 1, 1: the first three that agree end at the 12th.
  Script falling([](int i) { return Timing{Seconds{std::max(1.0, 10.0 - i) * 1e-3}, 0, 0}; });
  const auto m = measure(falling, {});
  ASSERT_TRUE(m);
  EXPECT_EQ(falling.calls, 12 + 20);
  EXPECT_EQ(m->median, Seconds{1e-3});
}

TEST(Sampling, NoiseIsSampledUntilTheMedianIsSure) {
  // 1 +- 5 %, spread evenly: the interval over n values of such a ramp is about 0.98 / sqrt(n) x 10 %, so an error of
  // 1 % needs about (9.8)^2 = 96 values; 2 % for coarse steps.
  Script noisy([](int i) { return Timing{Seconds{1e-3 * (0.95 + 0.1 * (i * 37 % 101) / 100.0)}, 0, 0}; });
  StoppingRule rule;
  rule.warm_agreement = 1;
  const auto m = measure(noisy, rule);
  ASSERT_TRUE(m);
  EXPECT_GT(m->timings, 70);
  EXPECT_LT(m->timings, 140);
  EXPECT_LE(m->error, 0.01);
  EXPECT_NEAR(m->median.value(), 1e-3, 2e-5);
  EXPECT_LT(m->p10, m->median);
  EXPECT_GT(m->p90, m->median);
}

TEST(Sampling, WhatNeverSettlesIsDoubted) {
  Script wild([](int i) { return Timing{Seconds{i % 2 == 0 ? 1e-3 : 3e-3}, 0, 0}; });
  const auto m = measure(wild, {});
  ASSERT_TRUE(m);
  EXPECT_EQ(wild.calls, 50 + 200);
  EXPECT_EQ(m->doubt, "the median did not settle");
}

TEST(Sampling, TheBudgetEndsLongKernels) {
  // 1 s each under a budget of 5 s: 6 warm-up timings at most, then the least count.
  Script slow([](int i) { return Timing{Seconds{i % 2 == 0 ? 1.0 : 2.0}, 0, 0}; });
  const auto m = measure(slow, {});
  ASSERT_TRUE(m);
  EXPECT_EQ(m->timings, 20);
  EXPECT_LE(slow.calls, 26);
}

TEST(Sampling, TimingsWithAFallenClockAreLeftOut) {
  // After 10 of the timings that count, two run at half the clock and twice the time.
  Script throttled([](int i) {
    const bool is_slow = i == 15 || i == 16;
    return Timing{Seconds{is_slow ? 2e-3 : 1e-3}, is_slow ? 990.0 : 1980.0, is_slow ? 0x4u : 0x0u};
  });
  const auto m = measure(throttled, {});
  ASSERT_TRUE(m);
  EXPECT_EQ(m->marked, 2);
  EXPECT_EQ(m->timings, 18);
  EXPECT_EQ(m->p90, Seconds{1e-3});
  EXPECT_EQ(m->throttle, 0x4u);
  EXPECT_EQ(m->doubt, "");
}

TEST(Sampling, TheClockThatAPowerLimitAllowsIsTheClock) {
  // 1980 MHz for 7 timings, of which 5 warm it up; 1500 MHz for 1.32 times as long from there on.
  Script limited([](int i) { return Timing{Seconds{i < 7 ? 1e-3 : 1.32e-3}, i < 7 ? 1980.0 : 1500.0, 0x4u}; });
  const auto m = measure(limited, {});
  ASSERT_TRUE(m);
  EXPECT_EQ(m->median, Seconds{1.32e-3});
  EXPECT_EQ(m->clock_mhz, 1500);
  EXPECT_EQ(m->doubt, "");
}

TEST(Sampling, AClockThatStillMovesIsDoubted) {
  // 5 % is allowed: 1890 of 1980 is 4.5 % less, 1860 is 6 %. Ten of twenty timings each.
  const auto after_ten = [](double clock) {
    return [clock](int i) { return Timing{Seconds{1e-3}, i < 15 ? 1980.0 : clock, 0}; };
  };
  Script within(after_ten(1890)), below(after_ten(1860));
  EXPECT_EQ(measure(within, {})->doubt, "");
  EXPECT_EQ(measure(below, {})->doubt, "the clock went from 1980 to 1860 MHz");
}

TEST(Sampling, WarmUpLastsAsLongAsItIsTold) {
  // 4 calls of 1 ms a timing: 0.1 s are 25 timings, though 5 agree.
  Script steady([](int) { return Timing{Seconds{1e-3}, 1980, 0, 4}; });
  StoppingRule rule;
  rule.warm_time = Seconds{0.1};
  ASSERT_TRUE(measure(steady, rule));
  EXPECT_EQ(steady.calls, 25 + 20);
}

TEST(Sampling, AnErrorEndsIt) {
  for (const int at : {0, 10}) {
    Script failing([](int) { return Timing{Seconds{1e-3}, 0, 0}; });
    failing.fail_at = at;
    const auto m = measure(failing, {});
    ASSERT_FALSE(m);
    EXPECT_EQ(m.error(), "the GPU is gone");
  }
}

}  // namespace
}  // namespace ithaca
