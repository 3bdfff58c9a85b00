#include "sim/build_parts.hpp"

namespace ithaca {
namespace {

/// What GPUs reach their host at: 0 where neither spec nor profile says.
BytesPerSecond slot_rate(const Cluster& cluster, const FabricSpec& spec) {
  if (spec.link_rate > BytesPerSecond{}) return spec.link_rate;
  return cluster.scale_up == ScaleUp::pcie ? cluster.port_peak : cluster.gpu.host_link;
}

BytesPerSecond socket_rate(const Cluster& cluster, const FabricSpec& spec) {
  BytesPerSecond rate = spec.socket_rate;
  if (rate > BytesPerSecond{}) return rate;
  for (const Domain& domain : cluster.domains) {
    if (domain.uplink == Domain::Uplink::socket) rate = domain.peak;
  }
  return rate;
}

}  // namespace

/// One server: sockets joined pairwise, PCIe switches on their sockets, GPUs spread evenly over the switches. A switch
/// has one slot's rate to its socket.
GraphOrReason pcie_tree_graph(const Cluster& cluster, const FabricSpec& spec, int gpus) {
  const double wanted = static_cast<double>(spec.sockets) * spec.socket_switches;
  if (spec.sockets < 1 || spec.socket_switches < 1 || wanted > gpus)
    return std::to_string(gpus) + " GPUs do not spread over " + std::to_string(spec.sockets) + " sockets of " +
           std::to_string(spec.socket_switches) + " switches: give at least one GPU for each switch";
  const BytesPerSecond slot = slot_rate(cluster, spec), between = socket_rate(cluster, spec);
  if (slot == BytesPerSecond{}) return "the profile of " + cluster.name + " has no PCIe rate: give link_rate";
  if (spec.sockets > 1 && between == BytesPerSecond{})
    return "the profile of " + cluster.name + " has no rate between sockets: give socket_rate";
  if (auto reason = too_many(0.5 * spec.sockets * (spec.sockets - 1.0))) return *reason;

  const int count = spec.sockets * spec.socket_switches;
  FabricGraph graph;
  add_nodes(graph, "gpu", NodeKind::gpu, gpus, 0);
  const auto switches = add_nodes(graph, "pcie", NodeKind::pcie_switch, count, 0);
  const auto sockets = add_nodes(graph, "cpu", NodeKind::cpu, spec.sockets, 0);
  for (int g = 0; g < gpus; ++g) {
    const auto on = static_cast<std::uint32_t>(static_cast<std::int64_t>(g) * count / gpus);
    add_cable(graph, static_cast<std::uint32_t>(g), switches + on, slot, spec.link_latency);
  }
  for (int i = 0; i < count; ++i) {
    const auto socket = static_cast<std::uint32_t>(i / spec.socket_switches);
    add_cable(graph, switches + static_cast<std::uint32_t>(i), sockets + socket, slot, spec.link_latency);
  }
  for (int i = 0; i < spec.sockets; ++i) {
    const auto socket = sockets + static_cast<std::uint32_t>(i);
    join_tiers(graph, {socket, 1}, {socket + 1, spec.sockets - i - 1}, between, spec.link_latency);
  }
  return graph;
}

}  // namespace ithaca
