#pragma once
// Fabrics: what `--fabric` takes and the `fabric:` section of a cluster. A map has `kind` and the keys of that kind:
//   all:             routing (deterministic, ecmp, polarised, spray, pxn)
//   all but custom:  link_rate, link_latency
//   fat_tree:        tiers, leaf_hosts, pod_leaves, spines, oversubscription
//   rail_optimised,
//   rail_only:       leaf_hosts, spines, oversubscription
//   dragonfly:       groups, group_routers, router_hosts, global_links, oversubscription
//   torus:           dimensions: [X, Y] or [X, Y, Z]
//   pcie_tree:       sockets, socket_switches, socket_rate
//   custom:          nodes and links (configs/reader/fabric_graph.hpp), or `file`: a graph in one of the formats below

#include <string>
#include <string_view>
#include <vector>

#include "configs/reader/fields.hpp"
#include "model/cluster.hpp"
#include "model/fabric.hpp"

namespace ithaca {

struct LoadedFabric {
  FabricSpec spec;
  std::string file;                  ///< where it was read; empty for a kind's name
  std::vector<std::string> notices;  ///< what was assumed of a graph
};

/// `text`: a kind (fat_tree), a map ({kind: fat_tree, oversubscription: 2}) or a file ("-" is the standard input): such
/// a map with `schema: fabric/1`, GraphML, an NCCL topology, or what `nvidia-smi topo -m` prints. `cluster` says which
/// GPUs stand in a matrix; it may be null.
Result<LoadedFabric, Diagnostics> load_fabric(std::string_view text, const Cluster* cluster);

/// Reads the keys of a map, but does not finish() it.
LoadedFabric read_fabric(const Document& document, Fields& fields, const Cluster* cluster, Diagnostics& diagnostics);

}  // namespace ithaca
