#include "cli/plan_flags.hpp"

#include <gtest/gtest.h>

#include "cli/commands.hpp"
#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

using test::contains;

struct Read {
  PlanRequest request;
  std::string problems;
};

Read read(std::vector<std::string> more, bool seq = true) {
  std::vector<std::string> words{"--model", "m", "--cluster", "a,b", "--gpus", "8..32*2"};
  if (seq) words.insert(words.end(), {"--seq", "64Ki"});
  words.insert(words.end(), more.begin(), more.end());
  ParsedArguments parsed = parse_arguments(kPlan, words);
  const PlanRequest request = read_plan_flags(parsed.arguments, parsed.problems);
  return {request, parsed.problems.empty() ? "" : print(parsed.problems)};
}

TEST(PlanFlags, OffersGoalsAndLimits) {
  const Read r = read(
      {"--cheapest", "--memory-margin", "5%", "--max-price", "400USD", "--min-tokens-per-s", "20000", "--top", "7"});
  EXPECT_EQ(r.problems, "");
  EXPECT_EQ(r.request.clusters, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(r.request.gpus, (std::vector<int>{8, 16, 32}));
  EXPECT_EQ(r.request.goal, Goal::cheapest);
  EXPECT_EQ(r.request.limits.memory_margin, 0.05);
  EXPECT_EQ(r.request.limits.price_per_hour, Dollars{400});
  EXPECT_EQ(r.request.limits.tokens_per_s, TokensPerSecond{20000});
  EXPECT_EQ(r.request.top, 7u);
  EXPECT_EQ(name(Goal::fewest_gpus), "fewest-gpus");
}

TEST(PlanFlags, WhatIsNotGivenIsSearched) {
  const PlanDegrees open = read({}).request.fixed;
  EXPECT_FALSE(open.tp || open.pp || open.virtual_pp || open.dp || open.ulysses || open.ring || open.ep || open.zero);
  EXPECT_FALSE(open.micro_batch || open.recompute || open.inner_ring || open.chunks);
  const PlanDegrees fixed = read({"--tp", "2", "--virtual-pp", "1", "--micro-batch", "2", "--recompute", "none",
                                  "--zero", "0", "--ep", "4", "--no-zigzag"})
                                .request.fixed;
  EXPECT_EQ(fixed.tp, 2);
  EXPECT_EQ(fixed.virtual_pp, 1);
  EXPECT_EQ(fixed.micro_batch, 2);
  EXPECT_EQ(fixed.recompute, Recompute::none);
  EXPECT_EQ(fixed.zero, 0);
  EXPECT_EQ(fixed.ep, 4);
  EXPECT_FALSE(fixed.zigzag);
}

TEST(PlanFlags, TheLengthIsGivenOrSearched) {
  EXPECT_TRUE(contains(read({}, false).problems, "error: --seq: missing"));
  EXPECT_EQ(read({"--longest"}, false).problems, "");
  EXPECT_TRUE(contains(read({"--longest"}).problems, "--longest finds it"));
}

TEST(PlanFlags, Mistakes) {
  EXPECT_TRUE(contains(read({"--fastest", "--cheapest"}).problems, "--fastest and --cheapest: exclude each other"));
  EXPECT_TRUE(contains(read({"--memory-margin", "100%"}).problems, "leaves no memory to work with"));
  EXPECT_TRUE(contains(read({"--max-price", "0USD"}).problems, "buys nothing"));
  EXPECT_TRUE(contains(read({"--top", "0"}).problems, "--top 0"));
  EXPECT_TRUE(contains(read({"--gpus=8..4*2"}).problems, "--gpus"));
}

}  // namespace
}  // namespace ithaca
