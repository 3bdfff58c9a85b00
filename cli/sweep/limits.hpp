#pragma once
// Constraints on the rows of a sweep: "step.time_s < 30s", "memory.peak_bytes <= 60GiB", "strategy != ring".

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/sweep/rows.hpp"

namespace ithaca {

enum class Comparison { less, at_most, more, at_least, equal, unequal };

struct RowLimit {
  const SweepField* field = nullptr;
  Comparison comparison{};
  std::string word;   ///< what it is held against, as written
  double number = 0;  ///< the same in SI base units
  bool text = false;  ///< `word` is no number
  std::string whole;  ///< the constraint as written
};

/// FIELD, one of < <= > >= = !=, and a value that may carry its unit. Problems where it is no such.
std::optional<RowLimit> read_limit(const std::string& text, SweepAsks asks, Diagnostics& problems);

/// The first constraint that an estimated row misses.
std::optional<PointProblem> missed(std::span<const RowLimit> limits, const SweepRow& row);

}  // namespace ithaca
