#include "cli/sweep/limits.hpp"

#include "tests/cli/widths.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

struct Asked {
  Question question{test::llama3_8b(), test::sequence(65536), test::round_cluster(), 8, {}, {Strategy::ulysses}};
  Row row = compare_strategy(question, Strategy::ulysses, false);
};

std::optional<PointProblem> held(const std::string& text) {
  const Asked asked;
  Diagnostics problems;
  const auto limit = read_limit(text, SweepAsks::step, problems);
  EXPECT_TRUE(problems.empty()) << print(problems);
  return missed(std::span(&*limit, 1), {.question = asked.question, .step = &asked.row});
}

TEST(SweepLimits, NumbersCarryTheirUnit) {
  EXPECT_FALSE(held("step.time_s < 1000s"));
  EXPECT_FALSE(held("step.time_s>1us"));
  EXPECT_TRUE(held("step.time_s <= 1us"));
  EXPECT_FALSE(held("memory.peak_bytes < 80GB"));
  EXPECT_TRUE(held("memory.peak_bytes < 1KiB"));
  EXPECT_FALSE(held("layout.ulysses >= 8"));
  EXPECT_FALSE(held("step.mfu < 100%"));
}

TEST(SweepLimits, WordsAndFlags) {
  EXPECT_FALSE(held("strategy = ulysses"));
  EXPECT_TRUE(held("strategy != ulysses"));
  EXPECT_FALSE(held("memory.fits = true"));
}

TEST(SweepLimits, WhatIsMissedIsSaid) {
  const auto problem = held("layout.ulysses < 8");
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->rule, "where");
  EXPECT_EQ(problem->why, "layout.ulysses is 8, not layout.ulysses < 8");
}

TEST(SweepLimits, MistakesGetTheNearestField) {
  Diagnostics problems;
  EXPECT_FALSE(read_limit("step.tme_s < 1", SweepAsks::step, problems));
  EXPECT_FALSE(read_limit("step.time_s", SweepAsks::step, problems));
  const std::string text = print(problems);
  EXPECT_TRUE(test::contains(text, "did you mean 'step.time_s'?")) << text;
  EXPECT_TRUE(test::contains(text, "this compares nothing")) << text;
}

}  // namespace
}  // namespace ithaca
