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
#include "sim/max_min.hpp"
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

  /// A flow with one resource at least; each flow comes once. At most one of add() and remove() between two updates.
  void add(std::uint32_t flow);
  void remove(std::span<const std::uint32_t> flows);
  void update();

  /// As of the last update.
  double level(std::uint32_t resource) const { return level_[resource]; }
  double rate(std::uint32_t flow) const { return level_[owner_[flow]]; }
  std::uint32_t owner(std::uint32_t flow) const { return owner_[flow]; }
  std::span<const std::uint32_t> owned(std::uint32_t resource) const { return owned_[resource].flows; }
  /// What the last changes touched: resources with another level or other flows of their own (each once), and flows
  /// with another owner (perhaps more than once).
  std::span<const std::uint32_t> changed() const { return changed_; }
  std::span<const std::uint32_t> moved() const { return moved_; }
  void forget_changes();

  struct Effort {
    std::int64_t updates = 0, from_scratch = 0, settled = 0, scanned = 0;
  };
  const Effort& effort() const { return effort_; }

 private:
  /// Of a resource.
  struct Share {
    double own = 0;      ///< usage by the flows that it owns
    double foreign = 0;  ///< what flows of other owners take
    double fastest = 0;  ///< no flow of another owner is faster
    std::uint32_t rank = 0;
    bool dirty = false;
  };

  /// The flows of an owner, and in a row of equal length for each the other resources that it crosses. Rows are filled
  /// up with a resource that stands for none.
  struct Owned {
    std::vector<std::uint32_t> flows, others;
    std::vector<double> usage;  ///< as `others`; empty where every usage is 1
  };

  bool are_many(std::size_t changes) const;
  std::uint32_t find_item(std::uint32_t flow, std::uint32_t k) const;
  void take_out(std::uint32_t flow);
  void refill();
  void give(std::uint32_t flow, std::uint32_t to);
  bool pass_on();
  void settle(std::uint32_t k);
  void scan(std::uint32_t k);
  void collect_flows(std::uint32_t k);
  double water_level(std::uint32_t k);
  void set_level(std::uint32_t k, double level);
  void move(std::uint32_t flow, std::uint32_t to);
  double own_share(std::uint32_t k) const;
  std::uint32_t find_fastest(std::uint32_t k);
  void recount(std::uint32_t k);
  void drop_from_owner(std::uint32_t flow);
  void add_up_own(std::uint32_t k);
  void rank_by_level();
  void mark(Share& share);
  void mark_route(std::uint32_t flow);
  void clear_marks();
  void note_change(std::uint32_t k);

  std::span<const double> capacity_;
  const IndexRows& route_;
  Usage usage_;
  std::uint32_t width_ = 0;  ///< of a row of Owned
  bool from_scratch_ = false, must_refill_ = false;
  std::size_t alive_ = 0, changes_ = 0;
  Effort effort_;

  // By resource.
  std::vector<Share> share_;
  std::vector<double> level_;
  std::vector<std::uint32_t> crossing_begin_, crossing_count_;
  std::vector<Owned> owned_;
  std::vector<std::uint32_t> by_rank_;
  std::vector<std::uint16_t> age_;  ///< settled since `foreign_` was last added up
  std::vector<char> must_scan_, is_changed_;

  // By flow.
  std::vector<std::uint32_t> owner_, place_;  ///< place_: in the owner's list

  std::vector<std::uint32_t> crossing_flows_;  ///< by resource, with flows that left until a scan drops them
  RankSet dirty_;
  std::size_t settled_since_ranking_ = 0;
  std::vector<std::uint32_t> changed_, moved_;

  // Of a scan.
  struct Crossing {
    std::uint32_t flow, nearest;  ///< nearest: its lowest other resource
    double limit;                 ///< that resource's level
    double usage;
  };
  std::vector<Crossing> scanned_;
  struct Limit {
    double level, usage;
  };
  std::vector<Limit> limits_;
  std::vector<double> filled_foreign_;
  ProgressiveFilling filling_;
};

}  // namespace ithaca
