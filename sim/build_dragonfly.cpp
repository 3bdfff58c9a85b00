#include <algorithm>
#include <cmath>

#include "sim/build_parts.hpp"

namespace ithaca {
namespace {

struct Shape {
  int hosts = 0, routers = 0, groups = 0;  ///< servers of a router, routers of a group
  int globals = 0;                         ///< cables of a group to each other group
};

/// As Kim, Dally, Scott and Abts (ISCA 2008) balance it: a router has as many global cables as NICs below, a group
/// twice as many routers; fewer routers where that makes few groups.
Result<Shape, std::string> shape(const FabricSpec& spec, const NicPlan& plan, int gpus) {
  Shape s;
  const int hosts = ceil_div(gpus, plan.server_gpus);
  s.hosts = spec.router_hosts > 0 ? spec.router_hosts : 1;
  const int routers = ceil_div(hosts, s.hosts);
  const int nics = static_cast<int>(std::min(1e6, static_cast<double>(s.hosts) * plan.nics));
  if (spec.group_routers > 0) {
    s.routers = spec.group_routers;
  } else if (spec.groups > 0) {
    s.routers = ceil_div(routers, spec.groups);
  } else {
    s.routers = std::min(2 * nics, static_cast<int>(std::ceil(std::sqrt(routers))));
  }
  s.groups = spec.groups > 0 ? spec.groups : ceil_div(routers, s.routers);
  const double places = static_cast<double>(s.groups) * s.routers * s.hosts;
  if (places < hosts)
    return "it has " + std::to_string(static_cast<int>(places)) + " places for servers, and " + std::to_string(gpus) +
           " GPUs are " + std::to_string(hosts) + " servers: give more groups, group_routers or router_hosts";
  if (s.groups == 1) return s;
  const int others = s.groups - 1;
  const int of_router = spec.global_links > 0 ? spec.global_links : std::max(nics, ceil_div(others, s.routers));
  const double of_group = static_cast<double>(of_router) * s.routers;
  if (of_group < others)
    return std::to_string(s.routers) + " routers with " + std::to_string(of_router) +
           " global links each do not reach " + std::to_string(others) + " other groups: give more global_links";
  s.globals = static_cast<int>(of_group / others);
  return s;
}

/// Two global links cost more than one between two local ones, so that minimal ways have one.
constexpr std::uint8_t kGlobalCost = 3;

/// Port k of a group leads k mod (groups - 1) + 1 groups on; its routers have consecutive ports.
void join_groups(FabricGraph& graph, const Shape& s, std::uint32_t first, BytesPerSecond rate, Seconds latency) {
  const int others = s.groups - 1, ports = s.globals * others;
  const auto router = [&](int group, int port) {
    const auto local = static_cast<std::int64_t>(port) * s.routers / ports;
    return first + static_cast<std::uint32_t>(std::int64_t{group} * s.routers + local);
  };
  for (int group = 0; group < s.groups; ++group) {
    for (int port = 0; port < ports; ++port) {
      const int on = port % others + 1, other = (group + on) % s.groups;
      if (other < group) continue;
      const int back = port - port % others + (s.groups - on - 1);
      add_cable(graph, router(group, port), router(other, back), rate, latency, kGlobalCost);
    }
  }
}

}  // namespace

int dragonfly_routers(const Cluster& cluster, const FabricSpec& spec, int gpus) {
  const auto plan = plan_nics(cluster, spec);
  if (!plan) return 0;
  const auto s = shape(spec, *plan, gpus);
  return s ? ceil_div(ceil_div(gpus, plan->server_gpus), s->hosts) : 0;
}

GraphOrReason dragonfly_graph(const Cluster& cluster, const FabricSpec& spec, int gpus) {
  const auto plan = plan_nics(cluster, spec);
  if (!plan) return plan.error();
  const auto s = shape(spec, *plan, gpus);
  if (!s) return s.error();
  const double pairs = 0.5 * s->routers * (s->routers - 1.0), group_pairs = 0.5 * s->groups * (s->groups - 1.0);
  if (auto reason = too_many(s->groups * pairs + group_pairs * s->globals)) return *reason;

  FabricGraph graph;
  const auto nics = add_servers(graph, cluster, *plan, gpus);
  const auto first = add_nodes(graph, "router", NodeKind::router, s->groups * s->routers);
  for (const Nic& nic : nics)
    add_cable(graph, nic.node, first + static_cast<std::uint32_t>(nic.host / s->hosts), plan->rate, spec.link_latency);
  const BytesPerSecond below = plan->rate * (static_cast<double>(s->hosts) * plan->nics);
  for (int r = 0; r < s->groups * s->routers; ++r) {
    const int end = (r / s->routers + 1) * s->routers;
    join_tiers(graph, {first + static_cast<std::uint32_t>(r), 1},
               {first + static_cast<std::uint32_t>(r + 1), end - r - 1}, below * (2.0 / s->routers), spec.link_latency);
  }
  if (s->groups > 1) {
    const double cables = static_cast<double>(s->globals) * (s->groups - 1);
    join_groups(graph, *s, first, below * (s->routers / (spec.oversubscription * cables)), spec.link_latency);
  }
  return graph;
}

}  // namespace ithaca
