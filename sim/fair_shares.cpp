#include "sim/fair_shares.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ithaca {
namespace {

constexpr std::uint32_t kGone = kNobody - 1;   ///< owner of a flow that is not there
constexpr std::uint16_t kOldest = 256;         ///< settlings until the sum of foreign rates is added up anew
constexpr std::size_t kStepsPerResource = 16;  ///< settlings before an update starts from scratch
constexpr std::size_t kStepsPerRanking = 4;    ///< settlings per resource before ranks are made anew
constexpr int kFewTaken = 4;                   ///< flows taken over one by one before all are looked at
constexpr std::size_t kFewChanges = 8;         ///< changes that never start from scratch

}  // namespace

FairShares::FairShares(std::span<const double> capacity, const IndexRows& route, Usage usage)
    : capacity_(capacity),
      route_(route),
      usage_(usage),
      share_(capacity.size() + 1),
      level_(capacity.size() + 1, kUnbounded),
      crossing_begin_(capacity.size(), 0),
      crossing_count_(capacity.size(), 0),
      owned_(capacity.size()),
      by_rank_(capacity.size()),
      age_(capacity.size(), 0),
      must_scan_(capacity.size(), 0),
      is_changed_(capacity.size(), 0),
      owner_(route.size(), kGone),
      place_(route.size(), 0),
      crossing_flows_(route.items.size()) {
  std::vector<std::uint32_t> count(capacity.size(), 0);
  for (const std::uint32_t k : route.items) ++count[k];
  std::exclusive_scan(count.begin(), count.end(), crossing_begin_.begin(), std::uint32_t{0});
  for (std::size_t f = 0; f < route.size(); ++f) width_ = std::max(width_, static_cast<std::uint32_t>(route[f].size()));
  width_ -= width_ > 0;
  share_.back().dirty = true;  // stands for none and is never looked at
  dirty_.resize(capacity.size());
  std::iota(by_rank_.begin(), by_rank_.end(), 0u);
  for (const std::uint32_t k : by_rank_) share_[k].rank = k;
}

void FairShares::note_change(std::uint32_t k) {
  if (is_changed_[k]) return;
  is_changed_[k] = 1;
  changed_.push_back(k);
}

void FairShares::forget_changes() {
  for (const std::uint32_t k : changed_) is_changed_[k] = 0;
  changed_.clear();
  moved_.clear();
}

inline void FairShares::mark(Share& share) {
  if (share.dirty) return;
  share.dirty = true;
  dirty_.insert(share.rank);
}

void FairShares::mark_route(std::uint32_t flow) {
  for (const std::uint32_t k : route_[flow]) mark(share_[k]);
}

void FairShares::clear_marks() {
  while (!dirty_.empty()) share_[by_rank_[dirty_.pop()]].dirty = false;
}

void FairShares::add(std::uint32_t flow) {
  owner_[flow] = kNobody;
  for (const std::uint32_t k : route_[flow]) {
    crossing_flows_[crossing_begin_[k] + crossing_count_[k]++] = flow;
  }
  must_scan_[route_[flow].front()] = 1;  // finds the flow an owner
  mark_route(flow);
  ++alive_;
  ++changes_;
}

/// Where in its route a flow crosses `k`.
std::uint32_t FairShares::find_item(std::uint32_t flow, std::uint32_t k) const {
  const auto route = route_[flow];
  return route_.begin[flow] + static_cast<std::uint32_t>(std::find(route.begin(), route.end(), k) - route.begin());
}

void FairShares::drop_from_owner(std::uint32_t flow) {
  const std::uint32_t k = owner_[flow];
  Owned& own = owned_[k];
  const std::uint32_t place = place_[flow], last = own.flows.back();
  own.flows[place] = last;
  place_[last] = place;
  own.flows.pop_back();
  const auto drop_row = [&](auto& rows) {
    std::copy(rows.end() - width_, rows.end(), rows.begin() + place * width_);
    rows.resize(rows.size() - width_);
  };
  drop_row(own.others);
  double usage = 1;
  if (!usage_.values.empty()) {
    drop_row(own.usage);
    usage = usage_[find_item(flow, k)];
  }
  share_[k].own -= usage;
  if (share_[k].own < usage && share_[k].own != 0) add_up_own(k);  // for the rounding
  note_change(k);
}

void FairShares::add_up_own(std::uint32_t k) {
  share_[k].own = 0;
  for (const std::uint32_t f : owned_[k].flows) share_[k].own += usage_[find_item(f, k)];
}

void FairShares::give(std::uint32_t flow, std::uint32_t to) {
  Owned& own = owned_[to];
  owner_[flow] = to;
  place_[flow] = static_cast<std::uint32_t>(own.flows.size());
  own.flows.push_back(flow);
  for (std::uint32_t i = route_.begin[flow]; i < route_.begin[flow + 1]; ++i) {
    if (route_.items[i] == to) {
      share_[to].own += usage_[i];
    } else {
      own.others.push_back(route_.items[i]);
      if (!usage_.values.empty()) own.usage.push_back(usage_[i]);
    }
  }
  own.others.resize(own.flows.size() * width_, static_cast<std::uint32_t>(capacity_.size()));
  if (!usage_.values.empty()) own.usage.resize(own.others.size(), 0);
  note_change(to);
  moved_.push_back(flow);
}

