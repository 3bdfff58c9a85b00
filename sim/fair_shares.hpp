#pragma once
// Max-min fair rates that follow flows as they come and go. Every flow belongs to the resource that holds it, its
// owner, and moves at the owner's level; a change is passed on from resource to resource, lowest level first, and stops
// where nothing changes. Resources that no changed flow touches, directly or through others, are never looked at.
//
// The levels are a fixed point: each resource that is full has the level x at which the sum over its flows of usage x
// min(x, lowest level of their other resources) is its capacity. There is one such set of levels, the max-min fair one.

#include <cstdint>
#include <span>
#include <vector>

#include "model/flows.hpp"
#include "sim/couplings.hpp"
#include "sim/progressive_filling.hpp"
#include "sim/rank_set.hpp"

namespace ithaca {

class FairShares {
 public:
  /// Relative difference of levels below which they count as equal. Rates are exact within it and rounding, which
  /// counts as often as the largest usage of a resource is its smallest.
  static constexpr double kTie = 1e-13;

  /// What the arguments refer to must stay; a route holds no resource twice, and no more than 65,535. No flow is there
  /// yet.
  FairShares(std::span<const double> capacity, const IndexRows& route, Usage usage = {});

  /// Solves anew at every update, as an oracle for tests.
  void always_from_scratch() { from_scratch_ = true; }

  /// Gives a flow, whose route must not be empty, a slot, by which it is known while it is there: the memory that flows
  /// take goes by how many are there at once. A slot is given again after the update that follows its removal. At most
  /// one of add() and remove() a slot between two updates.
  std::uint32_t add(std::uint32_t flow);
  void remove(std::span<const std::uint32_t> slots);
  void update();

  std::size_t flows() const { return route_.size(); }  ///< whether there or not
  std::uint32_t flow(std::uint32_t slot) const { return flow_[slot]; }
  /// As of the last update.
  double level(std::uint32_t resource) const { return share_[resource].level; }
  double rate(std::uint32_t slot) const { return share_[owner_[slot]].level; }
  std::uint32_t owner(std::uint32_t slot) const { return owner_[slot]; }
  std::span<const std::uint32_t> owned(std::uint32_t resource) const { return lists_[resource].own; }
  /// What the last changes touched: resources with another level or other flows of their own (each once), and slots
  /// with another owner (perhaps more than once).
  std::span<const std::uint32_t> changed() const { return changed_; }
  std::span<const std::uint32_t> moved() const { return moved_; }
  void forget_changes();

  struct Effort {
    std::int64_t updates = 0, from_scratch = 0, settled = 0, scanned = 0;
  };
  const Effort& effort() const { return effort_; }

 private:
  /// Of a resource, what is looked at all the time.
  struct Share {
    double foreign = 0;  ///< what flows of other owners take
    double alarm = 0;    ///< with more than that it must be settled; kUnbounded while it waits for it
    double level = kUnbounded;
    double fastest = 0;  ///< no flow of another owner is faster
  };

  /// Of a resource, in slots.
  struct Lists {
    std::vector<std::uint32_t> crossing, own;
    Couplings couplings;             ///< of those that it owns, where they are many
    double usage = 0;                ///< by those that it owns
    std::uint32_t age = 0;           ///< settled since `foreign` was last added up
    std::uint32_t last_settled = 0;  ///< in which update
    bool has_couplings = false, must_scan = false, is_changed = false;
  };

  /// The flows that are there, for progressive filling: a row of slots for each resource.
  struct System {
    const FairShares& shares;
    std::span<const double> capacity;
    std::span<const std::uint32_t> resources;
    Usage usage;

    std::span<const std::uint32_t> crossing(std::uint32_t k) const { return shares.all_crossing(k); }
    std::pair<std::uint32_t, std::uint32_t> items(std::uint32_t slot) const { return shares.items(slot); }
  };

  /// A flow of a scan.
  struct Crossing {
    std::uint32_t slot, nearest;  ///< nearest: its lowest other resource
    double limit;                 ///< that resource's level
    double usage;
  };

  std::pair<std::uint32_t, std::uint32_t> items(std::uint32_t slot) const {
    return {slot * width_, slot * width_ + length_[slot]};
  }
  std::span<const std::uint32_t> row(std::uint32_t slot) const {
    return {rows_.data() + std::size_t{slot} * width_, length_[slot]};
  }
  Usage usage() const { return {usages_}; }
  double usage_at(std::uint32_t slot, std::uint32_t k) const;
  bool are_many(std::size_t changes) const;

