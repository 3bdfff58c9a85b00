#pragma once
// Constraints on the rows of a sweep: "step.time_s < 30s", "memory.peak_bytes <= 60GiB", "strategy != ring".

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/row_fields.hpp"
#include "cli/sweep/problem_row.hpp"

namespace ithaca {

enum class Comparison { less, at_most, more, at_least, equal, unequal };

struct RowLimit {
  const RowField* field = nullptr;
  Comparison comparison{};
  std::string word;   ///< what it is held against, as written
  double number = 0;  ///< the same in SI base units
  bool text = false;  ///< `word` is no number
  std::string whole;  ///< the constraint as written
};

/// FIELD, one of < <= > >= = !=, and a value that may carry its unit. Problems where it is no such.
std::optional<RowLimit> read_limit(const std::string& text, Diagnostics& problems);

/// The field of that name; null where there is none.
const RowField* find_field(std::string_view name);
std::vector<std::string> field_names();

/// The first constraint that an estimated row misses.
std::optional<PointProblem> missed(std::span<const RowLimit> limits, const Question& question, const Row& row);

}  // namespace ithaca
