#pragma once
// Kernels of a few tokens on one GPU, which wait for memory: products with whole matrices, attention with a cache.

#include "model/gpu.hpp"
#include "model/quantity.hpp"
#include "model/workload.hpp"

namespace ithaca {

/// `products` of few rows by matrices of so many bytes together: the weights at the rate that large copies reach.
Seconds weight_read_time(const Gpu& gpu, Bytes weights, int products);

/// Attention of new tokens with a cache of keys and values, which is read once: `kernels` launches and the longer of
/// the bytes at the rate of large copies and the FLOPs at the best rate of a large GEMM.
Seconds cache_attention_time(const Gpu& gpu, Bytes cache, Flop work, Dtype dtype, int kernels);

}  // namespace ithaca
