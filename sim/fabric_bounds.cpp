#include "sim/fabric_bounds.hpp"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/push_relabel_max_flow.hpp>
#include <cmath>
#include <limits>
#include <map>

#include "sim/collective_bound.hpp"

namespace ithaca {
namespace {

using Capacity = std::int64_t;  // whole units, so that the flow is exact
using Vertex = std::uint32_t;

/// A network between a source, where the GPUs of one half are as one node, and a sink, where the others are. No GPU
/// passes anything on by that: a way through a GPU of the first half might as well begin there.
class HalvedNetwork {
 public:
  static constexpr Vertex kSource = 0, kSink = 1;

  /// `back`: from the second half to the first.
  HalvedNetwork(const Fabric& fabric, bool back) : ways_(fabric.nodes().size() + 2) {
    std::vector<Vertex> vertex(fabric.nodes().size());
    for (Vertex v = 0; v < vertex.size(); ++v) vertex[v] = v + 2;
    const std::size_t gpus = fabric.gpus().size();
    for (std::size_t i = 0; i < gpus; ++i) vertex[fabric.gpus()[i]] = (i < gpus / 2) == back ? kSink : kSource;
    double total = 0;
    for (const auto& link : fabric.links()) total += link.capacity.value();
    unit_ = std::ldexp(1, std::ilogb(total) - 60);
    for (const auto& link : fabric.links())
      add(vertex[link.from], vertex[link.to], static_cast<Capacity>(link.capacity.value() / unit_));
    for (Vertex v = 2; v < ways_.size(); ++v) shorten(v);
  }

  BytesPerSecond rate(Capacity capacity) const { return BytesPerSecond{static_cast<double>(capacity) * unit_}; }
  /// By ends.
  const std::map<Vertex, Capacity>& out_of(Vertex v) const { return ways_[v].out; }
  std::size_t size() const { return ways_.size(); }

 private:
  struct Ways {
    std::map<Vertex, Capacity> out;
    std::map<Vertex, int> near;  ///< neighbours either way
  };

  void add(Vertex from, Vertex to, Capacity capacity) {
    if (from == to || to == kSource || from == kSink) return;
    ways_[from].out[to] += capacity;
    ways_[from].near[to] = ways_[to].near[from] = 1;
  }
  Capacity between(Vertex from, Vertex to) const {
    const auto found = ways_[from].out.find(to);
    return found == ways_[from].out.end() ? 0 : found->second;
  }

  /// Takes out a node between an end and one neighbour, as NICs are, and what then stands between these.
  void shorten(Vertex v) {
    while (v > kSink && ways_[v].near.size() <= 2) {
      const auto near = ways_[v].near;
      if (near.empty()) return;
      const Vertex a = near.begin()->first, b = near.rbegin()->first;
      if (near.size() == 2 && a > kSink) return;
      if (near.size() == 2) {
        const Vertex from = a == kSink ? b : a, to = a == kSink ? a : b;
        add(from, to, std::min(between(from, v), between(v, to)));
      }
      for (const auto& [other, _] : near) {
        ways_[other].out.erase(v);
        ways_[other].near.erase(v);
      }
      ways_[v] = {};
      v = b;
    }
  }

  std::vector<Ways> ways_;
  double unit_ = 1;  ///< bytes a second; 2^60 of them are about the sum of all capacities
};

using Traits = boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::directedS>;
using FlowGraph = boost::adjacency_list<
    boost::vecS, boost::vecS, boost::directedS, boost::no_property,
    boost::property<boost::edge_capacity_t, Capacity,
                    boost::property<boost::edge_residual_capacity_t, Capacity,
                                    boost::property<boost::edge_reverse_t, Traits::edge_descriptor>>>>;

BytesPerSecond flow(const HalvedNetwork& network) {
  FlowGraph graph(network.size());
  for (Vertex from = 0; from < network.size(); ++from) {
    for (const auto& [to, capacity] : network.out_of(from)) {
      const auto forward = boost::add_edge(from, to, graph).first, backward = boost::add_edge(to, from, graph).first;
      boost::put(boost::edge_capacity, graph, forward, capacity);
      boost::put(boost::edge_capacity, graph, backward, 0);
      boost::put(boost::edge_reverse, graph, forward, backward);
      boost::put(boost::edge_reverse, graph, backward, forward);
    }
  }
  return network.rate(boost::push_relabel_max_flow(graph, HalvedNetwork::kSource, HalvedNetwork::kSink));
}

/// Across the border of a GPU or a server.
struct Border {
  BytesPerSecond out{}, in{};
};

BytesPerSecond least(const std::map<std::int64_t, Border>& borders) {
  BytesPerSecond least{std::numeric_limits<double>::infinity()};
  for (const auto& [_, border] : borders) least = min(least, min(border.out, border.in));
  return least;
}

}  // namespace

FabricBounds fabric_bounds(const Fabric& fabric) {
  std::map<std::int64_t, Border> ports, servers;
  for (const std::uint32_t gpu : fabric.gpus()) {
    ports[gpu];
    if (fabric.nodes()[gpu].host >= 0) servers[fabric.nodes()[gpu].host];
  }
  for (const auto& link : fabric.links()) {
    const auto cross = [&](std::map<std::int64_t, Border>& borders, std::int64_t from, std::int64_t to) {
      if (from == to) return;
      if (const auto found = borders.find(from); found != borders.end()) found->second.out += link.capacity;
      if (const auto found = borders.find(to); found != borders.end()) found->second.in += link.capacity;
    };
    cross(ports, link.from, link.to);
    cross(servers, fabric.nodes()[link.from].host, fabric.nodes()[link.to].host);
  }
  FabricBounds bounds;
  bounds.port = least(ports);
  if (!servers.empty()) bounds.injection = least(servers);
  if (fabric.gpus().size() > 1)
    bounds.bisection = min(flow(HalvedNetwork(fabric, false)), flow(HalvedNetwork(fabric, true)));
  return bounds;
}

Seconds all_to_all_bound(const Fabric& fabric, const FabricBounds& bounds, Bytes pair) {
  const auto gpus = static_cast<double>(fabric.gpus().size());
  if (gpus < 2) return {};
  const double half = std::floor(gpus / 2);
  const auto ranks = static_cast<int>(gpus);
  const Seconds borders = collective_bound(fabric, Op::all_to_all, {ranks, 1}, ranks, pair * gpus, false);
  return max(borders, pair * (half * (gpus - half)) / bounds.bisection);
}

}  // namespace ithaca
