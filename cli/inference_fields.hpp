#pragma once
// The scalars of one row of `ithaca compare --phase` under their public names, for JSON (nested at the dots) and CSV.

#include <span>
#include <string_view>

#include "cli/inference_report.hpp"
#include "cli/row_fields.hpp"

namespace ithaca {

struct InferenceField {
  /// `e` is null in a refused row.
  struct View {
    const Question& question;
    const Inference& inference;
    const InferenceRow& row;
    const InferenceEstimate* e;
  };
  std::string_view name;
  Value (*get)(View);
};

std::span<const InferenceField> inference_fields();
/// Null where the row has no such group.
Value get(const InferenceField& field, const Question& question, const Inference& inference, const InferenceRow& row);
/// Whether a top-level group ("decode", "refused") is null in this row.
bool is_absent(std::string_view group, const InferenceRow& row);

/// One line a row, of all fields.
std::string write_csv(const InferenceReport& report);

}  // namespace ithaca
