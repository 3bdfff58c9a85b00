#include "sim/fair_shares.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ithaca {
namespace {

constexpr std::uint32_t kGone = kNobody - 1;  ///< owner of a flow that is not there
constexpr std::uint8_t kOldest = 250;         ///< settlings until the sum of foreign rates is added up anew
constexpr std::size_t kMostSteps = 4;         ///< settlings a flow and resource before an update starts from scratch
constexpr std::size_t kStepsPerRanking = 4;   ///< settlings per resource before ranks are made anew
constexpr int kFewTaken = 4;                  ///< flows taken over one by one before all are looked at
constexpr std::size_t kFewGone = 8;           ///< part of the flows that leave the lists one by one
constexpr std::size_t kFewChanges = 8;        ///< changes that never start from scratch

}  // namespace

FairShares::FairShares(std::span<const double> capacity, const IndexRows& route, Usage usage)
    : capacity_(capacity),
      route_(route),
      usage_(usage),
      share_(capacity.size() + 1),
      level_(capacity.size() + 1, kUnbounded),
      lists_(capacity.size()),
      by_rank_(capacity.size()) {
  for (std::size_t f = 0; f < route.size(); ++f) width_ = std::max(width_, static_cast<std::uint32_t>(route[f].size()));
  width_ -= width_ > 0;
  share_.back().dirty = true;  // stands for none and is never looked at
  dirty_.resize(capacity.size());
  std::iota(by_rank_.begin(), by_rank_.end(), 0u);
  for (const std::uint32_t k : by_rank_) share_[k].rank = k;
}

void FairShares::note_change(std::uint32_t k) {
  if (share_[k].is_changed) return;
  share_[k].is_changed = true;
  changed_.push_back(k);
}

void FairShares::forget_changes() {
  for (const std::uint32_t k : changed_) share_[k].is_changed = false;
  changed_.clear();
  moved_.clear();
}

inline void FairShares::mark(Share& share) {
  if (share.dirty) return;
  share.dirty = true;
  dirty_.insert(share.rank);
}

void FairShares::mark_route(std::uint32_t slot) {
  for (const std::uint32_t k : route_[flow_[slot]]) mark(share_[k]);
}

std::uint32_t FairShares::add(std::uint32_t flow) {
  auto slot = static_cast<std::uint32_t>(flow_.size());
  if (free_.empty()) {
    flow_.push_back(flow);
    owner_.push_back(kNobody);
    place_.push_back(0);
  } else {
    slot = free_.back();
    free_.pop_back();
    flow_[slot] = flow;
    owner_[slot] = kNobody;
  }
  for (const std::uint32_t k : route_[flow]) lists_[k].crossing.push_back(slot);
  ++alive_;
  must_refill_ = must_refill_ || are_many(++changes_);
  if (must_refill_) return slot;
  share_[route_[flow].front()].must_scan = true;  // finds the flow an owner
  mark_route(slot);
  return slot;
}

double FairShares::usage_at(std::uint32_t slot, std::uint32_t k) const {
  if (usage_.values.empty()) return 1;
  const auto route = route_[flow_[slot]];
  return usage_[items(slot).first + static_cast<std::size_t>(std::find(route.begin(), route.end(), k) - route.begin())];
}

void FairShares::drop_from_owner(std::uint32_t slot) {
  const std::uint32_t k = owner_[slot];
  Lists& lists = lists_[k];
  const std::uint32_t place = place_[slot], last = lists.own.back();
  lists.own[place] = last;
  place_[last] = place;
  lists.own.pop_back();
  const auto drop_row = [&](auto& rows) {
    std::copy(rows.end() - width_, rows.end(), rows.begin() + place * width_);
    rows.resize(rows.size() - width_);
  };
  drop_row(lists.others);
  if (!usage_.values.empty()) drop_row(lists.usage);
  const double usage = usage_at(slot, k);
  share_[k].own -= usage;
  if (share_[k].own < usage && share_[k].own != 0) add_up_own(k);  // for the rounding
  note_change(k);
}

void FairShares::add_up_own(std::uint32_t k) {
  share_[k].own = 0;
  for (const std::uint32_t slot : lists_[k].own) share_[k].own += usage_at(slot, k);
}

void FairShares::give(std::uint32_t slot, std::uint32_t to) {
  Lists& lists = lists_[to];
  owner_[slot] = to;
  place_[slot] = static_cast<std::uint32_t>(lists.own.size());
  lists.own.push_back(slot);
  share_[to].own += usage_at(slot, to);
  if (is_prepared_) add_row(slot, lists);
  note_change(to);
  moved_.push_back(slot);
}

