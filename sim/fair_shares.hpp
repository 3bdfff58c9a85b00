#pragma once
// Max-min fair rates that follow flows as they come and go. Every flow belongs to the resource that holds it, its
// owner, and moves at the owner's level; a change is passed on from resource to resource, lowest level first, and stops
// where nothing changes. Resources that no changed flow touches, directly or through others, are never looked at.
//
// The levels are a fixed point: each resource that is full has the level x at which the sum over its flows of usage x
// min(x, lowest level of their other resources) is its capacity. There is one such set of levels, the max-min fair one.

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "model/flows.hpp"
#include "sim/progressive_filling.hpp"
#include "sim/rank_set.hpp"

namespace ithaca {

class FairShares {
 public:
  /// Relative difference of levels below which they count as equal. Rates are exact within it and rounding, which
  /// counts as often as the largest usage of a resource is its smallest.
  static constexpr double kTie = 1e-13;

  /// What the arguments refer to must stay; a route holds no resource twice. No flow is there yet.
  FairShares(std::span<const double> capacity, const IndexRows& route, Usage usage = {});

  /// Solves anew at every update, as an oracle for tests.
  void always_from_scratch() { from_scratch_ = true; }

  /// Gives a flow, whose route must not be empty, a slot, by which it is known while it is there: the memory that flows
  /// take goes by how many are there at once. A slot is given again after the update that follows its removal. At most
  /// one of add() and remove() a slot between two updates.
  std::uint32_t add(std::uint32_t flow);
  void remove(std::span<const std::uint32_t> slots);
  void update();

  std::uint32_t flow(std::uint32_t slot) const { return flow_[slot]; }
  /// As of the last update.
  double level(std::uint32_t resource) const { return level_[resource]; }
  double rate(std::uint32_t slot) const { return level_[owner_[slot]]; }
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
    double own = 0;      ///< usage by the flows that it owns
    double foreign = 0;  ///< what flows of other owners take
    double fastest = 0;  ///< no flow of another owner is faster
    std::uint32_t rank = 0;
    std::uint8_t age = 0;  ///< settled since `foreign` was last added up
    bool dirty = false, must_scan = false, is_changed = false;
  };

  /// Of a resource, in slots. For each flow that it owns there is a row of equal length with the other resources that
  /// the flow crosses; rows are filled up with a resource that stands for none.
  struct Lists {
    std::vector<std::uint32_t> crossing, own, others;
    std::vector<double> usage;  ///< as `others`; empty where every usage is 1
  };

  struct System {
    const FairShares& shares;
    std::span<const double> capacity;
    std::span<const std::uint32_t> resources;
    Usage usage;

    std::span<const std::uint32_t> crossing(std::uint32_t k) const { return shares.lists_[k].crossing; }
    std::pair<std::uint32_t, std::uint32_t> items(std::uint32_t slot) const { return shares.items(slot); }
  };

  std::pair<std::uint32_t, std::uint32_t> items(std::uint32_t slot) const {
    return {route_.begin[flow_[slot]], route_.begin[flow_[slot] + 1]};
  }
  double usage_at(std::uint32_t slot, std::uint32_t k) const;
  bool are_many(std::size_t changes) const;
  double work_from_scratch() const;
  void take_out(std::uint32_t slot);
  void drop_crossings(std::uint32_t slot);
  void refill();
  void drop_gone();
  void prepare_to_pass_on();
  void add_row(std::uint32_t slot, Lists& lists);
  void give(std::uint32_t slot, std::uint32_t to);
  bool pass_on();
  void settle(std::uint32_t k);
  void scan(std::uint32_t k);
  void collect_flows(std::uint32_t k);
  double water_level(std::uint32_t k);
  void set_level(std::uint32_t k, double level);
  void move(std::uint32_t slot, std::uint32_t to);
  double own_share(std::uint32_t k) const;
  std::uint32_t find_fastest(std::uint32_t k);
  void recount(std::uint32_t k);
  void drop_from_owner(std::uint32_t slot);
  void add_up_own(std::uint32_t k);
  void rank_by_level();
  void mark(Share& share);
  void mark_route(std::uint32_t slot);
  void note_change(std::uint32_t k);

  std::span<const double> capacity_;
  const IndexRows& route_;
  Usage usage_;
  std::uint32_t width_ = 0;  ///< of a row of Lists::others
  bool from_scratch_ = false, must_refill_ = false, must_drop_gone_ = false;
  bool is_prepared_ = true;  ///< to pass changes on: there are rows of others, and ranks
  std::size_t alive_ = 0, changes_ = 0;
  double settled_per_change_ = 16;  ///< of late
  Effort effort_;

  // By resource.
  std::vector<Share> share_;
  std::vector<double> level_;
  std::vector<Lists> lists_;
  std::vector<std::uint32_t> by_rank_;

  // By slot.
  std::vector<std::uint32_t> flow_, owner_, place_;  ///< place_: in the owner's list
  std::vector<std::uint32_t> free_, gone_;           ///< slots; those that are gone are free after the update

  RankSet dirty_;
  std::size_t settled_since_ranking_ = 0;
  std::vector<std::uint32_t> changed_, moved_;

  // Of a scan.
  struct Crossing {
    std::uint32_t slot, nearest;  ///< nearest: its lowest other resource
    double limit;                 ///< that resource's level
    double usage;
  };
  std::vector<Crossing> scanned_;
  struct Limit {
    double level, usage;
  };
  std::vector<Limit> limits_;
  std::vector<double> filled_foreign_;
  ProgressiveFilling<System> filling_;
};

}  // namespace ithaca
