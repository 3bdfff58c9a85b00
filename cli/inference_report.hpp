#pragma once
// The whole answer of `ithaca compare --phase`, from which its writers work.

#include "cli/report.hpp"
#include "model/inference_compare.hpp"

namespace ithaca {

struct InferenceReport {
  Report job;  ///< who made it, model, cluster and defaults; without rows
  Inference inference;
  std::vector<InferenceRow> rows;
  std::optional<std::size_t> best;  ///< the row to take
};

/// Of a sequence from its prompt to its last output token; zero where a phase is missing.
Seconds answer_time(const Inference& inference, const InferenceEstimate& estimate);

/// What to take and by how much, its figures in the other phase, what limits it; or why there is none to take.
std::vector<std::string> inference_verdict(const InferenceReport& report);
/// Idle GPUs, copies in the cache, padding, gathered weights: each a sentence that opens with the strategy's name.
std::vector<std::string> inference_remarks(const InferenceReport& report);
/// "ulysses 8", "tensor_parallel (tp 8)"
std::string row_words(const InferenceRow& row);

}  // namespace ithaca
