#pragma once
// One GPU as the cost model sees it: memory, peaks, and efficiency curves fitted to measured kernels.

#include <array>
#include <string>

#include "model/mark.hpp"
#include "model/quantity.hpp"
#include "model/static_vector.hpp"
#include "model/workload.hpp"

namespace ithaca {

/// Time of a GEMM by tile and wave quantisation; see model/compute.hpp for the formula and hw_profiles/kernels for the
/// fit.
struct GemmCurve {
  /// Sizes of output tile with a rate of their own: 256x128, 128x128, 128x64 and 64x64.
  static constexpr int kTileSizes = 4;
  struct Rates {
    std::array<FlopPerSecond, kTileSizes> tile{};  ///< of the whole GPU while every multiprocessor works on a tile
    Seconds wave{};                                ///< start and write-out of one wave of 256x128 tiles
    Seconds split{};                               ///< added when a few tiles split k to fill the GPU
    double batched = 1;                            ///< share of the tile rates that batches of GEMMs reach
  };
  Seconds launch{};
  Rates half;  ///< bf16 and fp16
  Rates fp32;  ///< TF32 where the GPU has it
};

/// Rate of FlashAttention by length, mask, head size and direction; see model/compute.hpp and hw_profiles/kernels.
struct AttentionCurve {
  struct Point {
    double head_dim = 0;
    FlopPerSecond rate{};  ///< executed FLOPs a second of an endless sequence, half precision
    double start_up = 0;   ///< keys' worth of time that each query costs on top
    double burst = 0;      ///< a multiprocessor's rate on a GPU too idle to meet its power limit, over its share of
                           ///< `rate`; 0: unknown, and a last wave that is not full costs nothing
  };
  static constexpr std::size_t kMaxHeadSizes = 4;
  using Points = StaticVector<Point, kMaxHeadSizes>;  ///< by rising head_dim
  struct Pass {
    Points full, causal;
  };
  Seconds launch{};
  Pass forward, backward;
};

/// What a CPU needs to issue one layer's kernels: a floor under the time of layers that are small.
struct Host {
  Seconds forward_layer{}, backward_layer{};
};

struct Gpu {
  std::string name;
  Bytes memory{};
  BytesPerSecond memory_rate{};
  double memory_efficiency = 0;                    ///< share of memory_rate that large copies reach
  double streaming_efficiency = 0;                 ///< that a layer's streaming kernels reach; 0: as large copies
  Host host;                                       ///< of the machines that it sits in
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
