// Collectives inside the NVSwitch: every rank writes into it and reads out of it at the same time. Over several
// servers, trees join the GPUs of the same place in each while that goes on (NVLSTree).

#include "sim/tree_messages.hpp"

namespace ithaca {

/// An all-reduce sends the buffer in and gets it back; an all-gather sends only its part, to all at once, and a
/// reduce-scatter gets only its part.
std::vector<Round> nvls_rounds(const ScheduleContext& context) {
  const CollectiveCall& call = context.call;
  const Bytes part = call.message / call.group.size;
  const Bytes in = call.op == Op::all_gather ? part : call.message;
  const Bytes out = call.op == Op::reduce_scatter ? part : call.message;
  const TreeMessages tree(context, call.message, false);
  const double share = share_of_model(context, max(in, out), tree.busiest(false).far);
  return {{make_stream(context, Rates::ring, share,
                       [in, out, tree](std::uint32_t rank, std::vector<Message>& messages) {
                         messages.push_back({rank, rank, in, 0, Leg::into_switch});
                         messages.push_back({rank, rank, out, 0, Leg::out_of_switch});
                         tree.add_stream(rank, messages);
                       }),
           1}};
}

}  // namespace ithaca
