#pragma once
// A network as people count it: cables instead of links one way, and tiers of cables that are alike.

#include <string>
#include <vector>

#include "model/fabric.hpp"

namespace ithaca {

/// All links between two nodes that have the same capacity and latency.
struct Cable {
  std::uint32_t a = 0, b = 0;
  BytesPerSecond capacity{};
  Seconds latency{};
  int there = 0, back = 0;  ///< links from a to b and from b to a
};
/// In the order in which the graph first names them.
std::vector<Cable> cables_of(const FabricGraph& graph);

/// Links between nodes of the same two kinds, with the same capacity and latency.
struct Tier {
  NodeKind a{}, b{};  ///< the one nearer to the GPUs first
  BytesPerSecond capacity{};
  Seconds latency{};
  std::size_t links = 0;  ///< one way
};
/// From the GPUs outwards.
std::vector<Tier> tiers_of(const FabricGraph& graph);

/// Servers that have a GPU; a GPU without one counts as one.
std::size_t count_servers(const FabricGraph& graph);
/// Nodes of every kind, by kind.
std::vector<std::size_t> count_nodes(const FabricGraph& graph);

}  // namespace ithaca
