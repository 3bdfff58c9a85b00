#include "sim/flow_clocks.hpp"

#include <algorithm>

namespace ithaca {

FlowClocks::FlowClocks(const FairShares& shares, std::size_t resources, double largest, double merge)
    : shares_(shares),
      resources_(resources),
      longest_(64 * largest),
      merge_(merge),
      moved_(resources, 0),
      at_(resources, 0),
      speed_(resources, 0),
      first_(resources, kNobody) {
  earliest_.resize(resources);
  mark_.reserve(shares.flows());
  clock_.reserve(shares.flows());
  if (merge > 0) early_.reserve(shares.flows());
}

void FlowClocks::start(std::uint32_t slot, double bytes) {
  if (slot >= mark_.size()) {
    mark_.resize(slot + 1);
    clock_.resize(slot + 1);
    if (merge_ > 0) early_.resize(slot + 1);
  }
  mark_[slot] = bytes * (1 + merge_);
  if (merge_ > 0) early_[slot] = bytes * (1 - merge_);
  clock_[slot] = kNobody;
}

void FlowClocks::change_clock(std::uint32_t slot) {
  const std::uint32_t from = clock_[slot], to = shares_.owner(slot);
  if (from == to) return;
  const double left = from == kNobody ? mark_[slot] : std::max(0.0, mark_[slot] - moved_[from]);
  if (from != kNobody && first_[from] == slot) first_[from] = kNobody;
  clock_[slot] = to;
  if (merge_ > 0) early_[slot] += moved_[to] + left - mark_[slot];
  mark_[slot] = moved_[to] + left;
  if (first_[to] != kNobody && mark_[slot] < mark_[first_[to]]) first_[to] = slot;
}

void FlowClocks::find_first(std::uint32_t resource) {
  const auto own = shares_.owned(resource);
  first_[resource] =
      *std::min_element(own.begin(), own.end(), [&](std::uint32_t a, std::uint32_t b) { return mark_[a] < mark_[b]; });
}

/// A clock that has run for long counts in coarser grains; all its flows forget what it showed.
void FlowClocks::set_back(std::uint32_t resource) {
  for (const std::uint32_t f : shares_.owned(resource)) {
    mark_[f] -= moved_[resource];
    if (merge_ > 0) early_[f] -= moved_[resource];
  }
  moved_[resource] = 0;
}

double FlowClocks::finish_time(std::uint32_t resource) {
  if (shares_.owned(resource).empty()) {
    moved_[resource] = speed_[resource] = 0;
    first_[resource] = kNobody;
    return kUnbounded;
  }
  if (moved_[resource] > longest_) set_back(resource);
  speed_[resource] = shares_.level(resource);
  if (first_[resource] == kNobody || shares_.owner(first_[resource]) != resource) find_first(resource);
  const double left = std::max(0.0, mark_[first_[resource]] - moved_[resource]);
  return at_[resource] + left / speed_[resource];
}

void FlowClocks::follow(double now) {
  const auto changed = shares_.changed();
  for (const std::uint32_t k : changed) {
    moved_[k] += speed_[k] * (now - at_[k]);
    at_[k] = now;
  }
  for (const std::uint32_t f : shares_.moved()) change_clock(f);
  const bool many = changed.size() * 8 > resources_;
  for (const std::uint32_t k : changed) {
    if (many) {
      earliest_.put(k, finish_time(k));
    } else {
      earliest_.set(k, finish_time(k));
    }
  }
  if (many) earliest_.settle();
}

void FlowClocks::take_finished(double limit, std::vector<std::uint32_t>& finished) const {
  // A flow that has moved at one rate since 0 can be merged from limit on until limit x (1 + 2 merge).
  earliest_.up_to(limit * (1 + 2 * merge_), [&](std::uint32_t k) {
    const double shown = moved_[k] + speed_[k] * (limit - at_[k]);
    const std::uint32_t due = earliest_.time(k) <= limit ? first_[k] : kNobody;
    const auto& from = merge_ > 0 ? early_ : mark_;
    for (const std::uint32_t f : shares_.owned(k)) {
      if (f == due || from[f] <= shown) finished.push_back(f);
    }
  });
}

}  // namespace ithaca
