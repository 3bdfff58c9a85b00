// The exact search for a layout on one core. The project's limit is 1 s for any layout of 16,384 GPUs, its target 0.1
// s.

#include <benchmark/benchmark.h>

#include "model/plan.hpp"
#include "tests/support/machines.hpp"

namespace {

using namespace ithaca;

/// Llama 3 405B, arXiv 2407.21783 table 3.
Transformer llama3_405b() {
  Transformer m = test::llama3_8b();
  m.hidden = 16384;
  m.layers = 126;
  m.heads = 128;
  m.ffn = 53248;
  return m;
}

PlanQuestion question(int gpus, std::int64_t tokens, std::int64_t batch, Goal goal) {
  PlanQuestion q;
  q.model = llama3_405b();
  q.work = test::sequence(tokens);
  q.work.global_batch = batch;
  q.clusters = {test::round_cluster()};
  q.gpus = {gpus};
  q.goal = goal;
  return q;
}

void search(benchmark::State& state, const PlanQuestion& q) {
  PlanCounts counts;
  for (auto _ : state) {
    const PlanAnswer answer = plan(q);
    counts = answer.counts;
    benchmark::DoNotOptimize(answer);
  }
  state.counters["splits"] = static_cast<double>(counts.splits);
  state.counters["bounded"] = static_cast<double>(counts.bounded);
  state.counters["too_large"] = static_cast<double>(counts.too_large);
  state.counters["estimated"] = static_cast<double>(counts.estimated);
}

/// Llama 3's own stages of pre-training: 16 million tokens a step.
BENCHMARK_CAPTURE(search, fastest_16384_8k, question(16384, 8192, 2048, Goal::fastest))->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(search, fastest_16384_128k, question(16384, 131072, 128, Goal::fastest))
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(search, fastest_1024_1m, question(1024, 1048576, 1, Goal::fastest))->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(search, longest_16384, question(16384, 1, 128, Goal::longest))->Unit(benchmark::kMillisecond);

}  // namespace
