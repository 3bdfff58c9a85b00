#include <benchmark/benchmark.h>

#include "model/compute.hpp"

namespace ithaca {
namespace {

/// Rates of an H100's order, so that the usual branches are taken.
Gpu fitted_gpu() {
  Gpu gpu;
  gpu.sms = 132;
  gpu.memory_rate = BytesPerSecond{3.35e12};
  gpu.memory_efficiency = 0.9;
  gpu.peak.fill(FlopPerSecond{989e12});
  gpu.sustained.fill(FlopPerSecond{795e12});
  gpu.gemm.half.tile = {FlopPerSecond{880e12}, FlopPerSecond{850e12}, FlopPerSecond{660e12}, FlopPerSecond{550e12}};
  gpu.gemm.half.wave = Seconds{2e-6};
  for (AttentionCurve::Pass* pass : {&gpu.attention.forward, &gpu.attention.backward})
    for (AttentionCurve::Points* points : {&pass->full, &pass->causal})
      for (const double d : {64.0, 128.0, 256.0}) points->push_back({d, FlopPerSecond{600e12}, 200});
  return gpu;
}

void gemm(benchmark::State& state) {
  const Gpu gpu = fitted_gpu();
  Gemm shape{32768, state.range(0), 4096};
  for (auto _ : state) {
    benchmark::DoNotOptimize(shape);
    benchmark::DoNotOptimize(gemm_time(gpu, shape, Dtype::bf16));
  }
}
BENCHMARK(gemm)->Arg(64)->Arg(14336);

void attention_forward(benchmark::State& state) {
  const Gpu gpu = fitted_gpu();
  AttentionCall call{1, 1048576, 1048576, 1, 1, 128};
  for (auto _ : state) {
    benchmark::DoNotOptimize(call);
    benchmark::DoNotOptimize(attention_forward_time(gpu, call, Dtype::bf16));
  }
}
BENCHMARK(attention_forward);

void attention_backward(benchmark::State& state) {
  const Gpu gpu = fitted_gpu();
  AttentionCall call{1, 1048576, 1048576, 1, 1, 128};
  for (auto _ : state) {
    benchmark::DoNotOptimize(call);
    benchmark::DoNotOptimize(attention_backward_time(gpu, call, Dtype::bf16));
  }
}
BENCHMARK(attention_backward);

}  // namespace
}  // namespace ithaca
