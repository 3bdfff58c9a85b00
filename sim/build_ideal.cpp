#include "sim/build_parts.hpp"

namespace ithaca {
namespace {

/// What stands below a tier: the node that its cable leaves from, the first of its GPUs, the rate of the cable.
struct Below {
  std::uint32_t node = 0;
  int gpu = 0;
  BytesPerSecond rate{};
};

}  // namespace

/// NICs hang on pods, pods on the pods around them, and all on one switch.
GraphOrReason ideal_graph(const Cluster& cluster, const FabricSpec& spec, int gpus) {
  FabricGraph graph;
  if (gpus <= server_gpus(cluster)) {
    add_servers(graph, cluster, {server_gpus(cluster), 0, {}}, gpus);
    return graph;
  }
  const auto plan = plan_nics(cluster, spec);
  if (!plan) return plan.error();
  std::vector<Below> below;
  for (const Nic& nic : add_servers(graph, cluster, *plan, gpus))
    below.push_back({nic.node, nic.host * plan->server_gpus, plan->rate});
  int tiers = 0;
  for (const Domain& pod : cluster.domains) {
    if (pod.uplink != Domain::Uplink::tier || gpus <= pod.gpus) continue;
    const int pods = ceil_div(gpus, pod.gpus);
    const auto first = add_nodes(graph, "tier" + std::to_string(++tiers) + ".", NodeKind::spine, pods);
    for (const Below& b : below)
      add_cable(graph, b.node, first + static_cast<std::uint32_t>(b.gpu / pod.gpus), b.rate, spec.link_latency);
    below.clear();
    for (int i = 0; i < pods; ++i) below.push_back({first + static_cast<std::uint32_t>(i), i * pod.gpus, pod.peak});
  }
  const auto top = add_node(graph, "network", NodeKind::core);
  for (const Below& b : below) add_cable(graph, b.node, top, b.rate, spec.link_latency);
  return graph;
}

}  // namespace ithaca
