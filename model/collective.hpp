#pragma once
// Cost of one collective on a group of GPUs, latency and transfer apart, with NCCL's constants
// and, where the cluster has a profile, what its own measurements make of them.

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/cluster.hpp"
#include "model/quantity.hpp"

namespace ithaca {

std::string_view name(Op op);
std::string_view name(Algorithm algorithm);
std::string_view name(Protocol protocol);

/// `size` ranks, `stride` apart in the cluster's order of GPUs; all groups of one layout run at once.
struct Group {
  int size = 1;
  int stride = 1;
};

struct CollectiveCost {
  Seconds latency{};
  Seconds transfer{};
  Seconds bound{};  ///< what the wires' peak rates allow at best; never above latency + transfer
  Algorithm algorithm{};
  Protocol protocol = Protocol::simple;
  Mark mark = Mark::datasheet;  ///< the cluster's; with a profile calibrated, or extrapolated beyond what was measured
  constexpr Seconds total() const { return latency + transfer; }
};

/// How a group lies on the cluster. `machine_gpus` GPUs are in use and share the uplinks.
struct Placement {
  struct Level {
    int members = 1;     ///< of one group in one domain
    double sharers = 1;  ///< groups that use the domain's uplink at once
  };
  Group group;
  StaticVector<Level, 4> levels;  ///< one for each domain of the cluster
  int nodes = 1;                  ///< servers (NVLink domains) that the group spans
};
Placement place(const Cluster& cluster, Group group, int machine_gpus);

/// `message` follows nccl-tests: all-gather the gathered buffer, reduce-scatter this rank's input, all-reduce the
/// buffer.
CollectiveCost all_gather_cost(const Cluster& cluster, const Placement& placement, Bytes message);
CollectiveCost reduce_scatter_cost(const Cluster& cluster, const Placement& placement, Bytes message);
CollectiveCost all_reduce_cost(const Cluster& cluster, const Placement& placement, Bytes message);
/// All-gather and reduce-scatter of one message: the same ring, each as it was measured.
struct RingPair {
  CollectiveCost gather, reduce;
};
RingPair ring_pair_cost(const Cluster& cluster, const Placement& placement, Bytes message);
/// `leaving` is what the busiest rank sends to (or receives from) its peers, its own share not counted.
CollectiveCost all_to_all_cost(const Cluster& cluster, const Placement& placement, Bytes leaving);
/// One hop of a ring: every rank sends `message` to its successor at once.
CollectiveCost send_recv_cost(const Cluster& cluster, const Placement& placement, Bytes message);

/// By name. `message` as nccl-tests counts it: of all-to-all the send buffer, own share included. NCCL's choice where
/// no algorithm is given; nothing where the op, the group or the machine has no such.
std::optional<CollectiveCost> collective_cost(const Cluster& cluster, const Placement& placement, Op op, Bytes message,
                                              std::optional<Algorithm> algorithm = std::nullopt);

/// The figures behind the latencies of ring, tree and send/recv: what is paid once, for a hop inside a server and for a
/// hop between servers, and the share of the achieved rate that the protocol leaves.
struct HopCosts {
  Seconds base{}, near{}, far{};
  double share = 1;
};
HopCosts hop_costs(const Cluster& cluster, const Placement& placement, Algorithm algorithm, Protocol protocol);

/// Bytes that pass one NIC of the busiest node when every group of the layout runs it; zero inside one node.
Bytes nic_bytes(const Cluster& cluster, const Placement& placement, Op op, Bytes sent_per_rank);

}  // namespace ithaca