  // Flows that come and go: fair_shares.cpp.
  void reserve_slots();
  std::uint32_t new_slot(std::uint32_t flow);
  void fill_row(std::uint32_t slot, std::uint32_t flow);
  void take_out(std::uint32_t slot);
  void drop_crossings(std::uint32_t slot);
  void free_gone();
  bool pass_on();
  void prepare_to_pass_on();
  void rank_by_level();
  void refill();
  void collect_crossings();
  std::span<const std::uint32_t> all_crossing(std::uint32_t k) const {
    return {filled_.flows.data() + filled_.begin[k], filled_.flows.data() + filled_.begin[k + 1]};
  }
  void take_over_levels();
  void take_over_owners();

  // Levels that change: settle_shares.cpp.
  void settle(std::uint32_t k);
  void find_level(std::uint32_t k);
  bool set_level(std::uint32_t k, double level);
  template <class Visit>
  void each_concerned(std::uint32_t k, Visit visit);
  void lower(std::uint32_t k, double level);
  bool raise(std::uint32_t k, double level);
  void claim(std::uint32_t k);
  void hand_on(std::uint32_t k);
  void scan(std::uint32_t k);
  Crossing look_at(std::uint32_t slot, std::uint32_t k) const;
  double water_level(double room);
  void recount(std::uint32_t k);
  double own_share(std::uint32_t k) const { return (capacity_[k] - share_[k].foreign) / lists_[k].usage; }
  bool admit(std::uint32_t slot);
  void move(std::uint32_t slot, std::uint32_t to);
  void drop_from_owner(std::uint32_t slot);
  void give(std::uint32_t slot, std::uint32_t to);
  void couple_if_many(std::uint32_t k);
  void change_couplings(std::uint32_t slot, bool is_new);
  void mark(std::uint32_t k) {
    if (share_[k].alarm == kUnbounded) return;
    share_[k].alarm = kUnbounded;
    dirty_.insert(rank_[k]);
  }
  void note_change(std::uint32_t k) {
    if (lists_[k].is_changed) return;
    lists_[k].is_changed = true;
    changed_.push_back(k);
  }

  std::span<const double> capacity_;
  const IndexRows& route_;
  Usage route_usage_;
  std::vector<std::uint8_t> spare_;
  std::uint32_t width_ = 0;  ///< of a row
  bool from_scratch_ = false, must_refill_ = false;
  bool is_prepared_ = false;  ///< to pass changes on: there are couplings, flows that cross a resource, and ranks
  std::size_t alive_ = 0, changes_ = 0;
  double settled_per_change_ = 16;  ///< of late
  Effort effort_;

  // By resource.
  std::vector<Share> share_;
  std::vector<Lists> lists_;
  std::vector<std::uint32_t> rank_, by_rank_;
  std::vector<std::uint32_t> crossings_;  ///< how many flows

  // By slot. Rows have the resources that its flow crosses, but for spare ones.
  std::vector<std::uint32_t> flow_, owner_, place_;  ///< place_: in the owner's list
  std::vector<std::uint32_t> rows_;
  std::vector<std::uint16_t> length_;
  std::vector<double> usages_;              ///< as `rows_`; empty where every usage is 1
  std::vector<std::uint32_t> free_, gone_;  ///< slots; those that are gone are free after the update

  RankSet dirty_;
  /// Steps that settling a resource again in the same update took since ranks were made, and those that making them
  /// took.
  std::size_t wasted_ = 0, ranking_work_ = 0;
  std::vector<std::uint32_t> changed_, moved_;

  // Of a scan.
  std::vector<Crossing> scanned_;
  struct Limit {
    double level, usage;
  };
  std::vector<Limit> limits_;
  struct Claim {
    double rate;
    std::uint32_t slot;
    bool operator<(const Claim& other) const { return rate != other.rate ? rate < other.rate : slot < other.slot; }
  };
  std::vector<Claim> claims_;

  // Of a refill.
  struct {
    std::vector<std::uint32_t> begin, flows;
    std::vector<std::uint32_t*> own;  ///< by resource
    std::vector<double> level, foreign;
  } filled_;
  ProgressiveFilling<System> filling_;
};

}  // namespace ithaca
