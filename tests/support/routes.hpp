#pragma once
// Paths of a router in words, and what they load.

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "sim/router.hpp"
#include "tests/support/fabrics.hpp"
#include "tests/support/machines.hpp"
#include "tests/support/programs.hpp"

namespace ithaca::test {

using Links = std::vector<std::uint32_t>;

/// A fabric from a generator, and its router.
struct Routed {
  Routed(const FabricSpec& spec, int gpus, Routing routing, std::uint64_t seed = 1)
      : fabric(built(round_cluster(), spec, gpus)), router(Router::make(fabric, routing, seed).value()) {}
  Routed(const Routed&) = delete;
  Routed& operator=(const Routed&) = delete;
  Fabric fabric;
  Router router;
};

inline Links path(const Router& router, std::uint32_t from, std::uint32_t to, std::uint32_t channel = 0) {
  Links links;
  router.add_path(from, to, channel, links);
  return links;
}

inline std::string text(const Router& router, std::uint32_t from, std::uint32_t to, std::uint32_t channel = 0) {
  std::string names = router.fabric().nodes()[router.fabric().gpus()[from]].name;
  for (const auto link : path(router, from, to, channel))
    names += " " + router.fabric().nodes()[router.fabric().links()[link].to].name;
  return names;
}

/// GPUs between the ends of a path that is one; more than any where it is none.
inline int gpus_between(const Fabric& fabric, std::uint32_t from, std::uint32_t to,
                        std::span<const std::uint32_t> links) {
  constexpr int kBroken = 1 << 20;
  std::uint32_t at = fabric.gpus()[from];
  int gpus = -1;
  for (const auto link : links) {
    if (fabric.links()[link].from != at) return kBroken;
    at = fabric.links()[link].to;
    gpus += fabric.nodes()[at].kind == NodeKind::gpu;
  }
  return at == fabric.gpus()[to] ? gpus : kBroken;
}

/// Messages over each link when every GPU sends one to every other.
inline std::vector<int> all_to_all(const Router& router) {
  std::vector<int> load(router.fabric().links().size());
  const auto gpus = static_cast<std::uint32_t>(router.fabric().gpus().size());
  for (std::uint32_t from = 0; from < gpus; ++from) {
    for (std::uint32_t to = 0; to < gpus; ++to) {
      if (from == to) continue;
      for (const auto link : path(router, from, to)) ++load[link];
    }
  }
  return load;
}

/// The loads of links between two kinds of nodes.
inline std::set<int> loads(const Router& router, NodeKind from, NodeKind to) {
  const auto load = all_to_all(router);
  std::set<int> found;
  for (std::size_t i = 0; i < load.size(); ++i) {
    const auto& link = router.fabric().links()[i];
    const auto nodes = router.fabric().nodes();
    if (nodes[link.from].kind == from && nodes[link.to].kind == to) found.insert(load[i]);
  }
  return found;
}

/// `leaves` leaves with `hosts` GPUs each and no NICs, below `spines` spines.
inline FabricGraph bare_tree(int leaves, int hosts, int spines) {
  FabricGraph graph;
  for (int i = 0; i < leaves * hosts; ++i) add_node(graph, NodeKind::gpu, "gpu" + std::to_string(i), i);
  std::vector<std::uint32_t> tops;
  for (int i = 0; i < spines; ++i) tops.push_back(add_node(graph, NodeKind::spine, "spine" + std::to_string(i)));
  for (int l = 0; l < leaves; ++l) {
    const auto leaf = add_node(graph, NodeKind::leaf, "leaf" + std::to_string(l));
    for (int i = 0; i < hosts; ++i) add_cable(graph, static_cast<std::uint32_t>(l * hosts + i), leaf, 1);
    for (const auto top : tops) add_cable(graph, leaf, top, 1);
  }
  return graph;
}

/// All rows as sets of links.
inline std::set<Links> all_paths(const Router& router, std::uint32_t from, std::uint32_t to) {
  IndexRows paths;
  router.add_paths(from, to, 0, paths);
  std::set<Links> found;
  for (std::size_t i = 0; i < paths.size(); ++i) found.insert(Links(paths[i].begin(), paths[i].end()));
  EXPECT_EQ(found.size(), paths.size()) << "a path comes twice";
  return found;
}

}  // namespace ithaca::test
