#pragma once
// The scalars of one row under their public names, once for JSON (nested at the dots) and CSV (flat).

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "cli/report.hpp"

namespace ithaca {

/// monostate is null: not known, or not defined here.
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

/// Bytes and elements are whole numbers, exact below 2^53, and are written without a fraction.
Value whole_value(double value);
inline Value whole_value(Bytes bytes) { return whole_value(bytes.value()); }
inline Value whole_value(int count) { return std::int64_t{count}; }

struct RowField {
  /// What a field may read; `e` is null in a refused row, whose step, layer and memory fields are not read.
  struct View {
    const Question& q;
    const Row& r;
    const StepEstimate* e;
  };
  std::string_view name;  ///< "layer.forward.sent_bytes"
  Value (*get)(View);
};

std::span<const RowField> row_fields();

/// The field's value; null where the row has no such group.
Value get(const RowField& field, const Question& question, const Row& row);
/// The same of a row that has the group.
Value get_present(const RowField& field, const Question& question, const Row& row);

/// Whether a top-level group ("step", "refused") is null in this row.
bool is_absent(std::string_view group, const Row& row);

}  // namespace ithaca
