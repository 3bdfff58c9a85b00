#pragma once
// The best candidates of a plan so far, and what a new one has to beat.

#include <array>

#include "model/plan.hpp"

namespace ithaca {

/// Order of equal scores: see plan().
bool comes_before(const PlanQuestion& question, const PlannedLayout& a, const PlannedLayout& b);

class BestPlans {
 public:
  explicit BestPlans(const PlanQuestion& question);

  /// Whether a layout that scores no better than `bound` could still change the answer. Of equal scores the order
  /// decides, so that only a worse one is turned away.
  bool wants(const Score& bound, const PlannedLayout& of) const;
  /// The score that a layout has to reach to be wanted; nothing while anything is.
  std::optional<Score> limit(const PlannedLayout& of) const;
  void take(const PlannedLayout& planned);
  void write(PlanAnswer& answer) const;

 private:
  bool same_group(const PlannedLayout& a, const PlannedLayout& b) const;

  const PlanQuestion& question_;
  bool one_offer_;
  std::vector<PlannedLayout> best_;
  std::array<std::optional<PlannedLayout>, kAllStrategies.size()> own_;  ///< by strategy
};

}  // namespace ithaca
