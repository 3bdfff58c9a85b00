#pragma once
// What an inference pass is made of: one layer of each kind and the two ends, for a prompt and for one token of each
// sequence.

#include <array>

#include "model/inference.hpp"
#include "model/layer_compute.hpp"
#include "model/step_parts.hpp"

namespace ithaca {

struct PassLayer {
  KernelTimes kernels;
  LayerTraffic traffic;
  Pass pass;
  Seconds gather{};  ///< of the layer's weights where ZeRO-3 shards them
  Flop executed{};   ///< by one GPU
  Bytes weights{};   ///< that a GPU reads
  Bytes cache{};     ///< the same
};

/// All zero for a kind that the model does not have.
struct PassCosts {
  std::array<PassLayer, kLayerKinds> layers;
  KernelTimes embedding, head;
  Seconds embedding_comm{}, head_comm{}, stage_message{}, stage_bound{};
  Flop head_executed{};
  Bytes head_weights{};
};

/// `work` is one micro-batch's.
PassCosts prefill_costs(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout);

/// One token of each of the micro-batch's sequences after `context` tokens. Tokens are split over ulysses x ring by
/// sequences. Ulysses exchanges heads as for a prompt; ranks of a ring, each of which keeps a part of every sequence,
/// pass the queries round (`cp_all_gather`: gather them) and send each partial result home with its log-sum-exp
/// (arXiv 2411.01783 section 3.6).
PassCosts decode_costs(const Transformer& model, const Workload& work, const Inference& inference,
                       const Cluster& cluster, const Layout& layout, double context);

/// `micro_batches` passes through the pipeline.
InferencePass run_pass(const Transformer& model, const Cluster& cluster, const Workload& work, const Layout& layout,
                       const PassCosts& costs, double micro_batches);

/// One new token of each sequence of a micro-batch, as one short sequence.
Workload decode_workload(const Workload& work);
/// The layout as it decodes: one token has no sequence to split over tp and no causal triangle to balance.
Layout decode_layout(Layout layout);

}  // namespace ithaca
