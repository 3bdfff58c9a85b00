#include "model/plan_length.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

constexpr Layout kLayout{.strategy = Strategy::ulysses, .ulysses = 8};

PlanQuestion question() {
  PlanQuestion q;
  q.model = test::llama3_8b();
  q.work = test::sequence(1);
  q.clusters = {test::round_cluster()};
  q.goal = Goal::longest;
  return q;
}

Tokens longest(const PlanQuestion& q, std::int64_t needed = 1) {
  return longest_sequence(q, q.clusters[0], q.work, kLayout, Tokens{needed});
}

Result<StepEstimate, Refusal> at(const PlanQuestion& q, std::int64_t tokens) {
  return estimate_step(q.model, test::sequence(tokens), q.clusters[0], kLayout);
}

TEST(LongestSequence, FitsAndTheNextMultipleDoesNot) {
  const PlanQuestion q = question();
  const std::int64_t found = longest(q).count;
  EXPECT_EQ(found % 8, 0);  // eight ranks
  EXPECT_TRUE(at(q, found)->memory.fits());
  EXPECT_FALSE(at(q, found + 8)->memory.fits());
  EXPECT_EQ(longest(q, found).count, found);
  EXPECT_EQ(longest(q, found + 1).count, 0);  // what is needed does not fit
}

TEST(LongestSequence, IsSoughtUpTo2To34) {
  PlanQuestion q = question();
  q.clusters[0].gpu.memory = Bytes{1e18};
  EXPECT_EQ(longest(q), Tokens{std::int64_t{1} << 34});
}

TEST(LongestSequence, LeavesTheMarginFree) {
  PlanQuestion q = question();
  q.limits.memory_margin = 0.25;
  const std::int64_t found = longest(q).count;
  EXPECT_LE(at(q, found)->memory.peak().value(), 60e9);  // of 80 GB
  EXPECT_GT(at(q, found + 8)->memory.peak().value(), 60e9);
}

TEST(LongestSequence, MayBeAsShortAsOneMultiple) {
  // Room for 8 tokens and not for 16.
  PlanQuestion q = question();
  q.clusters[0].gpu.memory = at(q, 8)->memory.peak();
  EXPECT_EQ(longest(q).count, 8);
  q.clusters[0].gpu.memory = at(q, 8)->memory.peak() - Bytes{1};
  EXPECT_EQ(longest(q).count, 0);
}

TEST(LongestSequence, IsNoneWhereEvenOneMultipleIsTooSlow) {
  PlanQuestion q = question();
  q.limits.tokens_per_s = TokensPerSecond{1e18};
  EXPECT_EQ(longest(q).count, 0);
  // Two multiples are faster than one, and as much as is asked.
  q = question();
  q.clusters[0].gpu.memory = at(q, 16)->memory.peak();
  q.limits.tokens_per_s = Tokens{16} / at(q, 16)->step.time;
  EXPECT_EQ(longest(q).count, 16);
}

TEST(LongestSequence, StopsWhereItGetsTooSlow) {
  PlanQuestion q = question();
  const Tokens unlimited = longest(q);
  const auto rate = [&](std::int64_t tokens) { return Tokens{tokens} / at(q, tokens)->step.time; };
  q.limits.tokens_per_s = rate(unlimited.count) * 2;
  const std::int64_t found = longest(q).count;
  EXPECT_LT(found, unlimited.count);
  EXPECT_GE(rate(found), q.limits.tokens_per_s);
  EXPECT_LT(rate(found + 8), q.limits.tokens_per_s);
}

}  // namespace
}  // namespace ithaca
