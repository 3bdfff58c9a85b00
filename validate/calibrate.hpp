#pragma once
// Everything that `ithaca calibrate` finds: collectives and kernels of one machine, from its own measurements.

#include <optional>
#include <string>
#include <vector>

#include "configs/reader/load_profile.hpp"
#include "validate/collective_fit.hpp"

namespace ithaca {

struct Fitted {
  double value = 0;
  Interval interval;
  int samples = 0;
};
struct OverlapFit {
  std::string beside;  ///< what kept the GPU busy beside a GEMM
  Fitted slowdown;     ///< time of the GEMM over its time alone
};
struct KernelInterval {
  std::string of;  ///< "gemm half 256x128, TFLOPS", "fa3 forward causal 128, TFLOPS"
  double value = 0;
  Interval interval;
};

struct Calibration {
  std::string cluster, gpu;  ///< as given; empty where nothing was fitted of it
  std::vector<Profile::Input> inputs;
  CollectiveFit collectives;
  Kernels kernels;
  std::vector<KernelInterval> kernel_intervals;
  std::optional<Fitted> streaming_efficiency;
  std::vector<OverlapFit> overlap;
  std::vector<std::string> outliers, not_fitted;  ///< of kernels
};

/// Adds what the tables say of `gpu`. Curves that they cannot tell stay out and are named with the measurement that
/// they lack: a GEMM curve takes 16 half-precision shapes, an attention curve two lengths for each head size.
void fit_kernel_tables(Calibration& out, const Gpu& gpu, const std::vector<KernelSamples>& tables);

}  // namespace ithaca
