#include "cli/plan_verdict.hpp"

#include <gtest/gtest.h>

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
