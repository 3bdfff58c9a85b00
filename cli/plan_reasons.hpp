#pragma once
// Why a planned layout lost to the best: the ratio, and the part of its step or memory that makes most of it.

#include <string>

#include "cli/plan_report.hpp"

namespace ithaca {

/// "1.40x slower: bubble 22 %"
std::string why_lost(Goal goal, const PlanRow& best, const PlanRow& row);

/// A part of a step, and how it is called in a sentence: "exposed communication 38 % (all-to-all between nodes)".
struct StepPart {
  enum class Kind { compute, communication, bubble, optimizer } kind{};
  Seconds time{};
  double share = 0;  ///< of the step
  std::string words;
};
/// The part that takes most more than in `best`; without it the largest that is not compute.
StepPart main_part(const PlanRow& row, const PlanRow* best);

}  // namespace ithaca
