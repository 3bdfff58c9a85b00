#pragma once
// Fits a GPU's kernels to whole training steps: where no table of single kernels is public, the steps themselves say
// how fast they run. Few parameters, one set for all runs; what is held out only judges.

#include <string>
#include <vector>

#include "configs/reader/load_kernels.hpp"
#include "validate/run_question.hpp"

namespace ithaca {

/// A run that was put to the model. Only runs with a measured step can be.
struct FitRun {
  RunQuestion question;
  std::string table;  ///< the file that it comes from; every table weighs the same
  Seconds step{};
  bool held_out = false;
};

/// What may move away from the start. rate: one factor on all GEMM tiles. tiles: one on each size. attention: one on
/// all attention rates. pace: one on all three and streaming, as a clock has. host: two times. The others: one factor
/// each.
enum class FitParameter : std::uint8_t { rate, tiles, wave, batched, attention, streaming, pace, host };

/// Minimises the mean over tables of the mean robust error |log(predicted / measured)| of the runs that are not held
/// out, with a small pull towards the start for what they do not tell apart, by pattern search from `start` (which
/// gives every figure that stays fixed): deterministic, and no derivative is needed of a model full of maxima and
/// roundings.
Kernels fit_runs(const Gpu& start, const std::vector<FitRun>& runs, const std::vector<FitParameter>& free);

/// Of the runs of each table, held out or not.
std::vector<FitError> step_errors(const Gpu& gpu, const std::vector<FitRun>& runs);

}  // namespace ithaca
