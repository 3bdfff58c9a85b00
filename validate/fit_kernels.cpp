// Prints the kernel file of a GPU, fitted to tables of measured kernels:
//   ithaca_fit_kernels h100-sxm validate/data/h100-gemm.yaml validate/data/h100-attention.yaml

#include <fmt/format.h>

#include "configs/reader/load_hardware.hpp"
#include "validate/kernel_fit.hpp"
#include "validate/kernel_yaml.hpp"

int main(int argc, char** argv) {  // NOLINT(bugprone-exception-escape): out of memory may end it
  using namespace ithaca;
  if (argc < 3) {
    fmt::print(stderr, "usage: {} GPU TABLE.yaml...\n", argv[0]);
    return 2;
  }
  const auto gpu = load_gpu(argv[1]);
  if (!gpu) {
    fmt::print(stderr, "{}", print(gpu.error()));
    return 2;
  }
  std::vector<KernelSamples> tables;
  for (int i = 2; i < argc; ++i) {
    auto table = load_kernel_samples(argv[i]);
    if (!table) {
      fmt::print(stderr, "{}", print(table.error()));
      return 2;
    }
    tables.push_back(std::move(table).value());
  }
  fmt::print("{}", kernel_yaml(fit_tables(gpu->gpu, tables)));
}
