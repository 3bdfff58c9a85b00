#pragma once
// Runs flows to their end: a fluid, event-driven simulation in which the flows share links max-min fairly at every
// instant. Rates change only when a flow begins or finishes; what happens at the same time is one event.
//
// Accuracy. Completions and beginnings closer than 2^-46 of the time are one event, and rates are max-min fair within
// 1e-13. So the finish times are those of an exact run whose flows differ in size from the given ones by no more than
// error_bound() x (finish time) x (fastest rate), flow by flow. What such a difference does is the system's affair: in
// long chains of unequal flows that wait for each other and share links (pairwise rounds among 256 ranks) one size that
// is 1e-13 larger moves finish times by a tenth, on any engine.
//
// Merged completions. With FlowOptions::merge = e an event waits until some flow of size s has moved (1 + e) s, and
// then finishes every flow that it likes to among those that have moved (1 - e) s or more. Nothing else is approximate:
// rates are max-min fair at every instant, and whoever waits for a flow begins when it finishes. So, beside the above,
// (1) the finish times are those of an exact run of flows whose sizes s' lie within (1 - e) s <= s' <= (1 + e) s: what
//     each flow has moved when it finishes is such a size, and with these sizes the exact run does the same.
// (2) Let W be the time that the most loaded link needs for the bytes given. No run with the sizes given ends before W,
//     and the merged one not before (1 - e) W, since a link carries at least (1 - e) of its bytes. Where all flows
//     begin at 0 and the most loaded link is never idle before the end in either run (the rule when every rank sends to
//     every other), each run ends when its link has carried its bytes: the makespans differ by at most e.
// (3) Where no flow finishes earlier because another has more bytes (flows that share one link; not so in general, as
//     max-min fairness is not monotone), each finish time is within e for flows that begin at 0: scaling all sizes by
//     1 - e or 1 + e scales all times, and s' lies between these.

#include <functional>

#include "model/flows.hpp"
#include "model/result.hpp"

namespace ithaca {

/// What flows do from `time` until the next event.
struct FlowInstant {
  Seconds time{};
  std::span<const std::uint32_t> flows;   ///< those that move bytes
  std::span<const BytesPerSecond> rates;  ///< of each of them
};

struct FlowOptions {
  /// Solves all rates anew at every event: slow, for comparison.
  bool from_scratch = false;
  /// Relative, below 1; see above. Thousands of completions of unequal flows become a few hundred events.
  double merge = 0;
  /// Is called after every event.
  std::function<void(const FlowInstant&)> observe;
};

struct FlowRun {
  std::vector<Seconds> finish;  ///< by flow
  std::vector<Bytes> carried;   ///< by link
  Seconds makespan{};           ///< the last finish
  std::int64_t events = 0;      ///< instants at which rates changed
};

/// Refuses what check() of sim/flow_check.hpp finds wrong, in its words, a `merge` out of range, and times beyond the
/// range of numbers. Any number of runs may go on at the same time, on threads.
Result<FlowRun, std::string> run_flows(const FlowSystem& system, const FlowOptions& options = {});

/// The share of its capacity that a link carried over the makespan; 0 if that is 0.
double utilisation(const FlowSystem& system, const FlowRun& run, std::size_t link);

/// Relative; see above. Grows by 2^-52 an event, for the rounding of clocks.
double error_bound(const FlowRun& run);

}  // namespace ithaca
