#pragma once
// One GPU as the cost model sees it: memory, peaks, and efficiency curves fitted to measured kernels.

#include <array>
#include <string>

#include "model/mark.hpp"
#include "model/quantity.hpp"
#include "model/workload.hpp"

namespace ithaca {

/// Time of a GEMM by tile and wave quantisation; see model/compute.hpp for the formula and hw_profiles/kernels for the
/// fit.
struct GemmCurve {
  Seconds launch{};
};

/// Rate of FlashAttention by length, mask, head size and direction; see model/compute.hpp and hw_profiles/kernels.
struct AttentionCurve {
  Seconds launch{};
};

struct Gpu {
  std::string name;
  Bytes memory{};
  BytesPerSecond memory_rate{};
  double memory_efficiency = 0;                    ///< share of memory_rate that streaming kernels reach
  int sms = 0;                                     ///< streaming multiprocessors (compute units)
  std::array<FlopPerSecond, kDtypes> peak{};       ///< dense datasheet rate by Dtype; zero where it has none
  std::array<FlopPerSecond, kDtypes> sustained{};  ///< best rate of a large GEMM that was measured, by Dtype
  BytesPerSecond host_link{};                      ///< to host memory, one way
  int arch = 0;                                    ///< NCCL's generation: 70, 80, 90, 100; 0 for others
  GemmCurve gemm{};
  AttentionCurve attention{};
  Mark gemm_mark = Mark::extrapolated;
  Mark attention_mark = Mark::extrapolated;
};

}  // namespace ithaca
