#include <algorithm>
#include <cmath>

#include "sim/build_parts.hpp"

namespace ithaca {
namespace {

struct RailShape {
  int rails = 0, leaf_hosts = 0, sets = 0;
};

RailShape rail_shape(const FabricSpec& spec, const NicPlan& plan, int gpus) {
  constexpr int kHostsOfASet = 32;  // DGX SuperPOD: 32 servers a scalable unit, a switch of 64 ports for each rail
  const int hosts = ceil_div(gpus, plan.server_gpus);
  const int most = spec.kind == FabricKind::rail_only ? hosts : std::min(kHostsOfASet, hosts);
  const int leaf_hosts = spec.leaf_hosts > 0 ? spec.leaf_hosts : most;
  return {plan.nics, leaf_hosts, ceil_div(hosts, leaf_hosts)};
}

}  // namespace

int rail_leaves(const Cluster& cluster, const FabricSpec& spec, int gpus) {
  const auto plan = plan_nics(cluster, spec);
  if (!plan) return 0;
  const RailShape s = rail_shape(spec, *plan, gpus);
  return s.rails * s.sets;
}

/// NIC r of every server hangs on a leaf of rail r; `leaf_hosts` servers make a set with a leaf for each rail.
/// rail_optimised: every spine joins all leaves. rail_only: the leaves of a rail have spines of their own, if they need
/// any, and no rail reaches another but through servers.
GraphOrReason rail_graph(const Cluster& cluster, const FabricSpec& spec, int gpus) {
  const auto plan = plan_nics(cluster, spec);
  if (!plan) return plan.error();
  const bool islands = spec.kind == FabricKind::rail_only;
  const auto [rails, leaf_hosts, sets] = rail_shape(spec, *plan, gpus);
  const int leaves = sets * rails;
  int spines = spec.spines;
  if (spines == 0 && (islands ? sets : leaves) > 1)
    spines = static_cast<int>(std::ceil(std::min(leaf_hosts / spec.oversubscription, 1e9)));
  const BytesPerSecond up = plan->rate * (leaf_hosts / (spec.oversubscription * spines));
  if (auto reason = too_many(static_cast<double>(leaves) * spines)) return *reason;

  FabricGraph graph;
  const auto nics = add_servers(graph, cluster, *plan, gpus);
  // Rail by rail, so that the leaves of a rail are neighbours.
  const auto first_leaf = add_nodes(graph, "leaf", NodeKind::leaf, leaves);
  for (const Nic& nic : nics) {
    const auto leaf = first_leaf + static_cast<std::uint32_t>(nic.rail * sets + nic.host / leaf_hosts);
    add_cable(graph, nic.node, leaf, plan->rate, spec.link_latency);
  }
  const int groups = islands ? rails : 1;
  const auto first_spine = add_nodes(graph, "spine", NodeKind::spine, groups * spines);
  for (int i = 0; i < groups; ++i) {
    join_tiers(graph, {first_leaf + static_cast<std::uint32_t>(i * leaves / groups), leaves / groups},
               {first_spine + static_cast<std::uint32_t>(i * spines), spines}, up, spec.link_latency);
  }
  return graph;
}

}  // namespace ithaca
