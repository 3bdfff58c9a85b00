#pragma once
// Published runs against what the model predicts for them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "configs/reader/load_runs.hpp"
#include "validate/run_machine.hpp"

namespace ithaca {

/// Step in seconds and memory in bytes of the fullest GPU; empty where there is none. `memory` is what the framework's
/// allocator has handed out at the peak; where a source only counts more, that. `reserved` is what the allocator holds.
struct RunFigures {
  std::optional<double> step, memory, reserved;
};

/// Parts of a predicted step, in seconds, and the peak of all memory beside what the GPU has, in bytes.
struct RunParts {
  double compute = 0, exposed_comm = 0, bubble = 0, optimizer = 0, bound = 0;
  double peak = 0, capacity = 0;
};

/// What was run, by the layout that the case means; all zero where it is refused.
struct RunShape {
  std::string_view strategy;
  int gpus = 0;
  std::int64_t seq_len = 0, global_batch = 0;
};

struct RunRow {
  std::string id, source, split;
  RunShape shape;
  RunFigures measured, predicted;
  /// FLOP/s of one GPU, both by the source's own count; only where it is in this that the source measured.
  std::optional<double> measured_rate, predicted_rate;
  RunFigures error;  ///< signed: (predicted - measured) / measured
  RunParts parts;
  bool out_of_memory = false;  ///< as measured; such rows have no error
  std::vector<std::string> assumed;
  std::optional<RunRefusal> refused;  ///< then nothing is predicted
};

struct ErrorSummary {
  int count = 0;
  double mean = 0;  ///< of the absolute errors
  double bias = 0;  ///< of the signed ones
  double max = 0;   ///< of the absolute errors
};

/// Rows of a source; where the file declares a split, those of one part of it.
struct RunSummary {
  std::string source, split;
  int rows = 0, refused = 0;
  ErrorSummary step, memory;
};

struct RunErrors {
  std::vector<RunRow> rows;  ///< in the file's order
  std::vector<RunSummary> summary;
};

/// Runs of `source` alone, or of all where it is empty.
RunErrors run_errors(const TrainingRuns& runs, const std::string& source = "");

}  // namespace ithaca
