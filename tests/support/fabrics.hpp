#pragma once
// What a test asks of a fabric: how many nodes of a kind, how much capacity between two kinds, who reaches whom.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <queue>
#include <tuple>
#include <vector>

#include "sim/fabric.hpp"

namespace ithaca::test {

inline FabricSpec fabric_of(FabricKind kind) {
  FabricSpec spec;
  spec.kind = kind;
  return spec;
}

/// The fabric, which the test expects to be there.
inline Fabric built(const Cluster& cluster, const FabricSpec& spec, int gpus) {
  auto fabric = build_fabric(cluster, spec, gpus);
  if (fabric) return std::move(fabric).value();
  ADD_FAILURE() << fabric.error();
  FabricGraph lone;
  lone.nodes.push_back({"gpu0", NodeKind::gpu, 0});
  return Fabric::make(lone).value();
}

/// Why it is refused; empty where it is not.
inline std::string refusal(const Cluster& cluster, const FabricSpec& spec, int gpus) {
  const auto fabric = build_fabric(cluster, spec, gpus);
  return fabric ? "" : fabric.error();
}

inline int count(const Fabric& fabric, NodeKind kind) {
  return static_cast<int>(
      std::count_if(fabric.nodes().begin(), fabric.nodes().end(), [&](const auto& n) { return n.kind == kind; }));
}

inline int count(const Fabric& fabric, NodeKind from, NodeKind to) {
  return static_cast<int>(std::count_if(fabric.links().begin(), fabric.links().end(), [&](const auto& l) {
    return fabric.nodes()[l.from].kind == from && fabric.nodes()[l.to].kind == to;
  }));
}

/// Of all links from nodes of one kind to nodes of another, in GB/s.
inline double capacity(const Fabric& fabric, NodeKind from, NodeKind to) {
  double sum = 0;
  for (const auto& l : fabric.links()) {
    if (fabric.nodes()[l.from].kind == from && fabric.nodes()[l.to].kind == to) sum += l.capacity.value() / 1e9;
  }
  return sum;
}

/// Of the links from one node to nodes of a kind, in GB/s.
inline double capacity(const Fabric& fabric, std::uint32_t from, NodeKind to) {
  double sum = 0;
  for (const auto link : fabric.leaving(from)) {
    const auto& l = fabric.links()[link];
    if (fabric.nodes()[l.to].kind == to) sum += l.capacity.value() / 1e9;
  }
  return sum;
}

/// Capacity of a link by its name, in GB/s; 0 where there is none.
inline double capacity(const Fabric& fabric, std::string_view link) {
  const auto found = fabric.find_link(link);
  return found ? fabric.links()[*found].capacity.value() / 1e9 : 0;
}

/// Links there and back again: as many, as fast, as late.
inline bool links_are_cables(const Fabric& fabric) {
  std::vector<std::tuple<std::uint32_t, std::uint32_t, double, double>> there, back;
  for (const auto& l : fabric.links()) {
    there.emplace_back(l.from, l.to, l.capacity.value(), l.latency.value());
    back.emplace_back(l.to, l.from, l.capacity.value(), l.latency.value());
  }
  std::sort(there.begin(), there.end());
  std::sort(back.begin(), back.end());
  return there == back;
}

inline constexpr int kUnreached = -1;

/// Links on the cheapest way to each GPU, by rank; GPUs pass nothing on.
inline std::vector<int> hops(const Fabric& fabric, std::uint32_t rank) {
  struct Way {
    int cost, links;
    std::uint32_t node;
    bool operator>(const Way& other) const { return cost > other.cost; }
  };
  std::vector<int> links(fabric.nodes().size(), kUnreached);
  std::priority_queue<Way, std::vector<Way>, std::greater<>> open;
  open.push({0, 0, fabric.gpus()[rank]});
  while (!open.empty()) {
    const Way way = open.top();
    open.pop();
    if (links[way.node] != kUnreached) continue;
    links[way.node] = way.links;
    if (way.links > 0 && fabric.nodes()[way.node].kind == NodeKind::gpu) continue;
    for (const auto link : fabric.leaving(way.node))
      open.push({way.cost + fabric.links()[link].cost, way.links + 1, fabric.links()[link].to});
  }
  std::vector<int> result;
  for (const auto gpu : fabric.gpus()) result.push_back(links[gpu]);
  return result;
}

inline bool every_gpu_reaches_every_gpu(const Fabric& fabric) {
  for (std::uint32_t rank = 0; rank < fabric.gpus().size(); ++rank) {
    const auto far = hops(fabric, rank);
    if (std::find(far.begin(), far.end(), kUnreached) != far.end()) return false;
  }
  return true;
}

}  // namespace ithaca::test