void FairShares::remove(std::span<const std::uint32_t> flows) {
  if (are_many(flows.size())) {
    for (const std::uint32_t f : flows) owner_[f] = kGone;
    must_refill_ = true;
  } else {
    for (const std::uint32_t f : flows) take_out(f);
  }
  alive_ -= flows.size();
  changes_ += flows.size();
}

void FairShares::take_out(std::uint32_t flow) {
  const std::uint32_t owner = owner_[flow];
  drop_from_owner(flow);
  for (std::uint32_t i = route_.begin[flow]; i < route_.begin[flow + 1]; ++i) {
    if (route_.items[i] != owner) share_[route_.items[i]].foreign -= level_[owner] * usage_[i];
  }
  owner_[flow] = kGone;
  mark_route(flow);
}

/// Whether so many flows change that starting from scratch is less work.
bool FairShares::are_many(std::size_t changes) const {
  return changes > kFewChanges && changes * 8 > alive_ && changes * 32 > capacity_.size();
}

void FairShares::update() {
  ++effort_.updates;
  if (from_scratch_ || must_refill_ || are_many(changes_) || !pass_on()) refill();
  changes_ = 0;
}

bool FairShares::pass_on() {
  const std::size_t limit = kStepsPerResource * capacity_.size();
  if (settled_since_ranking_ > kStepsPerRanking * capacity_.size()) rank_by_level();
  for (std::size_t steps = 0; !dirty_.empty(); ++steps) {
    if (steps > limit) return false;
    const std::uint32_t k = by_rank_[dirty_.pop()];
    share_[k].dirty = false;
    settle(k);
    ++settled_since_ranking_;
    ++effort_.settled;
  }
  return true;
}

/// Ranks only say in which order to look: they may lag behind the levels.
void FairShares::rank_by_level() {
  std::vector<std::uint32_t> waiting;
  while (!dirty_.empty()) waiting.push_back(by_rank_[dirty_.pop()]);
  std::sort(by_rank_.begin(), by_rank_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return level_[a] < level_[b] || (level_[a] == level_[b] && a < b);
  });
  for (std::uint32_t i = 0; i < by_rank_.size(); ++i) share_[by_rank_[i]].rank = i;
  for (const std::uint32_t k : waiting) dirty_.insert(share_[k].rank);
  settled_since_ranking_ = 0;
}

void FairShares::refill() {
  ++effort_.from_scratch;
  must_refill_ = false;
  clear_marks();
  for (std::uint32_t k = 0; k < capacity_.size(); ++k) {
    std::uint32_t kept = crossing_begin_[k];
    for (std::uint32_t i = kept; i < crossing_begin_[k] + crossing_count_[k]; ++i) {
      const std::uint32_t f = crossing_flows_[i];
      if (owner_[f] == kGone) continue;
      owner_[f] = kNobody;
      crossing_flows_[kept++] = f;
    }
    crossing_count_[k] = kept - crossing_begin_[k];
    if (!owned_[k].flows.empty() || level_[k] != kUnbounded) note_change(k);
    owned_[k].flows.clear();
    owned_[k].others.clear();
    owned_[k].usage.clear();
    share_[k].own = 0;
  }
  filled_foreign_.resize(capacity_.size());
  filling_.fill(capacity_, route_.begin, route_.items, usage_, {crossing_begin_, crossing_count_, crossing_flows_},
                level_, filled_foreign_, owner_);
  for (std::uint32_t k = 0; k < capacity_.size(); ++k) {
    for (std::uint32_t i = crossing_begin_[k]; i < crossing_begin_[k] + crossing_count_[k]; ++i) {
      if (owner_[crossing_flows_[i]] == k) give(crossing_flows_[i], k);
    }
    share_[k].foreign = filled_foreign_[k];
    share_[k].fastest = level_[k];
    age_[k] = 0;
    must_scan_[k] = 0;
  }
  rank_by_level();
}

/// Gives a resource its level, with the levels of the others as they are.
void FairShares::settle(std::uint32_t k) {
  if (must_scan_[k]) return scan(k);
  if (owned_[k].flows.empty()) {
    if (share_[k].foreign > capacity_[k] * (1 + kTie)) return scan(k);
    if (level_[k] != kUnbounded) note_change(k);
    level_[k] = kUnbounded;
    return;
  }
  if (std::abs(own_share(k) - level_[k]) <= kTie * level_[k]) return;
  if (++age_[k] > kOldest) return scan(k);
  for (int taken = 0; own_share(k) < std::min(level_[k], share_[k].fastest); ++taken) {
    const std::uint32_t f = find_fastest(k);
    if (f == kNobody || rate(f) <= own_share(k) * (1 + kTie)) break;
    if (taken == kFewTaken) return scan(k);
    move(f, k);
  }
  const double level = own_share(k);
  const auto& others = owned_[k].others;
  if (level > level_[k] &&
      std::any_of(others.begin(), others.end(), [&](std::uint32_t j) { return level_[j] < level; }))
    return scan(k);  // some of its flows are held by others now
  set_level(k, level);
}

