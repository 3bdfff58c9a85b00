// Recursive doubling (all-gather) and halving (reduce-scatter).

#include <bit>

#include "sim/schedule_parts.hpp"

namespace ithaca {

/// Partners are 1, 2, 4, ... apart and exchange what they have by then; halving goes the other way round.
std::vector<Round> recursive_rounds(const ScheduleContext& context) {
  const CollectiveCall& call = context.call;
  const auto count = static_cast<int>(std::bit_width(static_cast<unsigned>(call.group.size))) - 1;
  const HopCosts hop = hop_costs(context.cluster, context.placement, Algorithm::ring, Protocol::simple);
  std::vector<Round> rounds;
  for (int i = 0; i < count; ++i) {
    const int distance = 1 << (call.op == Op::all_gather ? i : count - 1 - i);
    const Bytes bytes = call.message * (static_cast<double>(distance) / call.group.size);
    add_rounds(rounds, context, Rates::ring, hop, 1,
               [layout = context.layout, distance, bytes](std::uint32_t rank, std::vector<Message>& messages) {
                 const Seat seat = layout.seat(static_cast<int>(rank));
                 const int partner = layout.rank(seat.base, seat.member ^ distance);
                 messages.push_back({rank, static_cast<std::uint32_t>(partner), bytes, 0, Leg::whole});
               });
  }
  return rounds;
}

}  // namespace ithaca
