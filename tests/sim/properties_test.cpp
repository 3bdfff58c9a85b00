// What must hold for any program on any network. What does not: under max-min fairness a faster link can slow down
// flows beside it, and a failed one sends routes elsewhere, perhaps better ones; so only what is proved here is tested.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "sim/faults.hpp"
#include "tests/support/programs.hpp"

namespace ithaca {
namespace {

struct Random {
  std::mt19937 engine;
  int whole(int least, int most) { return std::uniform_int_distribution<int>(least, most)(engine); }
  double real(double least, double most) { return std::uniform_real_distribution<double>(least, most)(engine); }
};

ProgramRun run_of(const Program& program, const Router& router, const Slowdown& slowdown = {}) {
  auto run = run_program(program, router, slowdown);
  EXPECT_TRUE(run) << run.error();
  return std::move(run).value();
}

/// Sizes and durations come in units of `size` and `duration`.
Program random_program(std::uint32_t ranks, std::uint32_t seed, double size, double duration) {
  Random random{std::mt19937(seed)};
  Program p = test::program(ranks);
  for (std::uint32_t e = 0; e < 3; ++e) {
    std::vector<Message> messages;
    for (int i = 0; i < 12; ++i) {
      const auto from = static_cast<std::uint32_t>(random.whole(0, static_cast<int>(ranks) - 1));
      const auto by = static_cast<std::uint32_t>(random.whole(1, static_cast<int>(ranks) - 1));
      messages.push_back({from, (from + by) % ranks, Bytes{size * random.real(1e5, 1e7)}});
    }
    p.exchanges.push_back(test::exchange_of(std::move(messages)));
  }
  for (std::uint32_t t = 0; t < 8; ++t) {
    const double seconds = duration * random.real(1e-5, 1e-3);
    const auto stream = static_cast<std::uint8_t>(random.whole(0, 1));
    const std::vector<std::uint32_t> after = t == 0 ? std::vector<std::uint32_t>{} : std::vector<std::uint32_t>{t - 1};
    test::add(p, t % 2 == 0 ? test::compute(seconds, stream) : test::exchange(t % 3, stream),
              random.whole(0, 1) == 0 ? after : std::vector<std::uint32_t>{});
  }
  return p;
}

constexpr Routing kRoutings[] = {Routing::deterministic, Routing::ecmp, Routing::spray};

// Equal sizes on a star: the flows of the slowest link get capacity / (n - 1) each from the beginning, and nobody less;
// they finish together when the link has carried its bytes, and nobody later. So no link is better slower.
TEST(Properties, AllToAllOnAStarTakesItsSlowestLink) {
  Random random{std::mt19937(1)};
  for (int repeat = 0; repeat < 20; ++repeat) {
    const int gpus = random.whole(2, 12);
    FabricGraph graph = test::star(gpus);
    for (auto& link : graph.links) link.capacity = BytesPerSecond{random.real(10, 1000)};
    Program program = test::program(static_cast<std::uint32_t>(gpus));
    program.exchanges.push_back(test::all_to_all(program.ranks, 1, 100));
    test::add(program, test::exchange(0));
    const auto slowest = std::min_element(graph.links.begin(), graph.links.end(),
                                          [](const auto& a, const auto& b) { return a.capacity < b.capacity; });
    const double expected = 100.0 * (gpus - 1) / slowest->capacity.value();
    const test::Machine machine(graph, Routing::deterministic);
    const double time = run_of(program, machine.router).makespan.value();
    EXPECT_NEAR(time, expected, 1e-12 * expected);
    auto& faster = graph.links[static_cast<std::size_t>(random.whole(0, 2 * gpus - 1))];
    faster.capacity = faster.capacity * 2;
    EXPECT_LE(run_of(program, test::Machine(graph, Routing::deterministic).router).makespan.value(),
              time * (1 + 1e-12));
  }
}

// GPU links are as busy as ever, and full in a healthy tree that blocks nobody: nothing can end before they do.
TEST(Properties, AFailedLinkIsNeverFasterForAllToAll) {
  const FabricGraph graph = test::leaf_spine(4, 4, 4);
  Program program = test::program(16);
  program.exchanges.push_back(test::all_to_all(16, 1, 1e6));
  test::add(program, test::exchange(0));
  const test::Machine healthy(graph, Routing::deterministic);
  const double time = run_of(program, healthy.router).makespan.value();
  EXPECT_NEAR(time, 15e6 / 50e9, 1e-12 * time);
  for (const char* part : {"leaf0-spine0", "leaf2->spine3", "spine1->leaf3", "spine2"}) {
    const std::vector<Fault> faults{{part, 0, {}}};
    for (const Routing routing : kRoutings) {
      const test::Machine damaged(damage(healthy.fabric, faults)->graph(), routing);
      EXPECT_GE(run_of(program, damaged.router).makespan.value(), time * (1 - 1e-12)) << part;
    }
  }
}

// What enters a switch leaves it; a GPU's links carry what it sends and receives.
TEST(Properties, BytesAreConserved) {
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    for (const Routing routing : kRoutings) {
      const test::Machine machine(test::leaf_spine(3, 4, 2), routing, seed);
      const Program program = random_program(12, seed, 1, 1);
      const ProgramRun run = run_of(program, machine.router);
      std::vector<double> leaves(12), enters(12);
      for (const Task& task : program.tasks) {
        std::vector<Message> messages;
        for (std::uint32_t rank = 0; task.kind == Task::Kind::exchange && rank < 12; ++rank)
          program.exchanges[task.exchange].sends(rank, messages);
        for (const Message& m : messages) leaves[m.from] += m.bytes.value(), enters[m.to] += m.bytes.value();
      }
      for (std::uint32_t node = 0; node < machine.fabric.nodes().size(); ++node) {
        double out = 0, in = 0;
        for (const std::uint32_t link : machine.fabric.leaving(node)) out += run.carried[link].value();
        for (const std::uint32_t link : machine.fabric.entering(node)) in += run.carried[link].value();
        EXPECT_NEAR(out, node < 12 ? leaves[node] : in, 1e-6) << machine.fabric.nodes()[node].name;
        EXPECT_NEAR(in, node < 12 ? enters[node] : out, 1e-6);
      }
    }
  }
}

// Powers of two change no digit: twice the bytes at twice the rate take the same time, twice the bytes and durations
// twice the time.
TEST(Properties, TimesScaleExactly) {
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    for (const Routing routing : kRoutings) {
      FabricGraph graph = test::leaf_spine(3, 4, 2), faster = graph;
      for (auto& link : faster.links) link.capacity = link.capacity * 2;
      const test::Machine machine(graph, routing, seed), fast(faster, routing, seed);
      const Slowdown jitter{{}, 0.2, seed};
      const auto once = run_of(random_program(12, seed, 1, 1), machine.router, jitter);
      const auto same = run_of(random_program(12, seed, 2, 1), fast.router, jitter);
      const auto twice = run_of(random_program(12, seed, 2, 2), machine.router, jitter);
      ASSERT_EQ(once.spans.size(), twice.spans.size());
      for (std::size_t i = 0; i < once.spans.size(); ++i) {
        EXPECT_EQ(same.spans[i].end, once.spans[i].end);
        EXPECT_EQ(twice.spans[i].end, once.spans[i].end * 2);
      }
    }
  }
}

}  // namespace
}  // namespace ithaca
