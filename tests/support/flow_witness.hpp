#pragma once
// Runs of the flow engine for tests, and what they must keep to at every instant.

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "sim/flow_engine.hpp"

namespace ithaca::test {

inline FlowRun run(const FlowSystem& system, const FlowOptions& options = {}) {
  auto result = run_flows(system, options);
  EXPECT_TRUE(result) << result.error();
  return result ? std::move(result).value() : FlowRun{};
}

/// Holds every instant of a run against the definition, and adds up what each flow moved.
class Witness {
 public:
  explicit Witness(const FlowSystem& system) : system_(system), moved(system.size.size(), 0) {}

  void see(const FlowInstant& now) {
    for (std::size_t i = 0; i < flows_.size(); ++i) moved[flows_[i]] += rates_[i] * (now.time.value() - since_);
    flows_.assign(now.flows.begin(), now.flows.end());
    rates_.clear();
    for (const BytesPerSecond r : now.rates) rates_.push_back(r.value());
    since_ = now.time.value();
    fastest_rate =
        std::accumulate(rates_.begin(), rates_.end(), fastest_rate, [](double a, double b) { return std::max(a, b); });
    certify();
  }

 private:
  void certify() const {
    std::vector<double> load(system_.capacity.size(), 0), fastest(system_.capacity.size(), 0);
    for (std::size_t i = 0; i < flows_.size(); ++i) {
      for (std::uint32_t r = system_.route.begin[flows_[i]]; r < system_.route.begin[flows_[i] + 1]; ++r) {
        const std::uint32_t k = system_.route.items[r];
        load[k] += rates_[i] * (system_.usage.empty() ? 1 : system_.usage[r]);
        fastest[k] = std::max(fastest[k], rates_[i]);
      }
    }
    for (std::size_t k = 0; k < load.size(); ++k) ASSERT_LE(load[k], system_.capacity[k].value() * (1 + 2e-12));
    for (std::size_t i = 0; i < flows_.size(); ++i) ASSERT_TRUE(is_held(i, load, fastest)) << "flow " << flows_[i];
  }
  bool is_held(std::size_t i, const std::vector<double>& load, const std::vector<double>& fastest) const {
    const double cap = system_.rate_cap[flows_[i]].value();
    if (cap > 0 && rates_[i] >= cap * (1 - 1e-12)) return true;
    const auto route = system_.route[flows_[i]];
    return std::any_of(route.begin(), route.end(), [&](std::uint32_t k) {
      return load[k] >= system_.capacity[k].value() * (1 - 2e-12) && rates_[i] >= fastest[k] * (1 - 2e-12);
    });
  }

  const FlowSystem& system_;
  std::vector<std::uint32_t> flows_;
  std::vector<double> rates_;
  double since_ = 0;

 public:
  std::vector<double> moved;
  double fastest_rate = 0;
};

}  // namespace ithaca::test
