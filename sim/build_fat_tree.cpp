#include <algorithm>
#include <cmath>

#include "sim/build_parts.hpp"

namespace ithaca {
namespace {

/// Half the ports of a switch of 64 as they are sold today: as many go down as up.
constexpr int kHalfSwitch = 32;

struct Shape {
  int leaf_hosts = 0, leaves = 0, spines = 0;  ///< spines of a pod
  int pod_leaves = 0, pods = 1;
  BytesPerSecond rate{};  ///< of every cable above the leaves
};

Result<Shape, std::string> shape(const FabricSpec& spec, const NicPlan& plan, int gpus) {
  Shape s;
  const int hosts = ceil_div(gpus, plan.server_gpus);
  s.leaf_hosts = spec.leaf_hosts > 0 ? spec.leaf_hosts : std::clamp(kHalfSwitch / plan.nics, 1, hosts);
  s.leaves = s.pod_leaves = ceil_div(hosts, s.leaf_hosts);
  const double nics = static_cast<double>(s.leaf_hosts) * plan.nics;
  s.spines = spec.spines;
  if (s.spines == 0 && s.leaves > 1)
    s.spines = static_cast<int>(std::ceil(std::min(nics / spec.oversubscription, 1e9)));
  s.rate = plan.rate * (nics / (spec.oversubscription * s.spines));
  if (spec.tiers == 2) return s;
  s.pod_leaves = spec.pod_leaves > 0 ? spec.pod_leaves : std::min(kHalfSwitch, ceil_div(s.leaves, 2));
  s.pods = ceil_div(s.leaves, s.pod_leaves);
  if (s.pods > 1) return s;
  return std::to_string(gpus) + " GPUs fill " + std::to_string(s.leaves) + (s.leaves == 1 ? " leaf" : " leaves") +
         ", one pod: 3 tiers join pods; give tiers 2 or a smaller " + (s.leaves == 1 ? "leaf_hosts" : "pod_leaves");
}

/// Every spine of a pod has as many cores above it as leaves below, and shares them with its like in the other pods.
void add_cores(FabricGraph& graph, const Shape& s, std::uint32_t spines, Seconds latency) {
  const auto cores = add_nodes(graph, "core", NodeKind::core, s.spines * s.pod_leaves);
  for (int pod = 0; pod < s.pods; ++pod) {
    for (int i = 0; i < s.spines; ++i) {
      const auto spine = spines + static_cast<std::uint32_t>(pod * s.spines + i);
      join_tiers(graph, {spine, 1}, {cores + static_cast<std::uint32_t>(i * s.pod_leaves), s.pod_leaves}, s.rate,
                 latency);
    }
  }
}

}  // namespace

int fat_tree_leaves(const Cluster& cluster, const FabricSpec& spec, int gpus) {
  const auto plan = plan_nics(cluster, spec);
  if (!plan) return 0;
  const auto s = shape(spec, *plan, gpus);
  return s ? s->leaves : 0;
}

GraphOrReason fat_tree_graph(const Cluster& cluster, const FabricSpec& spec, int gpus) {
  if (spec.tiers != 2 && spec.tiers != 3) return "a fat tree has 2 or 3 tiers, not " + std::to_string(spec.tiers);
  const auto plan = plan_nics(cluster, spec);
  if (!plan) return plan.error();
  const auto s = shape(spec, *plan, gpus);
  if (!s) return s.error();
  const double up = static_cast<double>(s->spines) * s->pod_leaves;
  if (auto reason = too_many(static_cast<double>(s->leaves) * s->spines + (s->pods > 1 ? s->pods * up : 0)))
    return *reason;
  FabricGraph graph;
  const auto nics = add_servers(graph, cluster, *plan, gpus);
  const auto leaves = add_nodes(graph, "leaf", NodeKind::leaf, s->leaves);
  for (const Nic& nic : nics)
    add_cable(graph, nic.node, leaves + static_cast<std::uint32_t>(nic.host / s->leaf_hosts), plan->rate,
              spec.link_latency);
  const auto spines = add_nodes(graph, "spine", NodeKind::spine, s->pods * s->spines);
  for (int pod = 0; pod < s->pods; ++pod) {
    const int first = pod * s->pod_leaves;
    join_tiers(graph, {leaves + static_cast<std::uint32_t>(first), std::min(s->pod_leaves, s->leaves - first)},
               {spines + static_cast<std::uint32_t>(pod * s->spines), s->spines}, s->rate, spec.link_latency);
  }
  if (s->pods > 1) add_cores(graph, *s, spines, spec.link_latency);
  return graph;
}

}  // namespace ithaca
