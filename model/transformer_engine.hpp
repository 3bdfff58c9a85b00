#pragma once
// What Megatron-Core holds on a GPU beside the model's states when its layers run on Transformer Engine: buffers that
// are made once and live on. Read in Transformer Engine 2.11 and Megatron-LM 23e00ed0.

#include "model/gpu.hpp"
#include "model/quantity.hpp"
#include "model/split.hpp"
#include "model/transformer.hpp"
#include "model/workload.hpp"

namespace ithaca {

/// The weight gradient's GEMM adds to the main gradient; what autograd is given instead is a tensor of the weight's
/// shape and type, never read and cached by shape (get_dummy_wgrad in transformer_engine/pytorch/module/base.py; the
/// head's in megatron/core/tensor_parallel/layers.py).
Bytes placeholder_gradients(const Transformer& model, const Workload& work, const Layout& layout, const RankSplit& rank,
                            const Stage& stage);

/// cuBLAS workspaces: Transformer Engine's of 32 MiB, four more for grouped GEMMs; PyTorch's own, one of the forward's
/// and one of the backward's thread, where the head or a router runs on it.
Bytes gemm_workspaces(const Gpu& gpu, const Stage& stage);

}  // namespace ithaca
