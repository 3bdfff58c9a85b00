#pragma once
// What the backward of one layer holds beside the activations that its forward kept: the recomputed layer, gradients in
// flight and buffers of exchanges, operator by operator.

#include "model/memory_book.hpp"

namespace ithaca {

/// Freed by then, of the layer's kept activations: the FFN's, once attention's backward runs.
Bytes freed_before(Operator op, const MemoryBook& book);
/// `op` is attention, ffn or experts.
void add_layer_backward(MemoryBook& book, Operator op);

}  // namespace ithaca
