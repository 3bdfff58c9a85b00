#pragma once
// A training step of a pipeline: every stage has its own list of tasks, and hidden states and their gradients go from
// stage to stage. Filling, draining and waiting come about by themselves.
//
// A stage sends what it has worked out at once, and begins its next work when that is gone (with overlap.pipeline: at
// once) and when what it needs has come; what comes is received at any time, on a stream of its own. Gradients are
// reduced layer by layer beside the backward of the last micro-batch. Then each stage updates by itself, after the
// first and the last one have added the gradients of an embedding that they share.

#include <vector>

#include "sim/layer_tasks.hpp"

namespace ithaca {

/// Appends a step to the lists of all stages. False where the order of work does not come to its end, as stages wait
/// for each other.
bool add_pipeline_step(const StepInputs& inputs, const LayoutExchanges& exchanges, const LayerTasks& layers,
                       std::vector<TaskList>& stages);

}  // namespace ithaca
