#pragma once
// LoRA, arXiv 2106.09685: beside a frozen matrix W [out x in] two trained ones, A [rank x in] and B [out x rank], whose
// product is added to it. peft's way: Q, K, V, gate and up have adapters of their own, biases and norms are frozen.
// Under tensor parallelism the side of W that tp cuts is cut in its adapter too, and the other is whole on every rank.

#include <cstdint>

#include "model/split.hpp"
#include "model/static_vector.hpp"
#include "model/transformer.hpp"
#include "model/workload.hpp"

namespace ithaca {

/// A matrix with an adapter as one rank holds it: `rows` tokens go through each of `count`.
struct AdaptedMatrix {
  std::int64_t rows = 0, in = 0, out = 0, count = 1;
  bool routed = false;  ///< one of each expert's own
};
using AdaptedMatrices = StaticVector<AdaptedMatrix, 12>;

/// Of one layer; empty where everything is trained.
AdaptedMatrices adapted_matrices(const Transformer& model, const Workload& work, const RankSplit& rank, LayerKind kind);

/// Parameters of their adapters: rank * (in + out) each.
LayerWeights adapter_weights(const Workload& work, const AdaptedMatrices& matrices);

/// Parameters that are trained in the whole model; active: those that one token passes through.
double trained_parameter_count(const Transformer& model, const Workload& work);
double active_trained_parameter_count(const Transformer& model, const Workload& work);

/// Bytes of a frozen layer weight as it is sent and, on GPUs that multiply fp8 in any layout (from Blackwell on), kept;
/// Hopper keeps a transposed copy for the input gradients (Transformer Engine's Float8Tensor).
constexpr double frozen_bytes(const Workload& work) { return work.dtype == Dtype::fp8 ? 1 : element_bytes(work.dtype); }
constexpr double frozen_bytes_kept(const Workload& work, int arch) {
  return frozen_bytes(work) * (work.dtype == Dtype::fp8 && arch < 100 ? 2 : 1);
}

}  // namespace ithaca