/// For the last of its owner's flows.
void FairShares::add_row(std::uint32_t slot, Lists& lists) {
  const std::size_t size = lists.others.size() + width_;
  for (auto [i, end] = items(slot); i < end; ++i) {
    if (route_.items[i] == owner_[slot]) continue;
    lists.others.push_back(route_.items[i]);
    if (!usage_.values.empty()) lists.usage.push_back(usage_[i]);
  }
  lists.others.resize(size, static_cast<std::uint32_t>(capacity_.size()));
  if (!usage_.values.empty()) lists.usage.resize(size, 0);
}

void FairShares::remove(std::span<const std::uint32_t> slots) {
  if (are_many(slots.size())) {
    must_refill_ = true;
    must_drop_gone_ = must_drop_gone_ || slots.size() * kFewGone > alive_;
    for (const std::uint32_t slot : slots) {
      if (!must_drop_gone_) drop_crossings(slot);
      owner_[slot] = kGone;
    }
  } else {
    prepare_to_pass_on();
    for (const std::uint32_t slot : slots) take_out(slot);
  }
  gone_.insert(gone_.end(), slots.begin(), slots.end());
  alive_ -= slots.size();
  changes_ += slots.size();
}

void FairShares::take_out(std::uint32_t slot) {
  const std::uint32_t owner = owner_[slot];
  drop_from_owner(slot);
  for (auto [i, end] = items(slot); i < end; ++i) {
    const std::uint32_t k = route_.items[i];
    if (k != owner) share_[k].foreign -= level_[owner] * usage_[i];
    mark(share_[k]);
  }
  drop_crossings(slot);
  owner_[slot] = kGone;
}

void FairShares::drop_crossings(std::uint32_t slot) {
  for (const std::uint32_t k : route_[flow_[slot]]) {
    auto& crossing = lists_[k].crossing;
    *std::find(crossing.begin(), crossing.end(), slot) = crossing.back();
    crossing.pop_back();
  }
}

/// Whether so many flows change that starting from scratch is less work.
bool FairShares::are_many(std::size_t changes) const {
  return changes > kFewChanges && static_cast<double>(changes) * settled_per_change_ > work_from_scratch();
}

/// In settlings, about.
double FairShares::work_from_scratch() const { return 0.5 * static_cast<double>(alive_ + capacity_.size()); }

void FairShares::update() {
  ++effort_.updates;
  if (from_scratch_ || must_refill_ || !pass_on()) refill();
  changes_ = 0;
  if (free_.empty()) {
    free_.swap(gone_);
  } else {
    free_.insert(free_.end(), gone_.begin(), gone_.end());
    gone_.clear();
  }
}

bool FairShares::pass_on() {
  prepare_to_pass_on();
  const std::size_t limit = kMostSteps * (alive_ + capacity_.size());
  if (settled_since_ranking_ > kStepsPerRanking * capacity_.size()) rank_by_level();
  std::size_t steps = 0;
  for (; !dirty_.empty() && steps <= limit; ++steps) {
    const std::uint32_t k = by_rank_[dirty_.pop()];
    share_[k].dirty = false;
    settle(k);
  }
  settled_since_ranking_ += steps;
  effort_.settled += static_cast<std::int64_t>(steps);
  if (changes_ > 0)
    settled_per_change_ += (static_cast<double>(steps) / static_cast<double>(changes_) - settled_per_change_) / 8;
  return dirty_.empty();
}

