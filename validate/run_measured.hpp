#pragma once
// The time of a step as a source measured it, from whatever it prints: seconds, FLOP/s or days for so many tokens.

#include <optional>
#include <string>
#include <vector>

#include "configs/reader/load_runs.hpp"
#include "validate/run_question.hpp"

namespace ithaca {

/// How a source counts the FLOPs behind its TFLOP/s. megatron: arXiv 2104.04473 eq. 3 (full attention, forward twice).
/// full_attention and halved: the model's own, backward twice the forward, without or with half a causal mask saved.
enum class FlopCount : std::uint8_t { megatron, full_attention, halved };

/// What the case's `flop_count` or its notes say; none if neither does.
std::optional<FlopCount> stated_count(const TrainingRun& run);

/// None where nothing was measured that gives a time. `usual` is the count of the source's other cases. Adds to
/// `assumed` what a conversion took for granted.
std::optional<Seconds> measured_step(const TrainingRun& run, const RunQuestion& question,
                                     std::optional<FlopCount> usual, std::vector<std::string>& assumed);

}  // namespace ithaca
