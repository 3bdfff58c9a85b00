#pragma once
// Builds the graph of a server from what a tool reports about it: nodes numbered by name, wide links, notices.

#include <map>
#include <set>
#include <string>
#include <tuple>

#include "configs/reader/fabric_graph.hpp"

namespace ithaca {

class ServerGraph {
 public:
  /// "gpu0", "gpu1", "cpu0", ... in the order of the calls.
  std::uint32_t add_node(NodeKind kind, int host);
  void set_host(std::uint32_t node, int host) { loaded_.graph.nodes[node].host = host; }
  enum class Wire { nvlink, pcie, other };
  /// Links of one sort between the same two nodes become one wide link. NVLink counts as the shorter way.
  void add_link(std::uint32_t from, std::uint32_t to, BytesPerSecond rate, Wire wire);
  void add_cable(std::uint32_t a, std::uint32_t b, BytesPerSecond rate, Wire wire);
  /// Said once, however often it is given.
  void notice(std::string text);

  LoadedGraph finish() && { return std::move(loaded_); }

 private:
  LoadedGraph loaded_;
  std::map<NodeKind, int> counts_;
  std::map<std::tuple<std::uint32_t, std::uint32_t, Wire>, std::size_t> links_;
  std::set<std::string> said_;
};

}  // namespace ithaca
