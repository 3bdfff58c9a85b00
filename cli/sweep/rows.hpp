#pragma once
// Rows of a sweep and their fields: of a training step as `compare` has them, or with --phase of inference.

#include <span>
#include <string_view>
#include <vector>

#include "cli/inference_fields.hpp"
#include "cli/row_fields.hpp"
#include "cli/sweep/axes.hpp"
#include "cli/sweep/problem_row.hpp"

namespace ithaca {

/// A layout with its estimate or refusal, or with `problem` the reason why the point has none.
struct SweepRow {
  const Question& question;
  const Row* step = nullptr;  ///< exactly one of the two
  const InferenceRow* phase = nullptr;
  const Inference* inference = nullptr;  ///< what `phase` was asked
  const PointProblem* problem = nullptr;

  Strategy strategy() const { return step != nullptr ? step->strategy : phase->strategy; }
  const Layout& layout() const { return step != nullptr ? step->layout : phase->layout; }
  const Refusal* refused() const;
  /// Null without an estimate.
  const MemoryLedger* memory() const;
  /// Of an estimate: a step, or a pass of the phase.
  Seconds time() const;
  TokensPerSecond tokens_per_s() const { return step != nullptr ? step->tokens_per_s : phase->tokens_per_s; }
  Dollars per_million_tokens() const { return step != nullptr ? step->per_million_tokens : phase->per_million_tokens; }
  bool feasible() const { return problem == nullptr && memory() != nullptr && memory()->fits(); }
};

/// "ulysses 32 x dp 2"
std::string row_words(const SweepRow& row);

/// A field of one of the two kinds of rows.
struct SweepField {
  std::string_view name;
  const RowField* of_step = nullptr;
  const InferenceField* of_phase = nullptr;
};
std::span<const SweepField> sweep_fields(SweepAsks asks);
/// The field of that name; null where there is none.
const SweepField* find_field(std::string_view name, SweepAsks asks = SweepAsks::step);
std::vector<std::string> field_names(SweepAsks asks = SweepAsks::step);

/// The columns of a sweep unless others are asked for. With the event engine step.engine says whose time it is.
std::vector<const SweepField*> default_columns(SweepAsks asks, Engine engine);

/// Null where the row has no such field.
Value get(const SweepField& field, const SweepRow& row);
/// The same of a row whose group is not absent.
Value get_present(const SweepField& field, const SweepRow& row);
/// Whether a top-level group ("step", "refused") is null in this row.
bool is_absent(std::string_view group, const SweepRow& row);

}  // namespace ithaca
