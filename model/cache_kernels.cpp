#include "model/cache_kernels.hpp"

namespace ithaca {
namespace {

Seconds copy_time(const Gpu& gpu, Bytes moved) { return moved / (gpu.memory_rate * gpu.memory_efficiency); }

}  // namespace

Seconds weight_read_time(const Gpu& gpu, Bytes weights, int products) {
  return gpu.gemm.launch * products + copy_time(gpu, weights);
}

Seconds cache_attention_time(const Gpu& gpu, Bytes cache, Flop work, Dtype of_layer, int kernels) {
  const auto dtype = static_cast<std::size_t>(of_layer == Dtype::fp8 ? Dtype::bf16 : of_layer);
  const FlopPerSecond sustained = gpu.sustained[dtype], peak = gpu.peak[dtype];
  const FlopPerSecond rate = sustained.value() > 0 ? min(sustained, peak) : peak;
  return gpu.attention.launch * kernels + max(copy_time(gpu, cache), work / rate);
}

}  // namespace ithaca
