#include <algorithm>
#include <cmath>

#include "sim/build_parts.hpp"
#include "sim/fabric.hpp"

namespace ithaca {
namespace {

constexpr int kMost = 1'000'000;

std::optional<std::string> check_spec(const FabricSpec& s) {
  for (const int count :
       {s.leaf_hosts, s.pod_leaves, s.spines, s.groups, s.group_routers, s.router_hosts, s.global_links}) {
    if (count < 0 || count > kMost) return "numbers of switches, servers and links are from 0 to a million";
  }
  for (const int d : s.dimensions) {
    if (d < 1) return "each dimension of a torus is at least 1";
  }
  if (!(s.oversubscription > 0) || !std::isfinite(s.oversubscription))
    return "oversubscription must be above zero and finite";
  for (const double amount : {s.link_rate.value(), s.socket_rate.value(), s.link_latency.value()}) {
    if (!(amount >= 0) || !std::isfinite(amount)) return "rates and latencies must be zero or more and finite";
  }
  return std::nullopt;
}

std::optional<std::string> check_size(const Cluster& cluster, int gpus) {
  if (gpus < 1) return "a fabric has at least one GPU";
  if (gpus > kMost) return std::to_string(gpus) + " GPUs are more than a million";
  if (cluster.max_gpus > 0 && gpus > cluster.max_gpus)
    return cluster.name + " has " + std::to_string(cluster.max_gpus) + " GPUs, not " + std::to_string(gpus);
  const int server = server_gpus(cluster);
  if (server < 1) return cluster.name + " does not say how many GPUs a server has";
  if (cluster.scale_up == ScaleUp::mesh) return too_many(0.5 * gpus * (std::min(server, gpus) - 1.0));
  return std::nullopt;
}

GraphOrReason custom_graph(const FabricSpec& spec, int gpus) {
  const auto is_gpu = [](const FabricGraph::Node& node) { return node.kind == NodeKind::gpu; };
  const auto have = std::count_if(spec.graph.nodes.begin(), spec.graph.nodes.end(), is_gpu);
  if (have >= gpus) return spec.graph;
  return "the graph has " + std::to_string(have) + " GPUs, not " + std::to_string(gpus);
}

GraphOrReason graph_of(const Cluster& cluster, const FabricSpec& spec, int gpus) {
  switch (spec.kind) {
    case FabricKind::ideal: return ideal_graph(cluster, spec, gpus);
    case FabricKind::fat_tree: return fat_tree_graph(cluster, spec, gpus);
    case FabricKind::rail_optimised:
    case FabricKind::rail_only: return rail_graph(cluster, spec, gpus);
    case FabricKind::dragonfly: return dragonfly_graph(cluster, spec, gpus);
    case FabricKind::torus:
    case FabricKind::ring: return torus_graph(cluster, spec, gpus);
    case FabricKind::full_mesh: return full_mesh_graph(cluster, spec, gpus);
    case FabricKind::pcie_tree: return pcie_tree_graph(cluster, spec, gpus);
    case FabricKind::custom: break;
  }
  return custom_graph(spec, gpus);
}

}  // namespace

int nic_switches(const Cluster& cluster, const FabricSpec& spec, int gpus) {
  if (check_size(cluster, gpus) || check_spec(spec)) return 0;
  switch (spec.kind) {
    case FabricKind::fat_tree: return fat_tree_leaves(cluster, spec, gpus);
    case FabricKind::rail_optimised:
    case FabricKind::rail_only: return rail_leaves(cluster, spec, gpus);
    case FabricKind::dragonfly: return dragonfly_routers(cluster, spec, gpus);
    default: return 0;
  }
}

Result<Fabric, std::string> build_fabric(const Cluster& cluster, const FabricSpec& spec, int gpus) {
  auto reason = check_size(cluster, gpus);
  if (!reason) reason = check_spec(spec);
  if (reason) return *reason;
  auto graph = graph_of(cluster, spec, gpus);
  if (graph) return Fabric::make(std::move(graph).value());
  return std::string(name(spec.kind)) + ": " + graph.error();
}

}  // namespace ithaca
