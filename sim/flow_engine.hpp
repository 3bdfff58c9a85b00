#pragma once
// Runs flows to their end: a fluid, event-driven simulation in which the flows share links max-min fairly at every
// instant. Rates change only when a flow begins or finishes; what happens at the same time is one event.
//
// Accuracy. Completions and beginnings closer than 2^-46 of the time are one event, and rates are max-min fair within
// 1e-13. So the finish times are those of an exact run whose flows differ in size from the given ones by no more than
// error_bound() x (finish time) x (fastest rate), flow by flow.

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
  /// Is called after every event.
  std::function<void(const FlowInstant&)> observe;
};

struct FlowRun {
  std::vector<Seconds> finish;  ///< by flow
  std::vector<Bytes> carried;   ///< by link
  Seconds makespan{};           ///< the last finish
  std::int64_t events = 0;      ///< instants at which rates changed
};

/// Refuses what check() of sim/flow_check.hpp finds wrong, in its words, and times beyond the range of numbers.
Result<FlowRun, std::string> run_flows(const FlowSystem& system, const FlowOptions& options = {});

/// The share of its capacity that a link carried over the makespan; 0 if that is 0.
double utilisation(const FlowSystem& system, const FlowRun& run, std::size_t link);

/// Relative; see above. Grows by 2^-52 an event, for the rounding of clocks.
double error_bound(const FlowRun& run);

}  // namespace ithaca
