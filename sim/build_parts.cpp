#include "sim/build_parts.hpp"

#include "model/units.hpp"

namespace ithaca {

std::optional<std::string> too_many(double cables) {
  constexpr double kMost = 5e6;
  if (cables <= kMost) return std::nullopt;
  constexpr double kBytes = 2 * (sizeof(FabricGraph::Link) + 2 * sizeof(std::uint32_t));
  return "it would have " + std::to_string(static_cast<long long>(cables / 1e6)) + " million cables, " +
         print(Bytes{cables * kBytes}) + "; at most 5 million are built: ask for fewer GPUs or switches";
}

std::uint32_t add_node(FabricGraph& graph, const std::string& name, NodeKind kind, int host) {
  graph.nodes.push_back({name, kind, host});
  return static_cast<std::uint32_t>(graph.nodes.size() - 1);
}

std::uint32_t add_nodes(FabricGraph& graph, const std::string& name, NodeKind kind, int count, int host) {
  const auto first = static_cast<std::uint32_t>(graph.nodes.size());
  for (int i = 0; i < count; ++i) add_node(graph, name + std::to_string(i), kind, host);
  return first;
}

void add_cable(FabricGraph& graph, std::uint32_t a, std::uint32_t b, BytesPerSecond capacity, Seconds latency,
               std::uint8_t cost) {
  graph.links.push_back({a, b, capacity, latency, cost});
  graph.links.push_back({b, a, capacity, latency, cost});
}

void join_tiers(FabricGraph& graph, NodeRange lower, NodeRange upper, BytesPerSecond capacity, Seconds latency) {
  for (int i = 0; i < lower.count; ++i) {
    for (int j = 0; j < upper.count; ++j) {
      add_cable(graph, lower.first + static_cast<std::uint32_t>(i), upper.first + static_cast<std::uint32_t>(j),
                capacity, latency);
    }
  }
}

}  // namespace ithaca
