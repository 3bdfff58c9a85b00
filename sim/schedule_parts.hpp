#pragma once
// What the families of schedules share: the call with its layout and its cost, and rounds made of them.

#include <vector>

#include "sim/group_layout.hpp"
#include "sim/schedule.hpp"

namespace ithaca {

struct ScheduleContext {
  Cluster cluster;
  CollectiveCall call;
  Placement placement;
  GroupLayout layout;
  Algorithm algorithm{};
  CollectiveCost cost;  ///< of the analytic model; only the protocol where it has no such algorithm
};

/// Which of the cluster's achieved rates a message reaches.
enum class Rates : std::uint8_t { ring, all_to_all };

using Sends = std::function<void(std::uint32_t rank, std::vector<Message>& messages)>;

/// A round whose messages pay `near` inside a server and `far` between servers. `share` of the achieved rate is used.
Exchange make_exchange(const ScheduleContext& context, Rates rates, double share, Seconds near, Seconds far,
                       Sends sends);
/// All rounds in one, after the latency of all.
Exchange make_stream(const ScheduleContext& context, Rates rates, double share, Sends sends);
/// Share of the achieved rates at which a stream takes as long as the model says (its protocol, and what else slows it
/// down), if its busiest wires carry `near` through a port and `far` out of a server.
double share_of_model(const ScheduleContext& context, Bytes near, Bytes far);
/// `count` rounds one by one; the very first of the collective also pays NCCL's base latency.
void add_rounds(std::vector<Round>& rounds, const ScheduleContext& context, Rates rates, const HopCosts& hop, int count,
                const Sends& sends);

/// Adds to the message that goes to the same rank, if there is one.
void add_or_merge(std::vector<Message>& messages, const Message& message);

std::vector<Round> all_to_all_rounds(const ScheduleContext& context);
std::vector<Round> ring_rounds(const ScheduleContext& context);
std::vector<Round> tree_rounds(const ScheduleContext& context);
std::vector<Round> recursive_rounds(const ScheduleContext& context);
std::vector<Round> nvls_rounds(const ScheduleContext& context);

}  // namespace ithaca
