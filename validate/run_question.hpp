#pragma once
// A published run as a question to the model, and what had to be assumed to ask it.

#include <optional>
#include <string>
#include <vector>

#include "configs/reader/load_runs.hpp"
#include "model/cluster.hpp"
#include "model/layout.hpp"
#include "model/transformer.hpp"
#include "model/workload.hpp"
#include "validate/run_machine.hpp"

namespace ithaca {

/// Conventions that a source takes for granted. megatron_2021: nothing overlapped, no FlashAttention, dropout;
/// gradients in fp16 with fp16. megatron_core: gradients in fp32, reduced beside the backward. deepspeed: ZeRO,
/// gradients in the training type.
enum class RunFramework : std::uint8_t { megatron_2021, megatron_core, deepspeed };

struct RunQuestion {
  Transformer model;
  Workload work;
  Cluster cluster;
  Layout layout;
  std::vector<std::string> assumed;
};

/// By the run's `framework`, else by ZeRO stage, precision and attention.
RunFramework run_framework(const TrainingRun& run);

Result<RunQuestion, RunRefusal> run_question(const TrainingRun& run, RunProfiles& profiles);

}  // namespace ithaca
