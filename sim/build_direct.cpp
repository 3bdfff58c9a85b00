#include <algorithm>
#include <cmath>

#include "sim/build_parts.hpp"

namespace ithaca {
namespace {

BytesPerSecond link_rate(const Cluster& cluster, const FabricSpec& spec, int links_of_a_gpu) {
  return spec.link_rate > BytesPerSecond{} ? spec.link_rate : cluster.port_peak / links_of_a_gpu;
}

std::vector<int> dimensions(const FabricSpec& spec, int gpus) {
  if (spec.kind == FabricKind::ring) return {gpus};
  if (!spec.dimensions.empty()) return {spec.dimensions.begin(), spec.dimensions.end()};
  int x = static_cast<int>(std::sqrt(gpus));
  while (gpus % x != 0) --x;
  return {gpus / x, x};
}

std::optional<std::string> check(const std::vector<int>& dims, int gpus) {
  double product = 1;
  std::string text;
  for (const int d : dims) {
    product *= d;
    text += (text.empty() ? "" : "x") + std::to_string(d);
  }
  if (product == gpus) return std::nullopt;
  return "a torus of " + text + " has " + std::to_string(static_cast<long long>(product)) + " places, not " +
         std::to_string(gpus) + ": give dimensions whose product is the number of GPUs";
}

}  // namespace

/// Ring, 2-D and 3-D torus. GPUs pass nothing on, so each has a router that does. The first dimension runs fastest.
GraphOrReason torus_graph(const Cluster& cluster, const FabricSpec& spec, int gpus) {
  const std::vector<int> dims = dimensions(spec, gpus);
  if (auto reason = check(dims, gpus)) return *reason;
  int degree = 0;
  for (const int d : dims) degree += std::min(d - 1, 2);
  FabricGraph graph;
  add_nodes(graph, "gpu", NodeKind::gpu, gpus);
  for (int g = 0; g < gpus; ++g) graph.nodes[static_cast<std::size_t>(g)].host = g / server_gpus(cluster);
  if (gpus == 1) return graph;
  const BytesPerSecond rate = link_rate(cluster, spec, degree);
  const auto routers = add_nodes(graph, "router", NodeKind::router, gpus);
  for (std::uint32_t gpu = 0; gpu < routers; ++gpu) add_cable(graph, gpu, routers + gpu, rate * degree);
  int stride = 1;
  std::uint8_t order = 0;
  for (const int d : dims) {
    for (int g = 0; g < gpus; ++g) {
      const int here = g / stride % d;
      if (d == 1 || (d == 2 && here == 1)) continue;  // two have one cable, not one each way round
      const int next = g + ((here + 1) % d - here) * stride;
      add_cable(graph, routers + static_cast<std::uint32_t>(g), routers + static_cast<std::uint32_t>(next), rate,
                spec.link_latency);
      // Dimension by dimension; half way round a ring, from even places forth and from odd ones back.
      graph.links[graph.links.size() - 2].order = static_cast<std::uint8_t>(order + here % 2);
      graph.links.back().order = static_cast<std::uint8_t>(order + 1 - (here + 1) % d % 2);
    }
    stride *= d;
    order += 2;
  }
  return graph;
}

/// One box: every GPU has a link to each other.
GraphOrReason full_mesh_graph(const Cluster& cluster, const FabricSpec& spec, int gpus) {
  if (auto reason = too_many(0.5 * gpus * (gpus - 1.0))) return *reason;
  FabricGraph graph;
  add_nodes(graph, "gpu", NodeKind::gpu, gpus, 0);
  if (gpus == 1) return graph;
  const BytesPerSecond rate = link_rate(cluster, spec, gpus - 1);
  for (int a = 0; a < gpus; ++a) {
    for (int b = a + 1; b < gpus; ++b)
      add_cable(graph, static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(b), rate, spec.link_latency);
  }
  return graph;
}

}  // namespace ithaca
