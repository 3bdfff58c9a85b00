#include "cli/sweep/pool.hpp"

#include <gtest/gtest.h>

#include <csignal>

#include "cli/sweep/request.hpp"
#include "cli/sweep/run.hpp"

namespace ithaca {
namespace {

/// 40 points of one strategy, a JSON line each.
SweepPlan small_plan() {
  Arguments arguments;
  for (const auto& [flag, value] : {std::pair{"--model", "llama-7b"},
                                    {"--cluster", "dgx-h100"},
                                    {"--gpus", "8"},
                                    {"--strategies", "ulysses"},
                                    {"--ulysses", "8"}})
    arguments.set(flag, value);
  arguments.set("--jsonl", "");
  arguments.add("--set", "seq=1Ki..40Ki+1Ki");
  Diagnostics problems;
  SweepPlan plan = make_sweep_plan(read_sweep(arguments, problems), problems);
  EXPECT_TRUE(problems.empty()) << print(problems);
  return plan;
}

std::string rows(const SweepPlan& plan, int threads, std::uint64_t size) {
  std::string text;
  const auto take = [&](SweepPart part) {
    text += part.text;
    return true;
  };
  EXPECT_EQ(run_on_threads(plan, {0, plan.points, size}, threads, take, [] { return false; }), SweepEnd::done);
  return text;
}

TEST(RunOnThreads, TheSameRowsInTheSameOrder) {
  const SweepPlan plan = small_plan();
  const std::string serial = rows(plan, 1, plan.points);
  EXPECT_EQ(std::count(serial.begin(), serial.end(), '\n'), 40);
  for (const std::uint64_t size : {1U, 7U}) EXPECT_EQ(rows(plan, 3, size), serial);
}

TEST(RunOnThreads, StopsWhenNobodyWantsMore) {
  const SweepPlan plan = small_plan();
  int taken = 0;
  const auto take = [&](SweepPart) { return ++taken < 3; };
  EXPECT_EQ(run_on_threads(plan, {0, plan.points, 1}, 2, take, [] { return false; }), SweepEnd::stopped);
  EXPECT_EQ(taken, 3);
  EXPECT_EQ(run_on_threads(
                plan, {0, plan.points, 1}, 2, [](SweepPart) { return true; }, [] { return true; }),
            SweepEnd::stopped);
}

TEST(HeldSignals, ArriveWhenAskedFor) {
  HeldSignals signals;
  EXPECT_FALSE(signals.arrived());
  std::raise(SIGINT);
  EXPECT_TRUE(signals.arrived());
  EXPECT_TRUE(signals.arrived());
}

}  // namespace
}  // namespace ithaca
