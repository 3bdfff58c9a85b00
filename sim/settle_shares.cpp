// Levels that change, resource by resource.

#include <algorithm>
#include <cmath>

#include "sim/fair_shares.hpp"

namespace ithaca {
namespace {

constexpr std::uint32_t kOldest = 250;  ///< settlings until the sum of foreign rates is added up anew
constexpr std::size_t kSettling = 16;   ///< steps beside those for whom it concerns
constexpr std::size_t kMany = 16;       ///< flows that are told as couplings, until they are half as many

}  // namespace

/// Gives a resource its level, with the levels of the others as they are.
void FairShares::settle(std::uint32_t k) {
  const auto now = static_cast<std::uint32_t>(effort_.updates);
  if (lists_[k].last_settled == now) wasted_ += kSettling + lists_[k].own.size();
  lists_[k].last_settled = now;
  find_level(k);
  const bool is_idle = lists_[k].own.empty();
  if (is_idle) share_[k].level = kUnbounded;  // even where its flows are as fast as it allows, but belong to others
  share_[k].alarm = is_idle ? capacity_[k] * (1 + kTie) : -kUnbounded;
}

void FairShares::find_level(std::uint32_t k) {
  Share& share = share_[k];
  Lists& lists = lists_[k];
  if (lists.must_scan) return scan(k);
  if (lists.own.empty()) {
    if (share.foreign > capacity_[k] * (1 + kTie)) return scan(k);
    if (share_[k].level != kUnbounded) note_change(k);
    return;
  }
  const double level = own_share(k);
  if (std::abs(level - share_[k].level) <= kTie * share_[k].level) return;
  if (++lists.age > kOldest) return scan(k);
  if (level < share_[k].level) claim(k);
  if (!set_level(k, own_share(k))) hand_on(k);
}

/// False if others must hold some of its flows now.
bool FairShares::set_level(std::uint32_t k, double level) {
  note_change(k);
  if (level > share_[k].level) return raise(k, level);
  lower(k, level);
  return true;
}

/// Calls `visit(other, usage)` for the resources that the flows of `k` cross, once a flow or for many at once.
template <class Visit>
void FairShares::each_concerned(std::uint32_t k, Visit visit) {
  const Lists& lists = lists_[k];
  if (lists.has_couplings) {
    for (const Coupling& coupling : lists.couplings.list()) visit(coupling.other, coupling.usage);
    return;
  }
  for (const std::uint32_t slot : lists.own) {
    for (auto [i, end] = items(slot); i < end; ++i) {
      if (rows_[i] != k) visit(rows_[i], usage()[i]);
    }
  }
}

void FairShares::lower(std::uint32_t k, double level) {
  const double change = level - share_[k].level;
  share_[k].level = level;
  each_concerned(k, [&](std::uint32_t j, double usage) {
    Share& other = share_[j];
    other.foreign += change * usage;
    if (other.foreign > other.alarm) mark(j);
  });
}

bool FairShares::raise(std::uint32_t k, double level) {
  const double change = level - share_[k].level;
  share_[k].level = level;
  bool is_lowest = true;
  each_concerned(k, [&](std::uint32_t j, double usage) {
    Share& other = share_[j];
    other.foreign += change * usage;
    other.fastest = std::max(other.fastest, level);
    is_lowest &= other.level >= level;
    if (other.foreign > other.alarm) mark(j);
  });
  return is_lowest;
}

/// Takes flows of others over, the fastest first, while they are faster than what is left for its own.
void FairShares::claim(std::uint32_t k) {
  const double bar = own_share(k) * (1 + kTie);
  double& fastest = share_[k].fastest;
  if (fastest <= bar) return;
  fastest = 0;
  claims_.clear();
  for (const std::uint32_t slot : lists_[k].crossing) {
    if (owner_[slot] == kNobody || owner_[slot] == k) continue;
    fastest = std::max(fastest, rate(slot));
    if (rate(slot) > bar) claims_.push_back({rate(slot), slot});
  }
  std::make_heap(claims_.begin(), claims_.end());
  for (; !claims_.empty() && claims_.front().rate > own_share(k) * (1 + kTie); claims_.pop_back()) {
    move(claims_.front().slot, k);
    std::pop_heap(claims_.begin(), claims_.end());
  }
}

/// Gives those of its flows away that others hold below its level, which rises with each.
void FairShares::hand_on(std::uint32_t k) {
  scanned_.clear();
  for (const std::uint32_t slot : lists_[k].own) scanned_.push_back(look_at(slot, k));
  const double level = water_level(capacity_[k] - share_[k].foreign);
  for (const Crossing& c : scanned_) {
    if (c.limit < level * (1 - kTie)) move(c.slot, c.nearest);
  }
  set_level(k, lists_[k].own.empty() ? kUnbounded : own_share(k));
}

/// Settles a resource by looking at all its flows, and hands over those that another one must hold.
void FairShares::scan(std::uint32_t k) {
  ++effort_.scanned;
  lists_[k].must_scan = false;
  scanned_.clear();
  for (const std::uint32_t slot : lists_[k].crossing) scanned_.push_back(look_at(slot, k));
  const double level = water_level(capacity_[k]);
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

FairShares::Crossing FairShares::look_at(std::uint32_t slot, std::uint32_t k) const {
  Crossing c{slot, k, kUnbounded, 1};
  for (auto [i, end] = items(slot); i < end; ++i) {
    const std::uint32_t other = rows_[i];
    if (other == k) {
      c.usage = usage()[i];
    } else if (share_[other].level < c.limit) {
      c.limit = share_[other].level;
      c.nearest = other;
    }
  }
  return c;
}

/// The level at which the flows looked at fill `room`, each held by its limit; kUnbounded if they cannot.
double FairShares::water_level(double room) {
  limits_.clear();
  double usage = 0;
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
  Lists& lists = lists_[k];
  share.foreign = share.fastest = lists.usage = 0;
  lists.age = 0;
  for (const Crossing& c : scanned_) {
    if (owner_[c.slot] == k) {
      lists.usage += c.usage;
    } else {
      share.foreign += rate(c.slot) * c.usage;
      share.fastest = std::max(share.fastest, rate(c.slot));
    }
  }
}

double FairShares::usage_at(std::uint32_t slot, std::uint32_t k) const {
  if (usages_.empty()) return 1;
  auto [i, end] = items(slot);
  while (rows_[i] != k) ++i;
  return usages_[i];
}

/// Gives a new flow to the resource that leaves it least, unless it were faster there than another allows: then all
/// flows must be looked at.
bool FairShares::admit(std::uint32_t slot) {
  double least = kUnbounded, lowest = kUnbounded;
  std::uint32_t to = kNobody;
  for (auto [i, end] = items(slot); i < end; ++i) {
    const std::uint32_t k = rows_[i];
    const double left = (capacity_[k] - share_[k].foreign) / (lists_[k].usage + usage()[i]);
    lowest = std::min(lowest, share_[k].level);
    if (left >= least) continue;
    least = left;
    to = k;
  }
  const bool is_idle = lists_[to].own.empty();
  const double rate = is_idle ? least : share_[to].level;
  if (rate > lowest || rate <= 0 || (is_idle && share_[to].fastest > rate)) return false;
  share_[to].level = rate;
  move(slot, to);
  return true;
}

/// Hands a flow over; its rate becomes the level of `to`.
void FairShares::move(std::uint32_t slot, std::uint32_t to) {
  const std::uint32_t from = owner_[slot];
  const double before = from == kNobody ? 0 : share_[from].level, after = share_[to].level;
  if (from != kNobody) drop_from_owner(slot);
  give(slot, to);
  for (auto [i, end] = items(slot); i < end; ++i) {
    const std::uint32_t k = rows_[i];
    Share& share = share_[k];
    if (k != from) share.foreign -= before * usage()[i];
    if (k != to) {
      share.foreign += after * usage()[i];
      share.fastest = std::max(share.fastest, after);
    }
    if (k == from || k == to || share.foreign > share.alarm) mark(k);
  }
}

void FairShares::drop_from_owner(std::uint32_t slot) {
  const std::uint32_t k = owner_[slot];
  Lists& lists = lists_[k];
  const std::uint32_t place = place_[slot], last = lists.own.back();
  lists.own[place] = last;
  place_[last] = place;
  lists.own.pop_back();
  if (lists.has_couplings) change_couplings(slot, false);
  const double usage = usage_at(slot, k);
  lists.usage -= usage;
  if (lists.usage < usage && lists.usage != 0) {  // for the rounding
    lists.usage = 0;
    for (const std::uint32_t other : lists.own) lists.usage += usage_at(other, k);
  }
  note_change(k);
}

void FairShares::give(std::uint32_t slot, std::uint32_t to) {
  Lists& lists = lists_[to];
  owner_[slot] = to;
  place_[slot] = static_cast<std::uint32_t>(lists.own.size());
  lists.own.push_back(slot);
  lists.usage += usage_at(slot, to);
  if (lists.has_couplings) {
    change_couplings(slot, true);
  } else {
    couple_if_many(to);
  }
  note_change(to);
  moved_.push_back(slot);
}

void FairShares::couple_if_many(std::uint32_t k) {
  Lists& lists = lists_[k];
  if (lists.own.size() <= kMany) return;
  lists.has_couplings = true;
  for (const std::uint32_t slot : lists.own) change_couplings(slot, true);
}

void FairShares::change_couplings(std::uint32_t slot, bool is_new) {
  const std::uint32_t k = owner_[slot];
  Lists& lists = lists_[k];
  for (auto [i, end] = items(slot); i < end; ++i) {
    if (rows_[i] == k) continue;
    if (is_new) {
      lists.couplings.add(rows_[i], usage()[i]);
    } else {
      lists.couplings.drop(rows_[i], usage()[i]);
    }
  }
  if (is_new || lists.own.size() * 2 > kMany) return;
  lists.couplings.clear();
  lists.has_couplings = false;
}

}  // namespace ithaca
