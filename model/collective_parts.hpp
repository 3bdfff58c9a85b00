#pragma once
// What model/collective.cpp is made of: the rings, trees and switches of NCCL without any profile, and the wires below
// them.

#include "model/collective.hpp"
#include "model/nccl.hpp"

namespace ithaca::parts {

/// Inside a server and between servers, in seconds.
struct Latencies {
  double near, far;
};

bool pcie(const Cluster& cluster);
/// Members of the group behind one port-to-port fabric: the innermost server or socket.
int port_members(const Placement& placement);
/// A mesh has one link to each peer, so a small group uses only a few of the port's links.
double usable_port(const Cluster& cluster, const Placement& placement);
/// Whether some of the group lie outside the domain of this level.
bool crosses(const Placement& placement, std::size_t level);

/// Every rank passes `stream` bytes to its successor: the port carries it once, and so does each uplink, shared by the
/// groups that leave the domain there.
Seconds ring_transfer(const Cluster& cluster, const Placement& placement, Bytes stream);
/// Every GPU of a tree passes the buffer up and down. Two trees halve it; of two nodes each sends one half up and the
/// other down, of more the inner nodes of a tree have two children below them.
Seconds tree_transfer(const Cluster& cluster, const Placement& placement, Bytes message);

/// `message` through the NICs of one server after another, up all levels of a tree and down; nothing in one server.
Seconds tree_levels(const Cluster& cluster, const Placement& placement, Bytes message);
/// The parts of a cost that no measurement has corrected yet.
ConstantTimes constant_times(const Cluster& cluster, const Placement& placement, Bytes message,
                             const CollectiveCost& cost);

Latencies ring_hops(const Cluster& cluster, const Placement& placement, int protocol);
Latencies tree_hops(const Cluster& cluster, const Placement& placement, int protocol);
Latencies send_hops(const Cluster& cluster, const Placement& placement);

/// Share of the bus, in bytes/s, that a protocol reaches; zero where NCCL does not use it.
double ring_share(const Cluster& cluster, const Placement& placement, int protocol, double bus);
double tree_share(const Cluster& cluster, const Placement& placement, int protocol, double bus);

/// The fastest protocol of a ring with `rounds` passes of (p-1) steps: one for all-gather, two for all-reduce.
CollectiveCost ring_cost(const Cluster& cluster, const Placement& placement, Bytes message, int rounds);
CollectiveCost tree_cost(const Cluster& cluster, const Placement& placement, Bytes message);

/// In one NVLink domain, or as NVLSTree over several of which each has the same part of the group.
bool has_nvls(const Cluster& cluster, const Placement& placement);
/// In the switch (NVLS), and by trees between the NICs where the group spans several (NVLSTree). `port_achieved_nvls`
/// is the bus bandwidth of a whole node's all-reduce. Without `fill` it is the time by which NCCL chooses; with it also
/// the time until all stages of the pipeline (scatter, reduce and broadcast, gather; each hop of the tree) work on
/// their part of the buffer, which NCCL's model leaves out.
CollectiveCost nvls_cost(const Cluster& cluster, const Placement& placement, Bytes message, bool fill);

Seconds all_reduce_bound(const Cluster& cluster, const Placement& placement, Bytes message);

}  // namespace ithaca::parts
