#pragma once
// Max-min fair rates: no flow can be given more without taking from one that has no more than it. Progressive filling
// (Bertsekas and Gallager, Data Networks, section 6.5.2): the rates of all flows rise together; the flows of a resource
// that fills up stay at its level. Knows flows and resources only, and no network.

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace ithaca {

inline constexpr std::uint32_t kNobody = 0xFFFFFFFF;
inline constexpr double kUnbounded = std::numeric_limits<double>::infinity();

/// How often flows cross resources, item by item of their routes; without values once each. A resource carries the sum
/// of usage x rate.
struct Usage {
  std::span<const double> values;

  double operator[](std::size_t item) const { return values.empty() ? 1 : values[item]; }
};

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

/// The flows that cross each resource: flows[begin[k]] .. flows[begin[k] + count[k] - 1].
struct Crossings {
  std::span<const std::uint32_t> begin;
  std::span<const std::uint32_t> count;
  std::span<const std::uint32_t> flows;
};

/// Progressive filling on arrays that the caller holds; nothing is checked and, from the second call on, nothing
/// allocated. Visits the flows that `crossings` lists, whose `owner` must be kNobody.
class ProgressiveFilling {
 public:
  /// `owner`: the resource at whose level a flow stays. `level`: kUnbounded where a resource does not fill up.
  /// `foreign`: what the flows of other owners take from a resource.
  void fill(std::span<const double> capacity, std::span<const std::uint32_t> begin,
            std::span<const std::uint32_t> resources, Usage usage, const Crossings& crossings, std::span<double> level,
            std::span<double> foreign, std::span<std::uint32_t> owner);

 private:
  struct Candidate {
    double level;  ///< at most what the resource will reach
    std::uint32_t resource;
  };
  std::vector<Candidate> heap_;
  std::vector<double> rising_;  ///< by resource: usage by flows whose rate still rises
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
  void collect_crossings(std::size_t flows);
  void take_in(const MaxMinProblem& problem);

  ProgressiveFilling filling_;
  std::vector<double> capacity_, usage_, level_, foreign_, rate_;
  std::vector<std::uint32_t> begin_, resources_, owner_, crossing_begin_, crossing_count_, crossing_flows_;
};

}  // namespace ithaca
