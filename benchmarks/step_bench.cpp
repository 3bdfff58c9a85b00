// One full estimate of a training step (time, memory, refusals) on one core. The project's limit is 2 us, its target 1
// us.

#include <benchmark/benchmark.h>

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
