#include "cli/plan_verdict.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/cli/sample_plan.hpp"
#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

using test::contains;

std::string verdict(const PlanQuestion& q) {
  std::string text;
  for (const std::string& line : test::planned(q).verdict) text += line + "\n";
  return text;
}

TEST(PlanVerdict, TakesTheBestAndSaysWhatLimitsIt) {
  const std::string text = verdict(test::plan_question(8, 262144));
  EXPECT_EQ(text.rfind("Take ", 0), 0u) << text;
  EXPECT_TRUE(contains(text, "\nLimit: kernels are "));
  EXPECT_TRUE(contains(text, "\nLever: "));
}

TEST(PlanVerdict, SaysHowSureItIsOfTheBestAgainstTheNext) {
  // Matrix products off by 20 % for each layout alone: the two times' logarithms differ by their lead, and the chance
  // is that of a normal error of the stated deviation to stay below it.
  Uncertainty errors;
  errors.half_gemm = {true, 0, 0.2};
  const PlanReport report = test::planned(test::plan_question(8, 65536), errors);
  const auto times = best_against_next(report);
  ASSERT_TRUE(times);
  const auto time = [&](int row) { return report.rows[static_cast<std::size_t>(row)].row.estimate->step.time; };
  const double lead = std::log(time(1) / time(0));
  EXPECT_GT(times->deviation, 0);
  EXPECT_NEAR(times->faster, 0.5 * std::erfc(-lead / times->deviation / std::sqrt(2.0)), 1e-12);
  EXPECT_TRUE(contains(report.verdict[0], " it beats the next, " + plan_words(report.rows[1]) + ", with a probability"))
      << report.verdict[0];
}

TEST(PlanVerdict, SaysHowSureItIsOfAnOffer) {
  // The same machine for 2 USD and, under another name, for 2.5 USD a GPU-hour, each with an error of its own of 20 %
  // of matrix products: the dearer one's dollars are 1.25 times as many for the same time.
  PlanQuestion q = test::plan_question(8, 65536);
  q.clusters.push_back(q.clusters[0]);
  q.clusters[1].name = "dearer";
  q.clusters[1].price_per_gpu_hour = q.clusters[0].price_per_gpu_hour * 1.25;
  q.goal = Goal::cheapest;
  Uncertainty errors;
  errors.half_gemm = {true, 0.2, 0};
  const PlanReport report = test::planned(q, errors);
  const auto times = best_against_next(report);
  ASSERT_TRUE(times);
  EXPECT_NEAR(times->faster, 0.5 * std::erfc(-std::log(1.25) / times->deviation / std::sqrt(2.0)), 1e-9);
  EXPECT_TRUE(contains(report.verdict[0], " on 8 GPUs of dearer, with a probability")) << report.verdict[0];
}

TEST(PlanVerdict, NothingFits) {
  const std::string text = verdict(test::plan_question(1, 8192));
  EXPECT_TRUE(contains(text, "Nothing fits: ")) << text;
  EXPECT_TRUE(contains(text, "--gpus 2"));
}

TEST(PlanVerdict, TooDearTooSlowNothingLegal) {
  PlanQuestion q = test::plan_question(8, 65536);
  q.limits.price_per_hour = Dollars{15};
  EXPECT_EQ(verdict(q), "Every offer costs more than 15.0 USD an hour; the cheapest is 16.0 USD.\n");
  q = test::plan_question(8, 65536);
  q.limits.tokens_per_s = TokensPerSecond{1e9};
  EXPECT_TRUE(contains(verdict(q), "No layout reaches 1.00e+09 tokens/s; without that limit the best makes "))
      << verdict(q);
  q = test::plan_question(8, 65536);
  q.fixed.tp = 5;
  q.strategies = {Strategy::megatron_sp};
  EXPECT_TRUE(contains(verdict(q), "tp 5 does not divide the 32 query heads")) << verdict(q);
}

}  // namespace
}  // namespace ithaca
