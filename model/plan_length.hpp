#pragma once
// The longest sequence that a layout can train within a plan's limits.

#include "model/plan.hpp"

namespace ithaca {

/// A multiple of what the layout divides; 0 where it is below `needed`. Memory grows with the sequence, so that
/// bisection finds the longest that fits. Where that one misses the tokens a second asked for, its halves are tried
/// until one reaches them, and bisection goes up from there: attention makes long sequences slow.
Tokens longest_sequence(const PlanQuestion& question, const Cluster& cluster, const Workload& work,
                        const Layout& layout, Tokens needed);

}  // namespace ithaca
