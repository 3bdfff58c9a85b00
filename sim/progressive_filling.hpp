#pragma once
// Progressive filling (Bertsekas and Gallager, Data Networks, section 6.5.2) on arrays that the caller holds: the rates
// of all flows rise together; the flows of a resource that fills up stay at its level.

#include <algorithm>
#include <cstdint>
#include <limits>
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

/// Who crosses what, as `System` tells it: capacity[k] of resource k; crossing(k), its flows in a row, each as often as
/// its route holds k; items(f), the first and the end of the route of flow f in resources[] and usage[].
/// Nothing is checked, and nothing allocated from the second time on.
template <class System>
class ProgressiveFilling {
 public:
  /// Visits the flows that cross anything, whose `owner` must be kNobody and becomes the resource at whose level they
  /// stay. `level`: kUnbounded where a resource does not fill up. `foreign`: what the flows of other owners take.
  void fill(const System& system, std::span<double> level, std::span<double> foreign, std::span<std::uint32_t> owner) {
    system_ = &system;
    level_ = level;
    foreign_ = foreign;
    owner_ = owner;
    collect_candidates();
    while (stop_lowest()) {
    }
    stop_one_by_one();
  }

 private:
  struct Candidate {
    double level;  ///< at most what the resource will reach
    std::uint32_t resource;
  };

  void collect_candidates() {
    candidates_.clear();
    rising_.resize(level_.size());
    for (std::uint32_t k = 0; k < level_.size(); ++k) {
      level_[k] = kUnbounded;
      foreign_[k] = 0;
      const auto flows = system_->crossing(k);
      rising_[k] = system_->usage.values.empty() ? static_cast<double>(flows.size()) : usage_by_rising(k);
      if (rising_[k] > 0) candidates_.push_back({share(k), k});
    }
  }

  double share(std::uint32_t k) const { return (system_->capacity[k] - foreign_[k]) / rising_[k]; }

  /// Stops the flows of all that fill up first. False when these were few, and the others should be put in order.
  bool stop_lowest() {
    double lowest = kUnbounded;
    for (const Candidate& c : candidates_) lowest = std::min(lowest, c.level);
    for (const Candidate& c : candidates_) {
      if (c.level == lowest && rising_[c.resource] > 0) stop(c);
    }
    std::size_t left = 0;
    for (const Candidate& c : candidates_) {
      if (rising_[c.resource] > 0) candidates_[left++] = {std::max(share(c.resource), lowest), c.resource};
    }
    const bool many = left * 2 < candidates_.size();
    candidates_.resize(left);
    return many;
  }

  void stop_one_by_one() {
    const auto higher = [](const Candidate& a, const Candidate& b) {
      return a.level > b.level || (a.level == b.level && a.resource > b.resource);
    };
    std::make_heap(candidates_.begin(), candidates_.end(), higher);
    while (!candidates_.empty()) {
      std::pop_heap(candidates_.begin(), candidates_.end(), higher);
      const Candidate lowest = candidates_.back();
      candidates_.pop_back();
      if (rising_[lowest.resource] == 0) continue;
      const double reached = share(lowest.resource);
      if (reached > lowest.level) {  // others have stopped below it since
        candidates_.push_back({reached, lowest.resource});
        std::push_heap(candidates_.begin(), candidates_.end(), higher);
      } else {
        stop(lowest);
      }
    }
  }

  void stop(const Candidate& full) {
    level_[full.resource] = full.level;
    const double foreign = foreign_[full.resource];
    const bool once = system_->usage.values.empty();
    for (const std::uint32_t f : system_->crossing(full.resource)) {
      if (owner_[f] != kNobody) continue;
      owner_[f] = full.resource;
      const auto [first, end] = system_->items(f);
      if (once) {
        for (std::uint32_t i = first; i < end; ++i) {
          rising_[system_->resources[i]] -= 1;
          foreign_[system_->resources[i]] += full.level;
        }
      } else {
        for (std::uint32_t i = first; i < end; ++i) stop(system_->resources[i], system_->usage[i], full.level);
      }
    }
    foreign_[full.resource] = foreign;
  }

  void stop(std::uint32_t k, double usage, double level) {
    rising_[k] -= usage;
    foreign_[k] += level * usage;
    if (rising_[k] < usage && rising_[k] != 0) rising_[k] = usage_by_rising(k);  // for the rounding
  }

  double usage_by_rising(std::uint32_t k) const {
    double sum = 0;
    std::uint32_t last = kNobody;
    for (const std::uint32_t f : system_->crossing(k)) {
      if (owner_[f] != kNobody || f == last) continue;
      last = f;
      const auto [first, end] = system_->items(f);
      for (std::uint32_t i = first; i < end; ++i) sum += system_->resources[i] == k ? system_->usage[i] : 0;
    }
    return sum;
  }

  const System* system_ = nullptr;
  std::span<double> level_, foreign_;
  std::span<std::uint32_t> owner_;
  std::vector<Candidate> candidates_;
  std::vector<double> rising_;  ///< by resource: usage by flows whose rate still rises
};

}  // namespace ithaca
