#include "cli/fabric_cables.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace ithaca {

std::vector<Cable> cables_of(const FabricGraph& graph) {
  std::vector<Cable> cables;
  std::map<std::tuple<std::uint32_t, std::uint32_t, BytesPerSecond, Seconds>, std::size_t> known;
  for (const FabricGraph::Link& link : graph.links) {
    const auto [low, high] = std::minmax(link.from, link.to);
    const auto [at, is_new] = known.emplace(std::tuple{low, high, link.capacity, link.latency}, cables.size());
    if (is_new) cables.push_back({link.from, link.to, link.capacity, link.latency, 0, 0});
    Cable& cable = cables[at->second];
    ++(cable.a == link.from ? cable.there : cable.back);
  }
  return cables;
}

std::vector<Tier> tiers_of(const FabricGraph& graph) {
  std::map<std::tuple<NodeKind, NodeKind, BytesPerSecond, Seconds>, std::size_t> counts;
  for (const FabricGraph::Link& link : graph.links) {
    const auto [a, b] = std::minmax(graph.nodes[link.from].kind, graph.nodes[link.to].kind);
    ++counts[{a, b, link.capacity, link.latency}];
  }
  std::vector<Tier> tiers;
  tiers.reserve(counts.size());
  for (const auto& [key, links] : counts)
    tiers.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), std::get<3>(key), links});
  return tiers;
}

std::size_t count_servers(const FabricGraph& graph) {
  std::set<std::int32_t> hosts;
  std::size_t alone = 0;
  for (const FabricGraph::Node& node : graph.nodes) {
    if (node.kind != NodeKind::gpu) continue;
    if (node.host < 0) ++alone;
    if (node.host >= 0) hosts.insert(node.host);
  }
  return hosts.size() + alone;
}

std::vector<std::size_t> count_nodes(const FabricGraph& graph) {
  std::vector<std::size_t> counts(static_cast<std::size_t>(NodeKind::router) + 1);
  for (const FabricGraph::Node& node : graph.nodes) ++counts[static_cast<std::size_t>(node.kind)];
  return counts;
}

}  // namespace ithaca
