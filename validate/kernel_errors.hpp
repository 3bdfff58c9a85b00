#pragma once
// Measured kernels against what the model predicts for them.

#include <string>
#include <vector>

#include "configs/reader/load_kernels.hpp"

namespace ithaca {

struct KernelError {
  KernelSample sample;
  Seconds predicted{};
  Seconds bound{};   ///< FLOPs at the datasheet's peak, or bytes at the memory's rate
  double error = 0;  ///< signed: predicted over measured, less one
  Mark mark = Mark::datasheet;
  std::string source;  ///< of the table
};

/// Rows of one op and type; of attention also of one kernel.
struct KernelClass {
  std::string of;  ///< "gemm bf16", "attention_forward bf16 fa3"
  int rows = 0;
  double mean = 0, bias = 0, worst = 0;  ///< as in CollectiveClass
};

struct KernelErrors {
  std::vector<KernelError> rows;  ///< in the file's order
  std::vector<KernelClass> classes;
  std::vector<std::string> left_out;
};

/// `attention` holds the curves of the GPU by kernel: a sample that names one is judged by it, others by the GPU's own.
/// Copies over PCIe and kernels beside others are left out: the model answers neither.
KernelErrors kernel_errors(const Gpu& gpu, const std::vector<AttentionKernel>& attention,
                           const std::vector<KernelSamples>& tables);

/// What no kernel can beat.
Seconds kernel_bound(const Gpu& gpu, const KernelSample& sample);

}  // namespace ithaca
