#pragma once
// The textbook in long double, with nothing in common with sim/: at every instant all rates are filled up anew, by
// looking at every link for the one that fills first.

#include <algorithm>
#include <limits>
#include <vector>

#include "model/flows.hpp"

namespace ithaca::test {

class FlowOracle {
 public:
  using Real = long double;
  explicit FlowOracle(const FlowSystem& s) : s_(s), finish_(s.size.size(), kNever) {
    for (const Bytes b : s.size) left_.push_back(b.value());
  }

  /// When each flow finishes.
  std::vector<Real> run() {
    Real now = 0;
    while (now < kNever) {
      for (bool again = true; again;) again = finish_empty(now);
      fill(now);
      Real next = kNever;
      for (std::size_t f = 0; f < finish_.size(); ++f) {
        if (moves(f, now)) next = std::min(next, now + left_[f] / rate_[f]);
        if (finish_[f] == kNever && begins(f) > now) next = std::min(next, begins(f));
      }
      if (next == kNever) break;
      for (std::size_t f = 0; f < finish_.size(); ++f) {
        if (moves(f, now)) left_[f] -= rate_[f] * (next - now);
      }
      now = next;
    }
    return finish_;
  }

 private:
  static constexpr Real kNever = std::numeric_limits<Real>::infinity();

  Real begins(std::size_t f) const {
    Real time = s_.start[f].value();
    for (const std::uint32_t other : s_.after[f]) time = std::max(time, finish_[other]);
    time += s_.delay[f].value();
    for (const std::uint32_t k : s_.route[f]) time += s_.latency.empty() ? 0 : s_.latency[k].value();
    return time;
  }
  bool moves(std::size_t f, Real now) const { return finish_[f] == kNever && begins(f) <= now; }

  bool finish_empty(Real now) {
    bool any = false;
    for (std::size_t f = 0; f < finish_.size(); ++f) {
      if (!moves(f, now) || left_[f] > 1e-15L * s_.size[f].value()) continue;
      finish_[f] = now;
      any = true;
    }
    return any;
  }

  void fill(Real now) {
    rate_.assign(finish_.size(), 0);
    std::vector<bool> rises(finish_.size());
    for (std::size_t f = 0; f < finish_.size(); ++f) rises[f] = moves(f, now);
    for (;;) {
      Real step = kNever;
      for (std::size_t k = 0; k < s_.capacity.size(); ++k) step = std::min(step, room(k, rises));
      for (std::size_t f = 0; f < finish_.size(); ++f) {
        if (rises[f] && s_.rate_cap[f].value() > 0) step = std::min(step, s_.rate_cap[f].value() - rate_[f]);
      }
      if (step == kNever) return;
      for (std::size_t f = 0; f < finish_.size(); ++f) rate_[f] += rises[f] ? step : 0;
      stop_full(rises);
    }
  }
  /// By how much the rising flows of a link can still rise.
  Real room(std::size_t k, const std::vector<bool>& rises) const {
    Real used = 0, rising = 0;
    for (std::size_t f = 0; f < finish_.size(); ++f) {
      for (std::uint32_t i = s_.route.begin[f]; i < s_.route.begin[f + 1]; ++i) {
        if (s_.route.items[i] != k) continue;
        const Real usage = s_.usage.empty() ? 1 : s_.usage[i];
        used += rate_[f] * usage;
        rising += rises[f] ? usage : 0;
      }
    }
    return rising == 0 ? kNever : std::max<Real>(0, s_.capacity[k].value() - used) / rising;
  }
  void stop_full(std::vector<bool>& rises) const {
    std::vector<bool> stop(finish_.size(), false);
    for (std::size_t f = 0; f < finish_.size(); ++f) {
      for (const std::uint32_t k : s_.route[f]) stop[f] = stop[f] || room(k, rises) < 1e-15L * s_.capacity[k].value();
      const Real cap = s_.rate_cap[f].value();
      stop[f] = stop[f] || (cap > 0 && rate_[f] >= cap * (1 - 1e-15L));
    }
    for (std::size_t f = 0; f < finish_.size(); ++f) rises[f] = rises[f] && !stop[f];
  }

  const FlowSystem& s_;
  std::vector<Real> left_, rate_;
  std::vector<Real> finish_;
};

}  // namespace ithaca::test
