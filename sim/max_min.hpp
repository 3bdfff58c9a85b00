#pragma once
// Max-min fair rates: no flow can be given more without taking from one that has no more than it. Knows flows and
// resources only, and no network.

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sim/progressive_filling.hpp"

namespace ithaca {

/// Flow i crosses resources[begin[i]] .. resources[begin[i + 1] - 1]; one that is crossed twice carries the flow twice.
struct MaxMinProblem {
  std::span<const double> capacity;
  std::span<const std::uint32_t> begin;
  std::span<const std::uint32_t> resources;
  std::span<const double> rate_cap;  ///< by flow, kUnbounded for none; empty: none
  Usage usage{};
};

/// Why a problem has no solution.
struct MaxMinFault {
  enum class Kind { capacity, rate_cap, resource, usage, shape };
  Kind kind = Kind::shape;
  std::size_t index = 0;  ///< of the resource whose capacity, or the flow whose cap, resource or usage is wrong
};

/// Solves problems one after another in the same memory. Rates do not depend on the order of flows and resources but
/// for rounding.
class MaxMin {
 public:
  /// Capacities, usages and caps must be above zero and finite (a cap may be kUnbounded).
  std::optional<MaxMinFault> solve(const MaxMinProblem& problem);

  /// Of the last problem. A flow without resources and cap has the rate kUnbounded.
  std::span<const double> rate() const { return rate_; }
  /// The resource that holds a flow; kNobody if nothing does, or its cap.
  std::span<const std::uint32_t> bottleneck() const { return owner_; }

 private:
  /// The problem with a resource for each cap, and the flows of each resource.
  struct System {
    std::vector<double> capacity, usages;
    std::vector<std::uint32_t> begin, resources, crossing_begin, crossing_flows;
    Usage usage{};

    std::span<const std::uint32_t> crossing(std::uint32_t k) const {
      return {crossing_flows.data() + crossing_begin[k], crossing_flows.data() + crossing_begin[k + 1]};
    }
    std::pair<std::uint32_t, std::uint32_t> items(std::uint32_t f) const { return {begin[f], begin[f + 1]}; }
  };

  void take_in(const MaxMinProblem& problem);
  void add_caps(const MaxMinProblem& problem);
  void collect_crossings();

  System system_;
  ProgressiveFilling<System> filling_;
  std::vector<double> level_, foreign_, rate_;
  std::vector<std::uint32_t> owner_;
};

}  // namespace ithaca
