// The flow engine on one thread: traffic on a two-level fat tree of k^2 hosts, not oversubscribed. Equal sizes are few
// events; with sizes drawn between 0.5 and 1.5 MB nearly every flow ends alone and changes the rates of many others.
// The project's limits: all-to-all of equal sizes, 1024 hosts 0.15 s, and by classes 16384 hosts 6 s; of unequal sizes,
// 64 hosts 0.25 s and 256 hosts 10 s, or 0.3 s with completions merged within 0.5 %; pairwise rounds and rings 2
// million flows a second.

#include <benchmark/benchmark.h>

#include "sim/flow_engine.hpp"
#include "sim/max_min.hpp"
#include "tests/support/fat_tree.hpp"
#include "tests/support/programs.hpp"

namespace {

using namespace ithaca;

void fill_all_to_all(benchmark::State& state) {
  const auto k = static_cast<std::uint32_t>(state.range(0));
  const FlowSystem system = bench::fat_tree_all_to_all(k, k, 0);
  const std::vector<double> capacity(system.capacity.size(), 50e9);
  MaxMin solver;
  for (auto _ : state) benchmark::DoNotOptimize(solver.solve({capacity, system.route.begin, system.route.items, {}}));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(system.size.size()));
}
BENCHMARK(fill_all_to_all)->Arg(8)->Arg(16)->Arg(32)->Unit(benchmark::kMillisecond);

void run(benchmark::State& state, const FlowSystem& system, double merge = 0) {
  FlowOptions options;
  options.merge = merge;
  std::int64_t events = 0;
  for (auto _ : state) {
    const auto result = run_flows(system, options);
    events = result ? result->events : 0;
  }
  state.counters["events"] = static_cast<double>(events);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(system.size.size()));
}

void all_to_all_equal(benchmark::State& state) {
  const auto k = static_cast<std::uint32_t>(state.range(0));
  run(state, bench::fat_tree_all_to_all(k, k, 0));
}
BENCHMARK(all_to_all_equal)->Arg(8)->Arg(16)->Arg(32)->Unit(benchmark::kMillisecond);

void all_to_all_unequal(benchmark::State& state) {
  const auto k = static_cast<std::uint32_t>(state.range(0));
  run(state, bench::fat_tree_all_to_all(k, k, 0.5));
}
BENCHMARK(all_to_all_unequal)->Arg(8)->Arg(12)->Arg(16)->Unit(benchmark::kMillisecond);

void all_to_all_merged(benchmark::State& state) {
  const auto k = static_cast<std::uint32_t>(state.range(0));
  run(state, bench::fat_tree_all_to_all(k, k, 0.5), 0.005);
}
BENCHMARK(all_to_all_merged)->Arg(8)->Arg(12)->Arg(16)->Unit(benchmark::kMillisecond);

/// The same by classes of hosts that cannot be told apart, which are found anew each time: k and the spines.
void all_to_all_by_classes(benchmark::State& state) {
  const auto k = static_cast<int>(state.range(0));
  const test::Machine machine(test::leaf_spine(k, k, static_cast<int>(state.range(1))), Routing::deterministic);
  const auto hosts = static_cast<std::uint32_t>(k * k);
  Program program = test::program(hosts);
  program.exchanges = {test::all_to_all(hosts, 1, 1e6)};
  test::add(program, test::exchange(0));
  double classes = 0;
  for (auto _ : state) {
    const auto run = run_program(program, machine.router);
    classes = run ? run->classes : 0;
  }
  state.counters["classes"] = classes;
  state.SetItemsProcessed(state.iterations() * hosts * (hosts - 1));
}
BENCHMARK(all_to_all_by_classes)->Args({32, 32})->Args({128, 64})->Unit(benchmark::kMillisecond);

/// In round r every rank sends to the one that `step(r)` places on, when it is through with the round before: when what
/// it sent then has left, and what it received has come.
template <class Step>
FlowSystem rounds(std::uint32_t k, double jitter, Step step) {
  const std::uint32_t hosts = k * k;
  const FlowSystem all = bench::fat_tree_all_to_all(k, k, jitter);
  FlowSystem system;
  system.capacity = all.capacity;
  for (std::uint32_t round = 1; round < hosts; ++round) {
    for (std::uint32_t i = 0; i < hosts; ++i) {
      const std::uint32_t to = (i + step(round)) % hosts, pair = i * (hosts - 1) + to - (to > i ? 1 : 0);
      system.size.push_back(all.size[i * (hosts - 1) + round - 1]);
      system.route.add(all.route[pair]);
      if (round == 1) {
        system.after.add({});
      } else {
        const std::uint32_t before = (round - 2) * hosts, from = (i + hosts - step(round - 1)) % hosts;
        system.after.add(std::vector<std::uint32_t>{before + i, before + from});
      }
    }
  }
  return system;
}

/// Arguments: k, and the jitter of sizes in per cent.
void pairwise(benchmark::State& state) {
  run(state, rounds(static_cast<std::uint32_t>(state.range(0)), static_cast<double>(state.range(1)) / 100,
                    [](std::uint32_t round) { return round; }));
}
BENCHMARK(pairwise)->Args({32, 0})->Args({32, 50})->Unit(benchmark::kMillisecond);

void ring(benchmark::State& state) {
  run(state, rounds(static_cast<std::uint32_t>(state.range(0)), static_cast<double>(state.range(1)) / 100,
                    [](std::uint32_t) { return 1u; }));
}
BENCHMARK(ring)->Args({32, 0})->Args({32, 50})->Unit(benchmark::kMillisecond);

}  // namespace
