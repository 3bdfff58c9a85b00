#include "sim/max_min.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ithaca {
namespace {

bool is_capacity(double value) { return value > 0 && std::isfinite(value); }

std::optional<MaxMinFault> check(const MaxMinProblem& problem) {
  using Kind = MaxMinFault::Kind;
  const std::size_t flows = problem.begin.empty() ? 0 : problem.begin.size() - 1;
  if (problem.begin.empty() || problem.begin.front() != 0 || problem.begin.back() != problem.resources.size() ||
      !std::is_sorted(problem.begin.begin(), problem.begin.end()) ||
      (!problem.rate_cap.empty() && problem.rate_cap.size() != flows) ||
      (!problem.usage.values.empty() && problem.usage.values.size() != problem.resources.size()))
    return MaxMinFault{Kind::shape, 0};
  for (std::size_t k = 0; k < problem.capacity.size(); ++k) {
    if (!is_capacity(problem.capacity[k])) return MaxMinFault{Kind::capacity, k};
  }
  for (std::size_t f = 0; f < flows; ++f) {
    if (!problem.rate_cap.empty() && problem.rate_cap[f] != kUnbounded && !is_capacity(problem.rate_cap[f]))
      return MaxMinFault{Kind::rate_cap, f};
    for (std::uint32_t i = problem.begin[f]; i < problem.begin[f + 1]; ++i) {
      if (problem.resources[i] >= problem.capacity.size()) return MaxMinFault{Kind::resource, f};
      if (!is_capacity(problem.usage[i])) return MaxMinFault{Kind::usage, f};
    }
  }
  return std::nullopt;
}

}  // namespace

void MaxMin::take_in(const MaxMinProblem& problem) {
  System& s = system_;
  s.capacity.assign(problem.capacity.begin(), problem.capacity.end());
  s.usages.assign(problem.usage.values.begin(), problem.usage.values.end());
  s.begin.assign(problem.begin.begin(), problem.begin.end());
  s.resources.assign(problem.resources.begin(), problem.resources.end());
  if (!problem.rate_cap.empty()) add_caps(problem);
  s.usage.values = s.usages;
}

/// A cap is a resource of the flow's own.
void MaxMin::add_caps(const MaxMinProblem& problem) {
  System& s = system_;
  s.resources.clear();
  s.usages.clear();
  for (std::size_t f = 0; f + 1 < problem.begin.size(); ++f) {
    for (std::uint32_t i = problem.begin[f]; i < problem.begin[f + 1]; ++i) {
      s.resources.push_back(problem.resources[i]);
      s.usages.push_back(problem.usage[i]);
    }
    if (problem.rate_cap[f] != kUnbounded) {
      s.resources.push_back(static_cast<std::uint32_t>(s.capacity.size()));
      s.usages.push_back(1);
      s.capacity.push_back(problem.rate_cap[f]);
    }
    s.begin[f + 1] = static_cast<std::uint32_t>(s.resources.size());
  }
}

void MaxMin::collect_crossings() {
  System& s = system_;
  s.crossing_begin.assign(s.capacity.size() + 1, 0);
  for (const std::uint32_t k : s.resources) ++s.crossing_begin[k + 1];
  std::partial_sum(s.crossing_begin.begin(), s.crossing_begin.end(), s.crossing_begin.begin());
  s.crossing_flows.resize(s.resources.size());
  for (auto f = static_cast<std::uint32_t>(s.begin.size() - 1); f-- > 0;) {  // fills each row from its end
    for (std::uint32_t i = s.begin[f]; i < s.begin[f + 1]; ++i) {
      s.crossing_flows[--s.crossing_begin[s.resources[i] + 1]] = f;
    }
  }
  s.crossing_begin.erase(s.crossing_begin.begin());
  s.crossing_begin.push_back(static_cast<std::uint32_t>(s.resources.size()));
}

std::optional<MaxMinFault> MaxMin::solve(const MaxMinProblem& problem) {
  if (const auto fault = check(problem)) return fault;
  const std::size_t flows = problem.begin.size() - 1;
  take_in(problem);
  collect_crossings();
  level_.resize(system_.capacity.size());
  foreign_.resize(level_.size());
  owner_.assign(flows, kNobody);
  filling_.fill(system_, level_, foreign_, owner_);
  rate_.assign(flows, kUnbounded);
  for (std::size_t f = 0; f < flows; ++f) {
    if (owner_[f] == kNobody) continue;
    rate_[f] = level_[owner_[f]];
    if (owner_[f] >= problem.capacity.size()) owner_[f] = kNobody;
  }
  return std::nullopt;
}

}  // namespace ithaca
