// Prints the kernel file NAME of a GPU, fitted to tables of measured kernels; what they cannot tell (TF32, split k,
// batches) is taken from the kernel file BASE:
//   ithaca_fit_kernels h100-sxm h100-sxm h100-sxm validate/data/h100-gemm.yaml validate/data/h100-attention.yaml
//   ithaca_fit_kernels h200-sxm-probe h200-sxm h100-sxm validate/data/h200-sxm/*-gemm.yaml
//     validate/data/h200-sxm/attention-*.yaml

#include <fmt/format.h>

#include "configs/reader/load_hardware.hpp"
#include "configs/reader/load_kernels.hpp"
#include "model/compute.hpp"
#include "validate/kernel_fit.hpp"
#include "validate/kernel_yaml.hpp"

int main(int argc, char** argv) {  // NOLINT(bugprone-exception-escape): out of memory may end it
  using namespace ithaca;
  if (argc < 5) {
    fmt::print(stderr, "usage: {} NAME GPU BASE TABLE.yaml...\n", argv[0]);
    return 2;
  }
  const auto refused = [](const Diagnostics& why) {
    fmt::print(stderr, "{}", print(why));
    return 2;
  };
  const auto loaded = load_gpu(argv[2]);
  if (!loaded) return refused(loaded.error());
  Gpu gpu = loaded->gpu;
  const auto base = load_kernels(argv[3]);
  if (!base) return refused(base.error());
  const auto on = load_gpu(base->gpu);
  if (!on) return refused(on.error());
  if (base->gemm) gpu.gemm = rescale(*base->gemm, on->gpu, gpu);
  std::vector<KernelSamples> tables;
  for (int i = 4; i < argc; ++i) {
    auto table = load_kernel_samples(argv[i]);
    if (!table) return refused(table.error());
    tables.push_back(std::move(table).value());
  }
  Kernels kernels = fit_tables(gpu, tables);
  kernels.name = argv[1];
  fmt::print("{}", kernel_yaml(kernels));
}