/// What is left for each of the flows that `k` owns.
double FairShares::own_share(std::uint32_t k) const { return (capacity_[k] - share_[k].foreign) / share_[k].own; }

/// The fastest flow of another owner; kNobody if there is none.
std::uint32_t FairShares::find_fastest(std::uint32_t k) {
  std::uint32_t found = kNobody;
  double fastest = 0;
  for (std::uint32_t i = crossing_begin_[k]; i < crossing_begin_[k] + crossing_count_[k]; ++i) {
    const std::uint32_t f = crossing_flows_[i], owner = owner_[f];
    if (owner >= kGone || owner == k || level_[owner] <= fastest) continue;
    fastest = level_[owner];
    found = f;
  }
  share_[k].fastest = fastest;
  return found;
}

void FairShares::set_level(std::uint32_t k, double level) {
  const double change = level - level_[k];
  level_[k] = level;
  note_change(k);
  const Owned& own = owned_[k];
  const auto pass = [&](std::uint32_t other, double more) {
    Share& share = share_[other];
    share.foreign += more;
    share.fastest = std::max(share.fastest, level);
    mark(share);
  };
  if (usage_.values.empty()) {
    for (const std::uint32_t other : own.others) pass(other, change);
  } else {
    for (std::size_t i = 0; i < own.others.size(); ++i) pass(own.others[i], change * own.usage[i]);
  }
}

/// Hands a flow over; its rate becomes the level of `to`.
void FairShares::move(std::uint32_t flow, std::uint32_t to) {
  const std::uint32_t from = owner_[flow];
  const double before = from == kNobody ? 0 : level_[from], after = level_[to];
  if (from != kNobody) drop_from_owner(flow);
  give(flow, to);
  for (std::uint32_t i = route_.begin[flow]; i < route_.begin[flow + 1]; ++i) {
    const std::uint32_t k = route_.items[i];
    Share& share = share_[k];
    if (k != from) share.foreign -= before * usage_[i];
    if (k != to) {
      share.foreign += after * usage_[i];
      share.fastest = std::max(share.fastest, after);
    }
    mark(share);
  }
}

/// Settles a resource by looking at all its flows, and hands over those that another one must hold.
void FairShares::scan(std::uint32_t k) {
  ++effort_.scanned;
  must_scan_[k] = 0;
  collect_flows(k);
  const double level = water_level(k);
  for (const Crossing& c : scanned_) {
    const double bar = owner_[c.flow] == k ? level * (1 - kTie) : level;
    if ((owner_[c.flow] == k || owner_[c.flow] == kNobody) && c.limit < bar) move(c.flow, c.nearest);
  }
  set_level(k, level);
  for (const Crossing& c : scanned_) {
    if (owner_[c.flow] != k && (owner_[c.flow] == kNobody || c.limit > level * (1 + kTie))) move(c.flow, k);
  }
  recount(k);
}

/// Lists the flows that cross `k`, and drops those that left.
void FairShares::collect_flows(std::uint32_t k) {
  scanned_.clear();
  const std::uint32_t begin = crossing_begin_[k], end = begin + crossing_count_[k];
  std::uint32_t kept = begin;
  for (std::uint32_t i = begin; i < end; ++i) {
    Crossing c{crossing_flows_[i], k, kUnbounded, 1};
    if (owner_[c.flow] == kGone) continue;
    crossing_flows_[kept++] = c.flow;
    for (std::uint32_t r = route_.begin[c.flow]; r < route_.begin[c.flow + 1]; ++r) {
      const std::uint32_t other = route_.items[r];
      if (other == k) {
        c.usage = usage_[r];
      } else if (level_[other] < c.limit) {
        c.limit = level_[other];
        c.nearest = other;
      }
    }
    scanned_.push_back(c);
  }
  crossing_count_[k] = kept - begin;
}

/// The level at which the listed flows fill `k`, each held by its limit; kUnbounded if they cannot.
double FairShares::water_level(std::uint32_t k) {
  limits_.clear();
  double room = capacity_[k], usage = 0;
  for (const Crossing& c : scanned_) {
    limits_.push_back({c.limit, c.usage});
    usage += c.usage;
  }
  while (!limits_.empty()) {
    const double level = room / usage;
    std::size_t kept = 0;
    usage = 0;
    for (const Limit& limit : limits_) {
      if (limit.level < level) {
        room -= limit.level * limit.usage;
      } else {
        limits_[kept++] = limit;
        usage += limit.usage;
      }
    }
    if (kept == limits_.size()) return level;
    limits_.resize(kept);
  }
  return kUnbounded;
}

void FairShares::recount(std::uint32_t k) {
  age_[k] = 0;
  Share& share = share_[k];
  share.own = share.foreign = share.fastest = 0;
  for (const Crossing& c : scanned_) {
    if (owner_[c.flow] == k) {
      share.own += c.usage;
    } else {
      share.foreign += rate(c.flow) * c.usage;
      share.fastest = std::max(share.fastest, rate(c.flow));
    }
  }
}

}  // namespace ithaca
