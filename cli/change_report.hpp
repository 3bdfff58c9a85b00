#pragma once
// What changed from one answer of `ithaca compare --json` to another.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/page_facts.hpp"
#include "cli/text.hpp"

namespace ithaca {

/// An input as JSON text; empty where that side has no such input.
struct InputChange {
  std::string name, before, after;
};

/// A figure that both sides are held against; SI base units.
struct ChangeFigure {
  std::string_view key;    ///< as in the JSON of compare: "step.time_s"
  std::string_view words;  ///< "step time"
  std::span<const Scale> scales;
  std::optional<double> (*get)(const PageRow&);  ///< of a row that stands
  bool whole = false;                            ///< a count, shown with all its digits
};
/// A strategy's row on both sides; null where it was not asked about.
struct RowChange {
  Strategy strategy{};
  const PageRow* before = nullptr;
  const PageRow* after = nullptr;
};

/// Points into both sides, which must outlive it.
struct ChangeReport {
  struct Side {
    std::string file;
    const PageFacts* facts = nullptr;
  };
  Side before, after;
  std::vector<InputChange> inputs;
  std::span<const ChangeFigure> figures;  ///< of a training step, or of inference
  std::vector<RowChange> rows;            ///< in the order of `after`; then those that vanish
};

/// Both answer a training step, or both inference.
ChangeReport changes(ChangeReport::Side before, ChangeReport::Side after);

/// Nothing where a side is not known or refused.
std::optional<double> figure_of(const ChangeFigure& figure, const PageRow* row);

}  // namespace ithaca
