#pragma once
// The network as a graph of GPUs, switches and links, and the question for one: a kind of topology with its numbers.
// Links have one direction; a cable is two of them.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/quantity.hpp"
#include "model/static_vector.hpp"

namespace ithaca {

enum class NodeKind : std::uint8_t { gpu, nvswitch, pcie_switch, cpu, nic, leaf, spine, core, router };
std::string_view name(NodeKind kind);

struct FabricGraph {
  struct Node {
    std::string name;  ///< "gpu17", "nvswitch2", "nic17", "leaf0"; no two alike
    NodeKind kind{};
    std::int32_t host = -1;  ///< the server it belongs to; -1 for what stands between servers
  };
  /// Called "gpu0->nvswitch0"; where a pair has several, "leaf0->spine0#1" from the second on.
  struct Link {
    std::uint32_t from = 0, to = 0;
    BytesPerSecond capacity{};  ///< of the wire
    Seconds latency{};
    std::uint8_t cost = 1;   ///< what a shortest path counts it as; at least 1
    std::uint8_t order = 0;  ///< of links that serve equally, deterministic routing takes the lowest
  };
  std::vector<Node> nodes;  ///< the nodes of kind gpu are the ranks, in this order
  std::vector<Link> links;
};

/// ideal: servers as the cluster describes them behind one switch that never limits, its tiers as uplinks of pods: the
/// analytic model's machine. The kinds from torus to pcie_tree join GPUs directly, the others join NICs.
enum class FabricKind : std::uint8_t {
  ideal,
  fat_tree,
  rail_optimised,
  rail_only,
  dragonfly,
  torus,
  ring,
  full_mesh,
  pcie_tree,
  custom,
};
std::string_view name(FabricKind kind);

/// How a message finds its way among shortest paths. deterministic: by the destination (D-mod-k in fat trees). ecmp: by
/// a hash of source, destination and channel with a seed, of each switch's own. polarised: the same where all switches
/// hash alike, so that a later one finds only messages that an earlier one sorted by the same hash. spray: cut evenly
/// over all of them. pxn: over NVLink to the GPU of the destination's rail first (NCCL's PXN), then deterministic.
enum class Routing : std::uint8_t { deterministic, ecmp, polarised, spray, pxn };
/// Whether the path depends on a seed.
constexpr bool is_hashed(Routing routing) { return routing == Routing::ecmp || routing == Routing::polarised; }
std::string_view name(Routing routing);

/// 0 means "what the cluster says" for rates and "as many as needed" for counts, as told below.
struct FabricSpec {
  FabricKind kind = FabricKind::ideal;
  Routing routing = Routing::deterministic;

  int tiers = 2;  ///< fat_tree: 2 (leaf, spine) or 3 (leaf, spine, core)
  /// Servers below a leaf, in rail_* below a leaf of every rail. 0: fat_tree 32 NICs' worth, rail_optimised 32,
  /// rail_only all.
  int leaf_hosts = 0;
  /// fat_tree with 3 tiers: leaves of a pod, and cores above a spine. 0: 32, but at least two pods.
  int pod_leaves = 0;
  /// Of the fabric, of a pod with 3 tiers, of a rail in rail_only; a link to each from every leaf. 0: so many that
  /// these links have about the rate of a NIC.
  int spines = 0;
  /// Capacity into a full leaf from below over that out of it above; of a dragonfly group's NICs over its global links.
  double oversubscription = 1;

  int router_hosts = 0;                  ///< dragonfly: servers of a router; 0: 1
  int group_routers = 0;                 ///< 0: the root of the number of routers, at most two for each NIC of a router
  int groups = 0;                        ///< 0: enough for all GPUs
  int global_links = 0;                  ///< of a router; 0: one for each of its NICs
  StaticVector<int, 3> dimensions;       ///< torus: two or three, their product is the GPUs; empty: the squarest two
  int sockets = 2, socket_switches = 2;  ///< pcie_tree; GPUs are spread evenly over the switches

  /// Of a NIC, or of a link between two GPUs. 0: the profile's NICs; torus, ring, full_mesh: the port's peak over the
  /// links of a GPU; pcie_tree: the profile's PCIe or host link.
  BytesPerSecond link_rate{};
  BytesPerSecond socket_rate{};  ///< pcie_tree: between two sockets; 0: the profile's sockets
  Seconds link_latency{};        ///< of every link outside a server, and of each in torus, ring, full_mesh, pcie_tree
  FabricGraph graph;             ///< custom
};

}  // namespace ithaca
