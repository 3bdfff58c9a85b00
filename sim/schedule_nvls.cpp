// Collectives inside the NVSwitch: every rank writes into it and reads out of it at the same time.

#include <algorithm>

#include "sim/schedule_parts.hpp"

namespace ithaca {

/// An all-reduce sends the buffer in and gets it back; an all-gather sends only its part, to all at once, and a
/// reduce-scatter gets only its part. The switch reaches the rate behind NVLS's measured bus bandwidth.
std::vector<Round> nvls_rounds(const ScheduleContext& context) {
  const Cluster& c = context.cluster;
  const CollectiveCall& call = context.call;
  const Bytes part = call.message / call.group.size;
  const Bytes in = call.op == Op::all_gather ? part : call.message;
  const Bytes out = call.op == Op::reduce_scatter ? part : call.message;
  const double bus_factor = 2 * (c.node_gpus - 1.0) / c.node_gpus;
  const double share = c.port_achieved_nvls / (c.port_achieved * bus_factor);
  return {{make_stream(context, Rates::ring, share,
                       [in, out](std::uint32_t rank, std::vector<Message>& messages) {
                         messages.push_back({rank, rank, in, 0, Leg::into_switch});
                         messages.push_back({rank, rank, out, 0, Leg::out_of_switch});
                       }),
           1}};
}

}  // namespace ithaca
