// One full estimate of a training step (time, memory, refusals) on one core. The project's limit is 500 thousand a
// second, its target 2 million.

#include <benchmark/benchmark.h>

#include <vector>

#include "model/compare.hpp"
#include "model/step.hpp"
#include "tests/support/machines.hpp"

namespace {

using namespace ithaca;

void estimate(benchmark::State& state, const Layout& layout) {
  const Transformer model = test::llama3_8b();
  const Workload work = test::sequence(1048576);
  const Cluster cluster = test::round_cluster();
  for (auto _ : state) benchmark::DoNotOptimize(estimate_step(model, work, cluster, layout));
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(estimate, ulysses_32, Layout{.strategy = Strategy::ulysses, .ulysses = 32});
BENCHMARK_CAPTURE(estimate, ulysses_20_uneven, Layout{.strategy = Strategy::ulysses, .ulysses = 20});
BENCHMARK_CAPTURE(estimate, megatron_sp_32, Layout{.strategy = Strategy::megatron_sp, .tp = 32, .zero = 1});
BENCHMARK_CAPTURE(estimate, ring_64, Layout{.strategy = Strategy::ring, .ring = 64});
BENCHMARK_CAPTURE(estimate, usp_2_8_4, Layout{.strategy = Strategy::usp, .tp = 2, .ulysses = 8, .ring = 4});
BENCHMARK_CAPTURE(estimate, refused, Layout{.strategy = Strategy::ulysses, .ulysses = 64});

/// Distinct questions: lengths that divide by nothing large, and every layout of 64 GPUs in powers of two, of the four
/// strategies, with and without a pipeline; some are refused.
std::vector<Layout> layouts_of_64() {
  std::vector<Layout> all;
  for (int tp = 1; tp <= 64; tp *= 2) {
    for (int pp = 1; tp * pp <= 64; pp *= 2) {
      for (int u = 1; tp * pp * u <= 64; u *= 2) {
        for (int r = 1; tp * pp * u * r <= 64; r *= 2) {
          const Strategy strategy = u > 1 && r > 1 ? Strategy::usp
                                    : r > 1        ? Strategy::ring
                                    : u > 1        ? Strategy::ulysses
                                                   : Strategy::megatron_sp;
          const int dp = 64 / (tp * pp * u * r);
          all.push_back({.strategy = strategy, .tp = tp, .pp = pp, .dp = dp, .ulysses = u, .ring = r, .zero = 1});
          if (pp == 1) {
            all.push_back(all.back());
            all.back().zero = 3;
          }
        }
      }
    }
  }
  return all;
}

void grid(benchmark::State& state) {
  const Transformer model = test::llama3_8b();
  const Cluster cluster = test::round_cluster();
  const std::vector<Layout> layouts = layouts_of_64();
  Workload work = test::sequence(65536);
  work.global_batch = 64;
  std::size_t next = 0, refused = 0;
  for (auto _ : state) {
    const auto estimate = estimate_step(model, work, cluster, layouts[next]);
    benchmark::DoNotOptimize(estimate);
    refused += estimate ? 0 : 1;
    if (++next < layouts.size()) continue;
    next = 0;
    work.seq_len.count += 1009;
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["refused"] = static_cast<double>(refused) / static_cast<double>(state.iterations());
}
BENCHMARK(grid);

void compare_four_strategies(benchmark::State& state) {
  const Question question{test::llama3_8b(),
                          test::sequence(1048576),
                          test::round_cluster(),
                          64,
                          {},
                          {kStrategies.begin(), kStrategies.end()}};
  for (auto _ : state) benchmark::DoNotOptimize(compare(question));
}
BENCHMARK(compare_four_strategies)->Unit(benchmark::kMicrosecond);

}  // namespace
