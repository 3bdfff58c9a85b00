#pragma once
// A training step as a program: what every rank computes and exchanges, on four streams with dependencies.
//
//   compute   kernels
//   comm      the strategy's blocking collectives: compute waits for them
//   overlap   ring hops beside the attention of the block before them, hop by hop; Megatron-SP's second gathers beside
//             half of the backward's matrix products of their block
//   sharding  ZeRO: weights are gathered one layer ahead, gradients reduced one layer behind, both issued with the
//             first kernel of the layer between; the first gather, the last reduction and the update stay exposed
//
// Stages of a pipeline have their own (sim/pipeline_program.hpp). On an idle ideal fabric it takes what estimate_step
// says, but for what tests/support/step_jobs.hpp and tests/sim/pipeline_program_test.cpp derive.

#include <string>

#include "model/cluster.hpp"
#include "model/layout.hpp"
#include "model/result.hpp"
#include "model/transformer.hpp"
#include "model/workload.hpp"
#include "sim/layout_exchanges.hpp"
#include "sim/program.hpp"

namespace ithaca {

struct StepProgramOptions {
  DimensionOrder order = kFrameworkOrder;
  int steps = 1;
};

/// Steps one after another, micro-batch by micro-batch. Where the mask gives ring ranks unequal shares (no zigzag) all
/// have the largest, for which the others would wait. Refuses what estimate_step refuses, in its words.
Result<Program, std::string> step_program(const Transformer& model, const Workload& work, const Cluster& cluster,
                                          const Layout& layout, const StepProgramOptions& options = {});
/// One layer forward and backward for one micro-batch, `steps` times, without sharding.
Result<Program, std::string> layer_program(const Transformer& model, const Workload& work, const Cluster& cluster,
                                           const Layout& layout, const StepProgramOptions& options = {});

}  // namespace ithaca
