#include "sim/fair_shares.hpp"

#include <algorithm>
#include <numeric>

#include "sim/spare_resources.hpp"

namespace ithaca {
namespace {

constexpr std::uint32_t kGone = kNobody - 1;  ///< owner of a flow that is not there
constexpr std::size_t kMostSteps = 4;         ///< settlings a flow and resource before an update starts from scratch
constexpr std::size_t kMovesInRanking = 8;    ///< a resource, before all are sorted
constexpr std::size_t kFewChanges = 8;        ///< changes that never start from scratch
constexpr double kFillWork = 0.5;             ///< of a flow and of a resource in progressive filling, in settlings

}  // namespace

FairShares::FairShares(std::span<const double> capacity, const IndexRows& route, Usage usage)
    : capacity_(capacity),
      route_(route),
      route_usage_(usage),
      spare_(find_spare(capacity, route, usage)),
      share_(capacity.size()),
      lists_(capacity.size()),
      rank_(capacity.size()),
      by_rank_(capacity.size()),
      crossings_(capacity.size()) {
  for (std::size_t f = 0; f < route.size(); ++f) {
    const auto needed = std::count_if(route[f].begin(), route[f].end(), [&](std::uint32_t k) { return !spare_[k]; });
    width_ = std::max(width_, static_cast<std::uint32_t>(needed));
  }
  reserve_slots();
  for (std::size_t k = 0; k < capacity.size(); ++k) share_[k].alarm = capacity[k] * (1 + kTie);
  dirty_.resize(capacity.size());
  std::iota(by_rank_.begin(), by_rank_.end(), 0u);
  std::iota(rank_.begin(), rank_.end(), 0u);
}

/// For all flows at once: what is not used takes no memory until it is.
void FairShares::reserve_slots() {
  const std::size_t flows = route_.size();
  for (auto* slots : {&flow_, &owner_, &place_, &moved_}) slots->reserve(flows);
  length_.reserve(flows);
  rows_.reserve(std::min(flows * width_, route_.items.size()));
  if (!route_usage_.values.empty()) usages_.reserve(rows_.capacity());
}

void FairShares::forget_changes() {
  for (const std::uint32_t k : changed_) lists_[k].is_changed = false;
  changed_.clear();
  moved_.clear();
}

std::uint32_t FairShares::new_slot(std::uint32_t flow) {
  if (!free_.empty()) {
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    flow_[slot] = flow;
    owner_[slot] = kNobody;
    return slot;
  }
  const auto slot = static_cast<std::uint32_t>(flow_.size());
  flow_.push_back(flow);
  owner_.push_back(kNobody);
  place_.push_back(0);
  length_.push_back(0);
  rows_.resize(rows_.size() + width_);
  if (!route_usage_.values.empty()) usages_.resize(rows_.size());
  return slot;
}

void FairShares::fill_row(std::uint32_t slot, std::uint32_t flow) {
  std::uint32_t end = slot * width_;
  for (std::uint32_t i = route_.begin[flow]; i < route_.begin[flow + 1]; ++i) {
    if (spare_[route_.items[i]]) continue;
    if (!usages_.empty()) usages_[end] = route_usage_[i];
    rows_[end++] = route_.items[i];
  }
  length_[slot] = static_cast<std::uint16_t>(end - slot * width_);
}

std::uint32_t FairShares::add(std::uint32_t flow) {
  const std::uint32_t slot = new_slot(flow);
  fill_row(slot, flow);
  for (const std::uint32_t k : row(slot)) ++crossings_[k];
  ++alive_;
  must_refill_ = must_refill_ || are_many(++changes_);
  if (must_refill_) return slot;
  const auto crossed = row(slot);
  if (is_prepared_) {
    for (const std::uint32_t k : crossed) lists_[k].crossing.push_back(slot);
    if (admit(slot)) return slot;
  }
  lists_[crossed.front()].must_scan = true;  // finds the flow an owner
  for (const std::uint32_t k : crossed) mark(k);
  return slot;
}

void FairShares::remove(std::span<const std::uint32_t> slots) {
  must_refill_ = must_refill_ || are_many(slots.size());
  if (must_refill_) {
    for (const std::uint32_t slot : slots) {
      owner_[slot] = kGone;
      for (const std::uint32_t k : row(slot)) --crossings_[k];
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
    const std::uint32_t k = rows_[i];
    if (k != owner) share_[k].foreign -= share_[owner].level * usage()[i];
    if (k == owner || share_[k].foreign > share_[k].alarm) mark(k);
  }
  drop_crossings(slot);
  owner_[slot] = kGone;
}

void FairShares::drop_crossings(std::uint32_t slot) {
  for (const std::uint32_t k : row(slot)) {
    auto& crossing = lists_[k].crossing;
    *std::find(crossing.begin(), crossing.end(), slot) = crossing.back();
    crossing.pop_back();
    --crossings_[k];
  }
}

/// Whether so many flows change that starting from scratch is less work.
bool FairShares::are_many(std::size_t changes) const {
  const double from_scratch = kFillWork * static_cast<double>(alive_ + capacity_.size());
  return changes > kFewChanges && static_cast<double>(changes) * settled_per_change_ > from_scratch;
}

void FairShares::update() {
  ++effort_.updates;
  if (from_scratch_ || must_refill_ || !pass_on()) refill();
  changes_ = 0;
  free_gone();
}

void FairShares::free_gone() {
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
  if (wasted_ > 2 * ranking_work_) rank_by_level();
  std::size_t steps = 0;
  for (; !dirty_.empty() && steps <= limit; ++steps) settle(by_rank_[dirty_.pop()]);
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
    lists.crossing.clear();
    lists.couplings.clear();
    lists.has_couplings = false;
  }
  for (std::uint32_t slot = 0; slot < owner_.size(); ++slot) {
    if (owner_[slot] == kGone) continue;
    for (const std::uint32_t k : row(slot)) lists_[k].crossing.push_back(slot);
  }
  for (std::uint32_t k = 0; k < lists_.size(); ++k) couple_if_many(k);
  rank_by_level();
}

/// Ranks only say in which order to look: they may lag behind the levels. They are nearly in order from last time.
void FairShares::rank_by_level() {
  const auto is_lower = [&](std::uint32_t a, std::uint32_t b) {
    return share_[a].level < share_[b].level || (share_[a].level == share_[b].level && a < b);
  };
  std::vector<std::uint32_t> waiting;
  while (!dirty_.empty()) waiting.push_back(by_rank_[dirty_.pop()]);
  const std::size_t most = kMovesInRanking * by_rank_.size();
  std::size_t moves = most;
  for (std::size_t i = 1; i < by_rank_.size() && moves > 0; ++i) {
    const std::uint32_t k = by_rank_[i];
    std::size_t to = i;
    for (; to > 0 && moves > 0 && is_lower(k, by_rank_[to - 1]); --to, --moves) by_rank_[to] = by_rank_[to - 1];
    by_rank_[to] = k;
  }
  ranking_work_ = by_rank_.size() + (moves > 0 ? most - moves : 2 * most);
  if (moves == 0) std::sort(by_rank_.begin(), by_rank_.end(), is_lower);
  for (std::uint32_t i = 0; i < by_rank_.size(); ++i) rank_[by_rank_[i]] = i;
  for (const std::uint32_t k : waiting) dirty_.insert(rank_[k]);
  wasted_ = 0;
}

void FairShares::refill() {
  ++effort_.from_scratch;
  must_refill_ = is_prepared_ = false;
  dirty_.clear();
  collect_crossings();
  std::fill(place_.begin(), place_.end(), kNobody);  // here are the new owners, for the time being
  filled_.level.resize(capacity_.size());
  filled_.foreign.resize(capacity_.size());
  filling_.fill(System{*this, capacity_, rows_, usage()}, filled_.level, filled_.foreign, place_);
  take_over_levels();
  take_over_owners();
}

void FairShares::collect_crossings() {
  auto& begin = filled_.begin;
  auto& flows = filled_.flows;
  begin = crossings_;
  begin.push_back(0);
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  flows.resize(begin.back());
  for (auto slot = static_cast<std::uint32_t>(owner_.size()); slot-- > 0;) {  // fills each row from its end
    if (owner_[slot] == kGone) continue;
    for (const std::uint32_t k : row(slot)) flows[--begin[k]] = slot;
  }
}

void FairShares::take_over_levels() {
  for (std::uint32_t k = 0; k < capacity_.size(); ++k) {
    Lists& lists = lists_[k];
    const double level = filled_.level[k];
    if (level != share_[k].level || !lists.own.empty()) note_change(k);
    share_[k] = {filled_.foreign[k], level == kUnbounded ? capacity_[k] * (1 + kTie) : -kUnbounded, level, level};
    lists.age = 0;
    lists.must_scan = false;
  }
}

/// The flows of a resource are put where they belong one by one: how many there are is counted before.
void FairShares::take_over_owners() {
  auto& placed = filled_.begin;
  placed.assign(capacity_.size(), 0);
  for (const std::uint32_t owner : place_) {
    if (owner != kNobody) ++placed[owner];
  }
  filled_.own.clear();
  for (std::uint32_t k = 0; k < capacity_.size(); ++k) {
    Lists& lists = lists_[k];
    lists.own.resize(placed[k]);
    lists.usage = usages_.empty() ? placed[k] : 0;
    filled_.own.push_back(lists.own.data());
    placed[k] = 0;
  }
  for (std::uint32_t slot = 0; slot < owner_.size(); ++slot) {
    if (owner_[slot] == kGone) continue;
    const std::uint32_t to = place_[slot], place = placed[to]++;
    place_[slot] = place;
    filled_.own[to][place] = slot;
    if (!usages_.empty()) lists_[to].usage += usage_at(slot, to);
    if (owner_[slot] != to) moved_.push_back(slot);
    owner_[slot] = to;
  }
}

}  // namespace ithaca
