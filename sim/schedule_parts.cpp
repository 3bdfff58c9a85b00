#include "sim/schedule_parts.hpp"

#include <algorithm>

namespace ithaca {
namespace {

double efficiency(const Cluster& c, std::size_t level, Rates rates) {
  const bool ring = rates == Rates::ring;
  if (level == 0) return (ring ? c.port_achieved : c.port_achieved_all_to_all) / c.port_peak;
  const Domain& domain = c.domains[level - 1];
  return (ring ? domain.achieved : domain.achieved_all_to_all) / domain.peak;
}

}  // namespace

Exchange make_exchange(const ScheduleContext& context, Rates rates, double share, Seconds near, Seconds far,
                       Sends sends) {
  Exchange exchange;
  exchange.sends = std::move(sends);
  const Cluster& c = context.cluster;
  bool outside = false;
  for (std::size_t level = 0; level <= c.domains.size(); ++level) {
    if (level > 0) {
      exchange.boxes.push_back(c.domains[level - 1].gpus);
      outside |= c.domains[level - 1].uplink == Domain::Uplink::nics;
    }
    exchange.wires.push_back({outside ? far : near, std::min(1.0, efficiency(c, level, rates) * share)});
  }
  return exchange;
}

Exchange make_stream(const ScheduleContext& context, Rates rates, double share, Sends sends) {
  const Seconds latency = context.cost.latency;
  Exchange stream = make_exchange(context, rates, share, latency, latency, std::move(sends));
  if (context.call.op != Op::all_to_all && context.call.op != Op::send_recv) {
    stream.together = [layout = context.layout](std::uint32_t rank) {
      return static_cast<std::uint32_t>(layout.seat(static_cast<int>(rank)).base);
    };
  }
  return stream;
}

double share_of_model(const ScheduleContext& context, Bytes near, Bytes far) {
  const Cluster& c = context.cluster;
  const Placement& p = context.placement;
  double usable = 1;
  if (c.scale_up == ScaleUp::mesh) usable = std::min(1.0, (context.layout.most_members() - 1.0) / (c.node_gpus - 1.0));
  Seconds time;
  if (near > Bytes{}) time = near / (c.port_achieved * usable);
  bool outside = false;
  for (std::size_t i = 0; i < p.levels.size(); ++i) {
    outside |= c.domains[i].uplink == Domain::Uplink::nics;
    const auto [members, sharers] = p.levels[i];
    if (members == p.group.size) continue;
    // A chain through two sockets crosses once each way, one through the middle of more twice.
    const Bytes inside = near * (2 * members >= p.group.size ? 0.5 : 1);
    time = max(time, (outside ? far : inside) * sharers / c.domains[i].achieved);
  }
  const Seconds model = context.cost.transfer;
  return model > Seconds{} ? std::min(1.0, time / model) : 1;
}

void add_rounds(std::vector<Round>& rounds, const ScheduleContext& context, Rates rates, const HopCosts& hop, int count,
                const Sends& sends) {
  if (rounds.empty() && count > 0) {
    const auto first = make_exchange(context, rates, hop.share, hop.base + hop.near, hop.base + hop.far, sends);
    rounds.push_back({first, 1});
    --count;
  }
  if (count > 0) rounds.push_back({make_exchange(context, rates, hop.share, hop.near, hop.far, sends), count});
}

void add_or_merge(std::vector<Message>& messages, const Message& message) {
  const auto same = std::find_if(messages.begin(), messages.end(), [&](const Message& m) {
    return m.from == message.from && m.to == message.to && m.leg == message.leg;
  });
  if (same == messages.end()) {
    messages.push_back(message);
  } else {
    same->bytes += message.bytes;
  }
}

}  // namespace ithaca
