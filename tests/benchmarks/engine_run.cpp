// finish times of an all-to-all by the flow engine: k spines jitter latest_start.

#include "sim/flow_engine.hpp"
#include "tests/benchmarks/finish_times.hpp"

int main(int count, char** arguments) {
  using namespace ithaca;
  if (count != 5) return 2;
  const FlowSystem system = bench::flows_of(arguments);
  const double before = bench::cpu_seconds();
  const auto run = run_flows(system);
  const double cpu = bench::cpu_seconds() - before;
  if (!run) return 1;
  std::vector<double> finish;
  for (const Seconds time : run->finish) finish.push_back(time.value());
  bench::print(cpu, finish);
}
