// The flow engine on one thread: all-to-all on a two-level fat tree of k^2 hosts, not oversubscribed. Equal sizes are
// one event; with sizes drawn between 0.5 and 1.5 MB nearly every flow ends alone and changes the rates of many others.
// The project's limits for unequal sizes: 0.25 s with 64 hosts, 10 s with 256.

#include <benchmark/benchmark.h>

#include "sim/flow_engine.hpp"
#include "sim/max_min.hpp"
#include "tests/support/fat_tree.hpp"

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

void run(benchmark::State& state, const FlowSystem& system) {
  std::int64_t events = 0;
  for (auto _ : state) {
    const auto result = run_flows(system);
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

/// Every rank sends to one rank after another, each flow after the one before it: few flows live at once.
void pairwise(benchmark::State& state) {
  const auto k = static_cast<std::uint32_t>(state.range(0)), hosts = k * k;
  const FlowSystem all = bench::fat_tree_all_to_all(k, k, 0.5);
  FlowSystem system;
  system.capacity = all.capacity;
  for (std::uint32_t i = 0; i < hosts; ++i) {
    for (std::uint32_t step = 1; step < hosts; ++step) {
      const std::uint32_t to = (i + step) % hosts, flow = i * (hosts - 1) + to - (to > i ? 1 : 0);
      system.size.push_back(all.size[flow]);
      system.route.add(all.route[flow]);
      const auto self = static_cast<std::uint32_t>(system.size.size() - 1);
      system.after.add(step == 1 ? std::vector<std::uint32_t>{} : std::vector<std::uint32_t>{self - 1});
    }
  }
  run(state, system);
}
BENCHMARK(pairwise)->Arg(16)->Arg(32)->Unit(benchmark::kMillisecond);

}  // namespace
