#pragma once
// Kernel files: efficiency curves (schema kernels/1, hw_profiles/kernels) and tables of measured kernels (schema
// measurements/1).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "configs/reader/diagnostic.hpp"
#include "configs/reader/document.hpp"
#include "model/compute.hpp"
#include "model/result.hpp"

namespace ithaca {

/// How well a curve meets samples, in percent of the measured time; predicted above measured is positive.
struct FitError {
  std::string of;
  bool held_out = false;
  int samples = 0;
  double mean = 0;  ///< of absolute errors
  double bias = 0;  ///< mean of signed errors
  double max = 0;   ///< of absolute errors
};

struct AttentionKernel {
  std::string kernel;  ///< fa2, fa3
  AttentionCurve curve;
  Mark mark = Mark::extrapolated;
  std::string derived;  ///< what follows from another measurement by a ratio; empty if nothing does
};

/// What was fitted for one GPU. The first attention kernel is the one that training uses there by default.
struct Kernels {
  std::string name;
  std::string gpu;
  std::string made_by;
  std::string source;
  std::string split;  ///< which samples were held out
  std::optional<GemmCurve> gemm;
  Mark gemm_mark = Mark::extrapolated;
  std::vector<AttentionKernel> attention;
  std::vector<FitError> errors;
};

struct KernelSample {
  enum class Op { gemm, attention_forward, attention_backward, attention_forward_backward };
  Op op = Op::gemm;
  Dtype dtype = Dtype::bf16;
  Gemm gemm;
  AttentionCall attention;
  std::string kernel;  ///< attention: fa2, fa3, cudnn, standard
  Seconds time{};
};

/// A table of measured kernels of one GPU.
struct KernelSamples {
  std::string source;
  std::string gpu;
  std::vector<KernelSample> samples;
};

/// `name_or_path` as in open_document.
Result<Kernels, Diagnostics> load_kernels(std::string_view name_or_path);
Result<KernelSamples, Diagnostics> load_kernel_samples(std::string_view path);

Result<Kernels, Diagnostics> read_kernels(const Document& document);
Result<KernelSamples, Diagnostics> read_kernel_samples(const Document& document);

}  // namespace ithaca
