// Rings of all-gather, reduce-scatter and all-reduce on several channels, and of send/recv.

#include "sim/schedule_parts.hpp"

namespace ithaca {
namespace {

/// One hop of every channel's ring, `bytes` from each rank in all.
Sends ring_hop(const ScheduleContext& context, Bytes bytes, bool merge) {
  const GroupLayout layout = context.layout;
  const Channels channels(context.cluster, layout);
  return [=](std::uint32_t rank, std::vector<Message>& messages) {
    const Seat seat = layout.seat(static_cast<int>(rank));
    for (int c = 0; c < channels.count(); ++c) {
      const Seat next = after(layout, channels, c, seat);
      const Message message{rank, static_cast<std::uint32_t>(layout.rank(next.base, next.member)),
                            bytes / channels.count(), static_cast<std::uint32_t>(c), Leg::whole};
      if (merge) {
        add_or_merge(messages, message);
      } else {
        messages.push_back(message);
      }
    }
  };
}

Sends to_successor(const ScheduleContext& context) {
  const GroupLayout layout = context.layout;
  const Bytes bytes = context.call.message;
  return [=](std::uint32_t rank, std::vector<Message>& messages) {
    const Seat seat = layout.seat(static_cast<int>(rank));
    const int next = layout.rank(seat.base, (seat.member + 1) % layout.size());
    messages.push_back({rank, static_cast<std::uint32_t>(next), bytes, 0, Leg::whole});
  };
}

/// Hops of which the ring's latency in the model is made.
HopCosts ring_hop_costs(const ScheduleContext& context, int steps) {
  const int size = context.call.group.size, nodes = context.placement.nodes;
  HopCosts hop = hop_costs(context.cluster, context.placement, Algorithm::ring, context.cost.protocol);
  const int far = nodes > 1 ? steps / (size - 1) * (nodes - 1) : 0;
  const double slower = context.cost.latency / (hop.base + (steps - far) * hop.near + far * hop.far);
  hop.base = hop.base * slower;
  hop.near = hop.near * slower;
  hop.far = hop.far * slower;
  return hop;
}

}  // namespace

std::vector<Round> ring_rounds(const ScheduleContext& context) {
  const CollectiveCall& call = context.call;
  if (call.op == Op::send_recv) return {{make_stream(context, Rates::ring, 1, to_successor(context)), 1}};
  const int steps = (call.op == Op::all_reduce ? 2 : 1) * (call.group.size - 1);
  const HopCosts hop = ring_hop_costs(context, steps);
  const Bytes step = call.message / call.group.size;
  if (!call.step_by_step)
    return {{make_stream(context, Rates::ring, hop.share, ring_hop(context, step * steps, true)), 1}};
  std::vector<Round> rounds;
  add_rounds(rounds, context, Rates::ring, hop, steps, ring_hop(context, step, false));
  return rounds;
}

}  // namespace ithaca
