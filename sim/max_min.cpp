#include "sim/max_min.hpp"

#include <algorithm>
#include <cmath>

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

void ProgressiveFilling::fill(std::span<const double> capacity, std::span<const std::uint32_t> begin,
                              std::span<const std::uint32_t> resources, Usage usage, const Crossings& crossings,
                              std::span<double> level, std::span<double> foreign, std::span<std::uint32_t> owner) {
  const auto higher = [](const Candidate& a, const Candidate& b) {
    return a.level > b.level || (a.level == b.level && a.resource > b.resource);
  };
  /// What the flows that cross `k` and have no owner use of it.
  const auto count_rising = [&](std::uint32_t k) {
    double sum = 0;
    std::uint32_t last = kNobody;
    for (const std::uint32_t f : crossings.flows.subspan(crossings.begin[k], crossings.count[k])) {
      if (owner[f] != kNobody || f == last) continue;
      last = f;
      for (std::uint32_t r = begin[f]; r < begin[f + 1]; ++r) sum += resources[r] == k ? usage[r] : 0;
    }
    return sum;
  };
  rising_.assign(crossings.count.begin(), crossings.count.end());
  heap_.clear();
  for (std::uint32_t k = 0; k < capacity.size(); ++k) {
    level[k] = kUnbounded;
    foreign[k] = 0;
    if (!usage.values.empty()) rising_[k] = count_rising(k);
    if (rising_[k] > 0) heap_.push_back({capacity[k] / rising_[k], k});
  }
  std::make_heap(heap_.begin(), heap_.end(), higher);
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), higher);
    const Candidate lowest = heap_.back();
    const std::uint32_t k = lowest.resource;
    heap_.pop_back();
    if (rising_[k] == 0) continue;
    const double reached = (capacity[k] - foreign[k]) / rising_[k];
    if (reached > lowest.level) {  // others have stopped below it since
      heap_.push_back({reached, k});
      std::push_heap(heap_.begin(), heap_.end(), higher);
      continue;
    }
    level[k] = lowest.level;
    for (std::uint32_t i = crossings.begin[k]; i < crossings.begin[k] + crossings.count[k]; ++i) {
      const std::uint32_t f = crossings.flows[i];
      if (owner[f] != kNobody) continue;
      owner[f] = k;
      for (std::uint32_t r = begin[f]; r < begin[f + 1]; ++r) {
        const std::uint32_t other = resources[r];
        rising_[other] -= usage[r];
        if (rising_[other] < usage[r] && rising_[other] != 0) rising_[other] = count_rising(other);  // for the rounding
        if (other != k) foreign[other] += lowest.level * usage[r];
      }
    }
  }
}

void MaxMin::take_in(const MaxMinProblem& problem) {
  capacity_.assign(problem.capacity.begin(), problem.capacity.end());
  usage_.assign(problem.usage.values.begin(), problem.usage.values.end());
  if (problem.rate_cap.empty()) {
    begin_.assign(problem.begin.begin(), problem.begin.end());
    resources_.assign(problem.resources.begin(), problem.resources.end());
    return;
  }
  begin_.assign(1, 0);  // a cap is a resource of the flow's own
  resources_.clear();
  usage_.clear();
  for (std::size_t f = 0; f + 1 < problem.begin.size(); ++f) {
    for (std::uint32_t i = problem.begin[f]; i < problem.begin[f + 1]; ++i) {
      resources_.push_back(problem.resources[i]);
      if (!problem.usage.values.empty()) usage_.push_back(problem.usage[i]);
    }
    if (problem.rate_cap[f] != kUnbounded) {
      resources_.push_back(static_cast<std::uint32_t>(capacity_.size()));
      capacity_.push_back(problem.rate_cap[f]);
      if (!problem.usage.values.empty()) usage_.push_back(1);
    }
    begin_.push_back(static_cast<std::uint32_t>(resources_.size()));
  }
}

void MaxMin::collect_crossings(std::size_t flows) {
  crossing_count_.assign(capacity_.size(), 0);
  for (const std::uint32_t k : resources_) ++crossing_count_[k];
  crossing_begin_.resize(capacity_.size());
  std::uint32_t at = 0;
  for (std::size_t k = 0; k < capacity_.size(); ++k) {
    crossing_begin_[k] = at;
    at += crossing_count_[k];
    crossing_count_[k] = 0;
  }
  crossing_flows_.resize(resources_.size());
  for (std::uint32_t f = 0; f < flows; ++f) {
    for (std::uint32_t i = begin_[f]; i < begin_[f + 1]; ++i) {
      const std::uint32_t k = resources_[i];
      crossing_flows_[crossing_begin_[k] + crossing_count_[k]++] = f;
    }
  }
}

std::optional<MaxMinFault> MaxMin::solve(const MaxMinProblem& problem) {
  if (const auto fault = check(problem)) return fault;
  const std::size_t flows = problem.begin.size() - 1;
  take_in(problem);
  collect_crossings(flows);
  level_.resize(capacity_.size());
  foreign_.resize(capacity_.size());
  owner_.assign(flows, kNobody);
  filling_.fill(capacity_, begin_, resources_, {usage_}, {crossing_begin_, crossing_count_, crossing_flows_}, level_,
                foreign_, owner_);
  rate_.resize(flows);
  for (std::size_t f = 0; f < flows; ++f) {
    rate_[f] = owner_[f] == kNobody ? kUnbounded : level_[owner_[f]];
    if (owner_[f] != kNobody && owner_[f] >= problem.capacity.size()) owner_[f] = kNobody;
  }
  return std::nullopt;
}

}  // namespace ithaca
