#include "sim/seeds.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/support/programs.hpp"

namespace ithaca {
namespace {

/// All ranks compute a second, then all send to all, `rounds` times.
Program rounds_of_all_to_all(std::uint32_t ranks, int rounds) {
  Program p = test::program(ranks);
  p.exchanges.push_back(test::all_to_all(ranks, 1, 1e6));
  for (int i = 0; i < rounds; ++i) {
    test::add(p, test::compute(1e-3));
    test::add(p, test::exchange(0));
  }
  return p;
}

TEST(RunSeeds, ThreadsDoNotMatter) {
  const test::Machine machine(test::leaf_spine(2, 4, 2), Routing::ecmp);
  const Program program = rounds_of_all_to_all(8, 2);
  const auto run = [&](std::uint64_t seed) -> Result<Seconds, std::string> {
    const auto done = run_program(program, machine.router, {{}, 0.1, seed});
    if (!done) return done.error();
    return done->makespan;
  };
  const auto alone = run_seeds(7, 12, run, 1), together = run_seeds(7, 12, run, 4), rest = run_seeds(10, 9, run, 3);
  ASSERT_TRUE(alone && together && rest);
  EXPECT_EQ(*alone, *together);
  EXPECT_EQ(std::vector<Seconds>(alone->begin() + 3, alone->end()), *rest);
  EXPECT_NE(alone->front(), alone->back());
}

TEST(RunSeeds, TheFirstRefusalCounts) {
  for (const int threads : {1, 2, 8}) {
    std::atomic<int> calls{0};
    const auto run = [&](std::uint64_t seed) -> Result<Seconds, std::string> {
      ++calls;
      if (seed >= 103) return "seed " + std::to_string(seed);
      return Seconds{1};
    };
    const auto times = run_seeds(100, 1000, run, threads);
    ASSERT_FALSE(times);
    EXPECT_EQ(times.error(), "seed 103");
    EXPECT_LT(calls, 100);
  }
}

TEST(SeedThreads, AreNoMoreThanSeeds) {
  EXPECT_EQ(seed_threads(1), 1);
  EXPECT_GE(seed_threads(1000), 1);
}

TEST(SpreadOfSeeds, NamesTheSeeds) {
  // 20 times, 1 s to 20 s falling: the tenth smallest is 10 s, seed 5 + 10; the nineteenth is 19 s, seed 5 + 1
  std::vector<Seconds> times;
  for (int i = 20; i >= 1; --i) times.push_back(Seconds{static_cast<double>(i)});
  const SeedSpread twenty = spread_of_seeds(5, times);
  EXPECT_EQ(twenty.median.time, Seconds{10});
  EXPECT_EQ(twenty.median.seed, 15u);
  EXPECT_EQ(twenty.p95.time, Seconds{19});
  EXPECT_EQ(twenty.p95.seed, 6u);
  EXPECT_EQ(twenty.worst.time, Seconds{20});
  EXPECT_EQ(twenty.worst.seed, 5u);
}

TEST(SpreadOfSeeds, OfFewTimes) {
  const SeedSpread one = spread_of_seeds(3, {Seconds{2}});
  EXPECT_EQ(one.median.seed, 3u);
  EXPECT_EQ(one.p95.time, Seconds{2});
  const SeedSpread same = spread_of_seeds(3, {Seconds{2}, Seconds{2}, Seconds{1}});
  EXPECT_EQ(same.median.time, Seconds{2});
  EXPECT_EQ(same.median.seed, 3u);
  EXPECT_EQ(same.worst.seed, 3u);
}

TEST(RefuseEffort, OnlyWithJitter) {
  const test::Machine machine(test::star(200), Routing::deterministic);
  // 200 x 199 messages, 100 rounds: 3.98 million a run
  const Program program = rounds_of_all_to_all(200, 100);
  EXPECT_EQ(refuse_effort(program, machine.router, {}, 1000), std::nullopt);
  const Slowdown jitter{{}, 0.05, 1};
  EXPECT_EQ(refuse_effort(program, machine.router, jitter, 5), std::nullopt);
  EXPECT_EQ(
      refuse_effort(program, machine.router, jitter, 6),
      "with jitter every message is simulated, 4 million for each of 6 seeds, and 20 million are allowed: take at "
      "most 5 seeds, fewer ranks, a layer instead of a step, or no jitter");
  const auto alone = refuse_effort(rounds_of_all_to_all(200, 1000), machine.router, jitter, 1);
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->find("at most"), std::string::npos) << *alone;
}

}  // namespace
}  // namespace ithaca
