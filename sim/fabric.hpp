#pragma once
// A checked network: its graph, which links leave each node, where the GPUs are. Generators of all kinds of topology.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/cluster.hpp"
#include "model/fabric.hpp"
#include "model/flows.hpp"
#include "model/result.hpp"

namespace ithaca {

class Fabric {
 public:
  /// Refuses names that are not unique, links to nowhere, capacities that are not above zero and finite, latencies
  /// below zero, and graphs without a GPU. Says which.
  static Result<Fabric, std::string> make(FabricGraph graph);

  const FabricGraph& graph() const { return graph_; }
  std::span<const FabricGraph::Node> nodes() const { return graph_.nodes; }
  std::span<const FabricGraph::Link> links() const { return graph_.links; }
  /// The node of each GPU, by rank.
  std::span<const std::uint32_t> gpus() const { return gpus_; }
  /// Links that leave and that enter a node, in the order of the graph.
  std::span<const std::uint32_t> leaving(std::uint32_t node) const { return leaving_[node]; }
  std::span<const std::uint32_t> entering(std::uint32_t node) const { return entering_[node]; }

  std::string link_name(std::uint32_t link) const;
  std::optional<std::uint32_t> find_link(std::string_view name) const;
  std::optional<std::uint32_t> find_node(std::string_view name) const;

 private:
  FabricGraph graph_;
  std::vector<std::uint32_t> gpus_;
  IndexRows leaving_, entering_;
};

/// The fabric for `gpus` GPUs of the cluster; the last server, leaf or pod is perhaps partly filled. The reason where
/// the numbers do not go together. Node g is GPU g. Names and what they join:
///   gpu3 - nvswitch0               NVLink of a box (in a mesh gpu3 - gpu4)
///   gpu3 - nic3 - leaf0            beside it, counted twice; nic{host * NICs of a server + rail}
///   gpu3 - cpu0 - bridge0 - nic0   PCIe with sockets: cpu0 - bridge0 is the uplink of the socket, bridges of a server
///                                  are joined; without sockets gpu3 - cpu0 - nic0
///   nic3 - tier1.0 - network       ideal: pods, then the one switch
///   leaf0 - spine0 - core0         fat_tree, pod by pod; leaf{rail * sets + set} in rail_*
///   nic3 - router0 - router1       dragonfly, group by group
///   gpu3 - router3 - router4       torus and ring, the first dimension fastest
///   gpu3 - pcie1 - cpu0            pcie_tree
Result<Fabric, std::string> build_fabric(const Cluster& cluster, const FabricSpec& spec, int gpus);

/// Of that fabric, told before it is built: how many switches NICs hang on; 0 where that is few or not known.
int nic_switches(const Cluster& cluster, const FabricSpec& spec, int gpus);

}  // namespace ithaca
