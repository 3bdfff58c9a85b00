#pragma once
// A network given node by node and link by link:
//   nodes: [{name: gpu0, kind: gpu, host: 0}, {name: leaf0, kind: leaf}]
//   links: [{from: gpu0, to: leaf0, capacity: 400Gbps, latency: 1us}]
// A link goes both ways unless it says `both_ways: false`; `host` and `latency` may be left out.

#include <string>
#include <vector>

#include "configs/reader/diagnostic.hpp"
#include "configs/reader/fields.hpp"
#include "model/fabric.hpp"

namespace ithaca {

/// A graph from outside, and what a person should know of how it was read.
struct LoadedGraph {
  FabricGraph graph;
  std::vector<std::string> notices;
};

/// Reads `nodes` and `links` of a map. GPUs are ranks in the order of the nodes.
FabricGraph read_graph(const Document& document, Fields& fields, Diagnostics& diagnostics);

}  // namespace ithaca
