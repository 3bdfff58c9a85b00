#include "cli/sweep/flags.hpp"

#include <gtest/gtest.h>

#include <set>

#include "cli/plan_flags.hpp"

namespace ithaca {
namespace {

TEST(SweepFlags, EachIsThereOnceAndNoneIsNeeded) {
  std::set<std::string_view> seen;
  for (const Flag& flag : kSweepFlags) {
    EXPECT_TRUE(seen.insert(flag.name).second) << flag.name;
    EXPECT_FALSE(flag.required) << flag.name;  // an axis may stand for it
  }
}

/// Every input of compare and plan is an axis, or is refused by name; output is neither.
TEST(SweepFlags, NoFlagOfCompareOrPlanIsForgotten) {
  std::set<std::string_view> axes, output;
  for (const Flag& flag : sweep_job_flags()) axes.insert(flag.name);
  for (const Flag& flag : kOutputFlags) output.insert(flag.name);
  for (const auto flags : {kCompareFlags, kPlanFlags}) {
    for (const Flag& flag : flags) {
      const bool known = axes.count(flag.name) > 0 || output.count(flag.name) > 0;
      EXPECT_TRUE(known || misplaced(flag.name, SweepAsks::step)) << flag.name;
    }
  }
}

TEST(SweepFlags, WhoHasWhich) {
  EXPECT_FALSE(misplaced("--seq", SweepAsks::phase));
  EXPECT_FALSE(misplaced("--batch", SweepAsks::phase));
  EXPECT_TRUE(misplaced("--batch", SweepAsks::step));
  EXPECT_FALSE(misplaced("--longest", SweepAsks::plan));
  EXPECT_TRUE(misplaced("--longest", SweepAsks::phase));
  EXPECT_TRUE(misplaced("--phase", SweepAsks::plan));
  EXPECT_TRUE(of_the_run("--threads"));
  EXPECT_FALSE(of_the_run("--keep"));
}

}  // namespace
}  // namespace ithaca
