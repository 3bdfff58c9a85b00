#pragma once
// The longest sequence that a layout can train within a plan's limits.

#include "model/plan.hpp"

namespace ithaca {

/// A multiple of what the layout divides, at least `needed`; 0 where that does not fit. Memory grows with the sequence,
/// so that bisection finds the longest that fits. Where that one misses the tokens a second asked for, bisection goes
/// on below it: attention makes long sequences slow, so that what is found is the end of the range that is fast enough.
Tokens longest_sequence(const PlanQuestion& question, const Cluster& cluster, const Workload& work,
                        const Layout& layout, Tokens needed);

}  // namespace ithaca
