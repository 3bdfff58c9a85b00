#pragma once
// Measured distributed attention against what the model predicts for it.

#include <string>
#include <vector>

#include "configs/reader/load_attention.hpp"
#include "configs/reader/load_hardware.hpp"
#include "model/attention_layer.hpp"

namespace ithaca {

struct AttentionRow {
  AttentionCase measured;
  std::size_t setting = 0;  ///< rows of one setting are different methods for the same job
  AttentionLayer layer;     ///< both passes together where both were timed
  Seconds predicted{};      ///< the layer's time and the call's own
  double error = 0;         ///< signed: (predicted - measured) / measured
  bool judges_time() const { return measured.doubt.empty() && !measured.order_only; }
};

/// Rows of one pass in one part of the split that judge the time.
struct AttentionSummary {
  AttentionPass pass{};
  bool held_out = true;
  int count = 0;
  double mean = 0, bias = 0, max = 0;  ///< of the absolute errors, the signed ones, the absolute ones
};

/// Settings whose methods are told apart by what was measured, and those of them in which the model has every pair the
/// right way round. Methods closer than 3 % are a tie; two names of one layout are no pair.
struct AttentionOrder {
  int settings = 0, right = 0;
  int pairs = 0, right_pairs = 0;
};

struct AttentionErrors {
  std::vector<AttentionRow> rows;  ///< in the file's order
  std::vector<AttentionSummary> summary;
  AttentionOrder forward, all;
  Mark mark = Mark::extrapolated;
};

/// Runs every case on its first GPUs of `machine` with the curve of the file's kernel at the file's share. A kernel
/// that the GPU has no curve of is a problem.
Result<AttentionErrors, std::string> attention_errors(const AttentionCases& cases, const LoadedCluster& machine);

}  // namespace ithaca