/// Makes up for what refill() leaves undone.
void FairShares::prepare_to_pass_on() {
  if (is_prepared_) return;
  is_prepared_ = true;
  for (Lists& lists : lists_) {
    lists.others.reserve(lists.own.size() * width_);
    for (const std::uint32_t slot : lists.own) add_row(slot, lists);
  }
  rank_by_level();
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

void FairShares::drop_gone() {
  for (Lists& lists : lists_) {
    std::erase_if(lists.crossing, [&](std::uint32_t slot) { return owner_[slot] == kGone; });
  }
}

void FairShares::refill() {
  ++effort_.from_scratch;
  must_refill_ = is_prepared_ = false;
  dirty_.clear();
  if (must_drop_gone_) drop_gone();
  must_drop_gone_ = false;
  for (std::uint32_t k = 0; k < capacity_.size(); ++k) {
    Lists& lists = lists_[k];
    if (!lists.own.empty() || level_[k] != kUnbounded) note_change(k);
    lists.own.clear();
    lists.others.clear();
    lists.usage.clear();
    share_[k].own = 0;
  }
  for (std::uint32_t& owner : owner_) {
    if (owner != kGone) owner = kNobody;
  }
  filled_foreign_.resize(capacity_.size());
  filling_.fill(System{*this, capacity_, route_.items, usage_}, std::span(level_).first(capacity_.size()),
                filled_foreign_, owner_);
  for (std::uint32_t k = 0; k < capacity_.size(); ++k) {
    Share& share = share_[k];
    share.foreign = filled_foreign_[k];
    share.fastest = level_[k];
    share.age = 0;
    share.dirty = share.must_scan = false;
  }
  for (std::uint32_t slot = 0; slot < owner_.size(); ++slot) {
    if (owner_[slot] != kGone) give(slot, owner_[slot]);
  }
}

/// Gives a resource its level, with the levels of the others as they are.
void FairShares::settle(std::uint32_t k) {
  if (share_[k].must_scan) return scan(k);
  if (lists_[k].own.empty()) {
    if (share_[k].foreign > capacity_[k] * (1 + kTie)) return scan(k);
    if (level_[k] != kUnbounded) note_change(k);
    level_[k] = kUnbounded;
    return;
  }
  if (std::abs(own_share(k) - level_[k]) <= kTie * level_[k]) return;
  if (++share_[k].age > kOldest) return scan(k);
  for (int taken = 0; own_share(k) < std::min(level_[k], share_[k].fastest); ++taken) {
    const std::uint32_t f = find_fastest(k);
    if (f == kNobody || rate(f) <= own_share(k) * (1 + kTie)) break;
    if (taken == kFewTaken) return scan(k);
    move(f, k);
  }
  const double level = own_share(k);
  const auto& others = lists_[k].others;
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
  for (const std::uint32_t slot : lists_[k].crossing) {
    const std::uint32_t owner = owner_[slot];
    if (owner == kNobody || owner == k || level_[owner] <= fastest) continue;
    fastest = level_[owner];
    found = slot;
  }
  share_[k].fastest = fastest;
  return found;
}

void FairShares::set_level(std::uint32_t k, double level) {
  const double change = level - level_[k];
  level_[k] = level;
  note_change(k);
  const Lists& lists = lists_[k];
  const auto pass = [&](std::uint32_t other, double more) {
    Share& share = share_[other];
    share.foreign += more;
    share.fastest = std::max(share.fastest, level);
    mark(share);
  };
  if (usage_.values.empty()) {
    for (const std::uint32_t other : lists.others) pass(other, change);
  } else {
    for (std::size_t i = 0; i < lists.others.size(); ++i) pass(lists.others[i], change * lists.usage[i]);
  }
}

/// Hands a flow over; its rate becomes the level of `to`.
void FairShares::move(std::uint32_t slot, std::uint32_t to) {
  const std::uint32_t from = owner_[slot];
  const double before = from == kNobody ? 0 : level_[from], after = level_[to];
  if (from != kNobody) drop_from_owner(slot);
  give(slot, to);
  for (auto [i, end] = items(slot); i < end; ++i) {
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
  share_[k].must_scan = false;
  collect_flows(k);
  const double level = water_level(k);
  for (const Crossing& c : scanned_) {
    const double bar = owner_[c.slot] == k ? level * (1 - kTie) : level;
    if ((owner_[c.slot] == k || owner_[c.slot] == kNobody) && c.limit < bar) move(c.slot, c.nearest);
  }
  set_level(k, level);
  for (const Crossing& c : scanned_) {
    if (owner_[c.slot] != k && (owner_[c.slot] == kNobody || c.limit > level * (1 + kTie))) move(c.slot, k);
  }
  recount(k);
}

/// Lists the flows that cross `k`.
void FairShares::collect_flows(std::uint32_t k) {
  scanned_.clear();
  for (const std::uint32_t slot : lists_[k].crossing) {
    Crossing c{slot, k, kUnbounded, 1};
    for (auto [i, end] = items(slot); i < end; ++i) {
      const std::uint32_t other = route_.items[i];
      if (other == k) {
        c.usage = usage_[i];
      } else if (level_[other] < c.limit) {
        c.limit = level_[other];
        c.nearest = other;
      }
    }
    scanned_.push_back(c);
  }
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
  Share& share = share_[k];
  share.age = 0;
  share.own = share.foreign = share.fastest = 0;
  for (const Crossing& c : scanned_) {
    if (owner_[c.slot] == k) {
      share.own += c.usage;
    } else {
      share.foreign += rate(c.slot) * c.usage;
      share.fastest = std::max(share.fastest, rate(c.slot));
    }
  }
}

}  // namespace ithaca
