#pragma once
// FLOPs of one optimizer step that the model itself asks for, whatever the hardware executes, and as papers count them.

#include "model/quantity.hpp"
#include "model/transformer.hpp"
#include "model/workload.hpp"

namespace ithaca {

/// Matrix products of all layers and the head, and attention; backward = 2 x forward, no recomputation, no padding, no
/// copied heads. With `halve_causal` a causal mask counts half the square, else all of it; of packed documents, of each
/// document's.
Flop model_step_flops(const Transformer& model, const Workload& work, bool halve_causal);

/// The count behind the tables of Megatron-LM (arXiv 2104.04473 eq. 3), DeepSpeed-Ulysses and ALST:
/// 96 B s L h^2 (1 + s/(6h) + V/(16 L h)): full attention, forward counted twice for the recomputation, f = 4h.
Flop megatron_step_flops(const Transformer& model, std::int64_t batch, Tokens seq_len);

}  // namespace ithaca
