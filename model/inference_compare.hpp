#pragma once
// Strategies side by side for a phase of inference, with the degrees that were not fixed chosen for each.

#include <optional>
#include <vector>

#include "model/compare.hpp"
#include "model/inference.hpp"

namespace ithaca {

/// Compared where no strategy is named: megatron_sp decodes as tensor_parallel.
inline constexpr std::array kDecodeStrategies{Strategy::tensor_parallel, Strategy::ulysses, Strategy::ring,
                                              Strategy::usp};

struct InferenceQuestion {
  Question job;  ///< with its global batch: the sequences served at once
  Inference inference;
};

/// Exactly one of `refused` and `estimate` is set.
struct InferenceRow {
  Strategy strategy{};
  Layout layout;
  int idle_gpus = 0;
  std::optional<Refusal> refused;
  std::optional<InferenceEstimate> estimate;
  Tokens max_seq_len{};            ///< longest prompt that fits with this layout; 0 if none does
  std::int64_t max_batch = 0;      ///< most sequences of this length that fit with this layout
  TokensPerSecond tokens_per_s{};  ///< of the phase, whole job
  FlopPerSecond model_rate_per_gpu{};
  double mfu = 0;              ///< of the prefill; idle GPUs count
  double bandwidth_share = 0;  ///< of the memory's peak rate while a token is made
  Dollars per_million_tokens{};
};

/// Rows in the order of the question's strategies. Of a strategy the chosen layout fits in memory if any does, leaves
/// the fewest GPUs idle, and is the fastest in the phase. Weights are whole (ZeRO stage 0) or sharded (3) where the
/// stage is open.
std::vector<InferenceRow> compare_inference(const InferenceQuestion& question);
/// The row of one strategy. Without `limits` max_seq_len and max_batch, which take most of the time, stay zero.
InferenceRow compare_strategy(const InferenceQuestion& question, Strategy strategy, bool limits = true);

/// Index of the row to take: fastest of those that fit; none if every row is refused or too large.
std::optional<std::size_t> best_row(const std::vector<InferenceRow>& rows, Phase phase);

}  // namespace ithaca
