#pragma once
// When flows finish while their rates change. All flows of one owner move at its level, so one clock a resource, which
// counts the bytes that each of its flows has moved, is all that a change of level has to touch. Time is a double in
// seconds: its grain is relative (2^-52), so that short runs are as exact as long ones.

#include <cstdint>
#include <vector>

#include "sim/earliest.hpp"
#include "sim/fair_shares.hpp"

namespace ithaca {

class FlowClocks {
 public:
  /// `shares` must stay. `largest`: bytes of the largest flow. `merge`: as in FlowOptions.
  FlowClocks(const FairShares& shares, std::size_t resources, double largest, double merge = 0);

  /// A flow that `shares` was just given. Flows are known by their slots there.
  void start(std::uint32_t slot, double bytes);
  /// Takes the changes of `shares` over; they hold from `now` on.
  void follow(double now);

  /// When the next flow finishes; infinite if none is there.
  double next() const { return earliest_.time(); }
  /// Appends the flows that finish up to `limit`, which is next() or a little later, and others that may be merged.
  void take_finished(double limit, std::vector<std::uint32_t>& finished) const;

 private:
  void change_clock(std::uint32_t slot);
  double finish_time(std::uint32_t resource);
  void find_first(std::uint32_t resource);
  void set_back(std::uint32_t resource);

  const FairShares& shares_;
  Earliest earliest_;
  std::size_t resources_;
  double longest_;  ///< a clock that has counted more is set back
  double merge_;

  // By resource.
  std::vector<double> moved_, at_, speed_;  ///< bytes that the clock has counted at the time `at_`, and how it goes on
  std::vector<std::uint32_t> first_;        ///< the own flow to finish first; kNobody where that must be looked up
  // By slot.
  std::vector<double> mark_;   ///< what its clock shows when the flow finishes at the latest
  std::vector<double> early_;  ///< and at the earliest; empty: the same
  std::vector<std::uint32_t> clock_;
};

}  // namespace ithaca
