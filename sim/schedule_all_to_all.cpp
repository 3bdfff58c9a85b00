// All-to-all: all messages at once, in shifts, through the ranks of one's own server, or in log2(n) hops.

#include <bit>

#include "model/nccl.hpp"
#include "sim/schedule_parts.hpp"

namespace ithaca {
namespace {

/// What a member of a group sends to another.
struct Shares {
  std::function<Bytes(int, int)> uneven;
  Bytes even{};
  Bytes operator()(int from, int to) const { return uneven ? uneven(from, to) : even; }
};

Shares shares_of(const CollectiveCall& call) { return {call.share, call.message / call.group.size}; }

std::vector<Round> direct_rounds(const ScheduleContext& context) {
  Exchange exchange = make_stream(
      context, Rates::all_to_all, 1,
      [layout = context.layout, shares = shares_of(context.call)](std::uint32_t rank, std::vector<Message>& messages) {
        const Seat seat = layout.seat(static_cast<int>(rank));
        for (int i = 1; i < layout.size(); ++i) {
          const int to = (seat.member + i) % layout.size();
          messages.push_back(
              {rank, static_cast<std::uint32_t>(layout.rank(seat.base, to)), shares(seat.member, to), 0, Leg::whole});
        }
      });
  exchange.likeness = {static_cast<std::uint32_t>(context.call.group.size),
                       static_cast<std::uint32_t>(context.call.group.stride),
                       context.call.share ? Likeness::Members::different : Likeness::Members::alike};
  return {{std::move(exchange), 1}};
}

/// Everybody sends to the member `shift` further on; bytes(from, to) is asked by member.
template <class BytesOf>
Sends shifted(const GroupLayout& layout, int shift, BytesOf bytes) {
  return [=](std::uint32_t rank, std::vector<Message>& messages) {
    const Seat seat = layout.seat(static_cast<int>(rank));
    const int to = (seat.member + shift) % layout.size();
    messages.push_back(
        {rank, static_cast<std::uint32_t>(layout.rank(seat.base, to)), bytes(seat.member, to), 0, Leg::whole});
  };
}

std::vector<Round> pairwise_rounds(const ScheduleContext& context, const HopCosts& hop) {
  std::vector<Round> rounds;
  for (int shift = 1; shift < context.layout.size(); ++shift)
    add_rounds(rounds, context, Rates::all_to_all, hop, 1, shifted(context.layout, shift, shares_of(context.call)));
  return rounds;
}

/// In round k every block moves 2^k members on whose way still to go, (to - from) mod n, has bit k.
std::vector<Round> bruck_rounds(const ScheduleContext& context, const HopCosts& hop) {
  const int size = context.layout.size();
  std::vector<Round> rounds;
  for (int bit = 1; bit < size; bit <<= 1) {
    const auto bytes = [size, bit, shares = shares_of(context.call)](int member, int) {
      Bytes sum;
      for (int way = 1; way < size; ++way) {
        if ((way & bit) == 0) continue;
        const int gone = way & (bit - 1);
        const int from = (member - gone + size) % size;
        sum += shares(from, (from + way) % size);
      }
      return sum;
    };
    int blocks = 0;
    for (int way = 1; way < size; ++way) blocks += (way & bit) != 0;
    const Bytes even = context.call.message * (static_cast<double>(blocks) / size);
    if (context.call.share) {
      add_rounds(rounds, context, Rates::all_to_all, hop, 1, shifted(context.layout, bit, bytes));
    } else {
      add_rounds(rounds, context, Rates::all_to_all, hop, 1,
                 shifted(context.layout, bit, [even](int, int) { return even; }));
    }
  }
  return rounds;
}

/// To the member at position j of one's own server goes what is meant for position j of any server.
Sends inside_servers(const GroupLayout& layout, const Shares& shares) {
  return [=](std::uint32_t rank, std::vector<Message>& messages) {
    const Seat seat = layout.seat(static_cast<int>(rank));
    for (int i = 1; i < seat.members; ++i) {
      const Seat relay = layout.seat(seat, seat.server, (seat.position + i) % seat.members);
      Bytes bytes;
      for (int server = 0; server < layout.servers(seat); ++server)
        bytes += shares(seat.member, layout.seat(seat, server, relay.position).member);
      messages.push_back(
          {rank, static_cast<std::uint32_t>(layout.rank(relay.base, relay.member)), bytes, 0, Leg::whole});
    }
  };
}

/// To the same position of every other server goes what the own server has for it.
Sends along_rails(const GroupLayout& layout, const Shares& shares) {
  return [=](std::uint32_t rank, std::vector<Message>& messages) {
    const Seat seat = layout.seat(static_cast<int>(rank));
    const int servers = layout.servers(seat);
    for (int i = 1; i < servers; ++i) {
      const Seat peer = layout.seat(seat, (seat.server + i) % servers, seat.position);
      Bytes bytes;
      for (int position = 0; position < seat.members; ++position)
        bytes += shares(layout.seat(seat, seat.server, position).member, peer.member);
      messages.push_back({rank, static_cast<std::uint32_t>(layout.rank(peer.base, peer.member)), bytes, 0, Leg::whole});
    }
  };
}

/// NCCL's waves of peers in flight, as the analytic model counts them.
int waves(int messages, int in_flight) { return (messages + in_flight - 1) / in_flight; }

std::vector<Round> hierarchical_rounds(const ScheduleContext& context, const HopCosts& hop) {
  const int members = context.layout.most_members(), servers = context.layout.size() / members;
  const Shares shares = shares_of(context.call);
  std::vector<Round> rounds;
  HopCosts phase = hop;
  phase.near = phase.far = waves(members - 1, nccl::kPeersInFlightNvlink) * hop.near;
  if (members > 1) add_rounds(rounds, context, Rates::all_to_all, phase, 1, inside_servers(context.layout, shares));
  const Seconds overhead{nccl::net_overhead(context.cluster.cpu == CpuVendor::amd)};
  phase.near = phase.far = waves(servers - 1, nccl::kPeersInFlightNet) * hop.far + (servers - 1) * overhead;
  if (servers > 1) add_rounds(rounds, context, Rates::all_to_all, phase, 1, along_rails(context.layout, shares));
  return rounds;
}

}  // namespace

std::vector<Round> all_to_all_rounds(const ScheduleContext& context) {
  const HopCosts hop = hop_costs(context.cluster, context.placement, Algorithm::ring, Protocol::simple);
  switch (context.algorithm) {
    case Algorithm::pairwise: return pairwise_rounds(context, hop);
    case Algorithm::hierarchical: return hierarchical_rounds(context, hop);
    case Algorithm::bruck: return bruck_rounds(context, hop);
    default: return direct_rounds(context);
  }
}

}  // namespace ithaca
