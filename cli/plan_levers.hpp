#pragma once
// What would help a plan, found by asking it again.

#include <string>
#include <vector>

#include "model/plan.hpp"

namespace ithaca {

/// Something to change, and how many times as good the answer gets: tokens/s, tokens a dollar or the longest sequence.
struct PlanLever {
  std::string what;
  double gain = 1;
};
/// Those that help, most first: a larger batch, a faster network, more memory, slices of the loss.
std::vector<PlanLever> plan_levers(const PlanQuestion& question, const PlannedLayout& best);

/// Flags that alone make a question feasible that is not ("--tiled-loss", "--gpus 128", "--seq 393216").
std::vector<std::string> feasible_with(const PlanQuestion& question);

}  // namespace ithaca
