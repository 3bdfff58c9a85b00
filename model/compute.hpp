#pragma once
// Time of one kernel on one GPU: GEMMs by shape, attention by length and head size, memory-bound operators by bytes.

#include <cstdint>

#include "model/gpu.hpp"
#include "model/quantity.hpp"
#include "model/workload.hpp"

namespace ithaca {

/// C[m,n] = A[m,k] B[k,n], `batch` times.
struct Gemm {
  std::int64_t m = 0, n = 0, k = 0, batch = 1;
};

/// softmax(Q K^T) V for `queries` x `keys` tokens. With `causal` the last query sees the last key.
struct AttentionCall {
  std::int64_t batch = 1, queries = 0, keys = 0, heads = 0, kv_heads = 0, head_dim = 0;
  bool causal = true;
  bool flash = true;
  std::int64_t value_dim = 0;  ///< of V and the output; 0: head_dim
  constexpr std::int64_t value_head() const { return value_dim > 0 ? value_dim : head_dim; }
  friend constexpr bool operator==(const AttentionCall&, const AttentionCall&) = default;
};

constexpr Flop flops(const Gemm& g) {
  return Flop{2.0 * static_cast<double>(g.batch) * static_cast<double>(g.m) * static_cast<double>(g.n) *
              static_cast<double>(g.k)};
}
/// Forward FLOPs, 2 x area x (d + d_v) x heads; a causal mask over n x n counts half the square, n*n/2.
Flop attention_flops(const AttentionCall& call);

/// launch + the least, over tile shapes, of waves x (wave + k x tile FLOPs / rate), where
/// waves = ceil(batch x ceil(m / rows) x ceil(n / columns) / multiprocessors) and few tiles may split k by 2 or 4.
/// Never below the bytes at the memory's rate or the FLOPs at the sustained rate; infinite for a type that the GPU
/// does not have. fp8 multiplies at the half-precision curve's rates times the ratio of sustained rates.
Seconds gemm_time(const Gpu& gpu, const Gemm& gemm, Dtype dtype);

/// Flash: launch + FLOPs / rate(d) x (1 + start_up x queries / area), the curve's points joined by straight lines of
/// time per score over d, slower while there are fewer blocks of 128 queries than multiprocessors; where the curve
/// knows `burst`, at least the waves of blocks at that rate. With the floors of gemm_time. Without flash: batched GEMMs
/// and passes over the whole score matrix, of which a causal mask saves nothing.
Seconds attention_forward_time(const Gpu& gpu, const AttentionCall& call, Dtype dtype);
/// The same for the backward pass: 2.5 times the forward FLOPs, flash recomputing the scores.
Seconds attention_backward_time(const Gpu& gpu, const AttentionCall& call, Dtype dtype);
/// `kernels` that read and write `moved` bytes together and compute nothing to speak of.
Seconds memory_time(const Gpu& gpu, Bytes moved, int kernels = 1);

/// The curve of one GPU carried over to another, to be marked extrapolated: rates by the smaller of the ratios of peak
/// and sustained rate, write-out by memory rate per multiprocessor. The same GPU gives the same curve.
GemmCurve rescale(const GemmCurve& curve, const Gpu& from, const Gpu& to);
AttentionCurve rescale(const AttentionCurve& curve, const Gpu& from, const Gpu& to);

}  // namespace ithaca
