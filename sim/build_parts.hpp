#pragma once
// What the generators of fabrics share: nodes, cables, servers with their NICs. Every graph begins with its GPUs, so
// that node g is GPU g.

#include <optional>
#include <string>
#include <vector>

#include "model/cluster.hpp"
#include "model/fabric.hpp"
#include "model/result.hpp"

namespace ithaca {

using GraphOrReason = Result<FabricGraph, std::string>;

/// One for each kind of topology; the numbers of `spec` have been checked for sign. `gpus` is at least 1.
GraphOrReason ideal_graph(const Cluster& cluster, const FabricSpec& spec, int gpus);
GraphOrReason fat_tree_graph(const Cluster& cluster, const FabricSpec& spec, int gpus);
GraphOrReason rail_graph(const Cluster& cluster, const FabricSpec& spec, int gpus);
GraphOrReason dragonfly_graph(const Cluster& cluster, const FabricSpec& spec, int gpus);
GraphOrReason torus_graph(const Cluster& cluster, const FabricSpec& spec, int gpus);
GraphOrReason full_mesh_graph(const Cluster& cluster, const FabricSpec& spec, int gpus);
GraphOrReason pcie_tree_graph(const Cluster& cluster, const FabricSpec& spec, int gpus);

/// Switches that NICs hang on; 0 where the numbers do not go together.
int fat_tree_leaves(const Cluster& cluster, const FabricSpec& spec, int gpus);
int rail_leaves(const Cluster& cluster, const FabricSpec& spec, int gpus);
int dragonfly_routers(const Cluster& cluster, const FabricSpec& spec, int gpus);

inline int ceil_div(int a, int b) { return (a + b - 1) / b; }

/// Why a fabric of so many cables is not built; nothing where it is small enough.
std::optional<std::string> too_many(double cables);

std::uint32_t add_node(FabricGraph& graph, const std::string& name, NodeKind kind, int host = -1);
/// `count` nodes called name0, name1, ...; returns the first.
std::uint32_t add_nodes(FabricGraph& graph, const std::string& name, NodeKind kind, int count, int host = -1);
/// A link each way.
void add_cable(FabricGraph& graph, std::uint32_t a, std::uint32_t b, BytesPerSecond capacity, Seconds latency = {},
               std::uint8_t cost = 1);

/// Nodes one after another in the graph.
struct NodeRange {
  std::uint32_t first = 0;
  int count = 0;
};
/// A cable from each of `lower` to each of `upper`.
void join_tiers(FabricGraph& graph, NodeRange lower, NodeRange upper, BytesPerSecond capacity, Seconds latency);

/// NICs of a full server as nodes: where there are more than GPUs, each stands for those next to one GPU.
struct NicPlan {
  int server_gpus = 0;
  int nics = 0;
  BytesPerSecond rate{};  ///< of each
};
/// The reason where neither the cluster nor the spec says how fast a NIC is.
Result<NicPlan, std::string> plan_nics(const Cluster& cluster, const FabricSpec& spec);
/// GPUs of one server, as far as the cluster says.
int server_gpus(const Cluster& cluster);

struct Nic {
  std::uint32_t node = 0;
  int host = 0, rail = 0;  ///< its number in the server
};
/// Adds `gpus` GPUs and their servers as the cluster describes them, the last perhaps partly filled, each with the NICs
/// that stand next to its GPUs (none with `plan.nics` 0). GPUs are joined by NVSwitch, mesh or PCIe; a NIC hangs on its
/// GPUs, or behind the uplinks of their socket.
std::vector<Nic> add_servers(FabricGraph& graph, const Cluster& cluster, const NicPlan& plan, int gpus);

}  // namespace ithaca
