#pragma once
// What a step is made of, and what of it the event engine takes from the closed form as it is.

#include <array>

#include "model/cluster.hpp"
#include "model/stage_time.hpp"

namespace ithaca {

struct StepInputs {
  const Transformer& model;
  const Workload& work;
  const Cluster& cluster;
  const Layout& layout;
  const RankSplit& rank;

  /// Of the layer with that number, from 1.
  LayerKind kind_of(std::int64_t layer) const {
    return model.is_moe() && layer > model.experts.dense_layers ? LayerKind::moe : LayerKind::dense;
  }
  bool repeats(std::int64_t layer) const {
    return work.recompute == Recompute::full && layer % work.recompute_every == 0;
  }
};

/// One micro-batch of a stage in the closed form.
StageTime closed_form(const StepInputs& inputs, int stage);

/// Forward and backward together.
Seconds embedding_time(const StepInputs& inputs);
/// The head's product; its backward with the loss.
struct HeadTimes {
  Seconds forward, backward;
};
HeadTimes head_times(const StepInputs& inputs);
/// Of what the stage trains; with offload, on the host.
Seconds update_time(const StepInputs& inputs, int stage);

/// Times of a stage on the link to the host; zero where nothing waits there. `gradients`: of a micro-batch whose
/// backward reduces them, else of the step.
struct HostCopies {
  std::array<Seconds, kLayerKinds> weights{}, inputs{};  ///< of a layer
  Seconds ends{}, gradients{}, updated{};                ///< ends: weights of embedding and head

  Seconds layer(LayerKind kind) const { return weights[static_cast<std::size_t>(kind)]; }
  Seconds input(LayerKind kind) const { return inputs[static_cast<std::size_t>(kind)]; }
};
HostCopies host_copies(const StepInputs& inputs, int stage);

}  // namespace ithaca
