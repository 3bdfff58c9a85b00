#pragma once
// Small networks and programs for tests.

#include <string>
#include <utility>

#include "sim/program.hpp"
#include "sim/router.hpp"
#include "sim/run_program.hpp"

namespace ithaca::test {

/// A fabric and its router at addresses that stay.
struct Machine {
  Machine(FabricGraph graph, Routing routing, std::uint64_t seed = 1)
      : fabric(Fabric::make(std::move(graph)).value()), router(Router::make(fabric, routing, seed).value()) {}
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  Fabric fabric;
  Router router;
};

inline std::uint32_t add_node(FabricGraph& graph, NodeKind kind, const std::string& name, int host = -1) {
  graph.nodes.push_back({name, kind, host});
  return static_cast<std::uint32_t>(graph.nodes.size() - 1);
}

/// A link each way.
inline void add_cable(FabricGraph& graph, std::uint32_t a, std::uint32_t b, double capacity, double latency = 0) {
  graph.links.push_back({a, b, BytesPerSecond{capacity}, Seconds{latency}});
  graph.links.push_back({b, a, BytesPerSecond{capacity}, Seconds{latency}});
}

/// GPUs around one NVSwitch, 100 B/s a link; link 2 i leaves GPU i, link 2 i + 1 enters it.
inline FabricGraph star(int gpus, double latency = 0) {
  FabricGraph graph;
  for (int i = 0; i < gpus; ++i) add_node(graph, NodeKind::gpu, "gpu" + std::to_string(i), 0);
  const std::uint32_t hub = add_node(graph, NodeKind::nvswitch, "nvswitch0", 0);
  for (int i = 0; i < gpus; ++i) add_cable(graph, static_cast<std::uint32_t>(i), hub, 100, latency);
  return graph;
}

/// `leaves` leaves of `hosts` GPUs and a link from each leaf to each spine, 50 GB/s a link.
inline FabricGraph leaf_spine(int leaves, int hosts, int spines) {
  FabricGraph graph;
  for (int i = 0; i < leaves * hosts; ++i) add_node(graph, NodeKind::gpu, "gpu" + std::to_string(i), i);
  const auto first = static_cast<std::uint32_t>(graph.nodes.size()), last = first + static_cast<std::uint32_t>(leaves);
  for (int i = 0; i < leaves; ++i) add_node(graph, NodeKind::leaf, "leaf" + std::to_string(i));
  for (int i = 0; i < spines; ++i) add_node(graph, NodeKind::spine, "spine" + std::to_string(i));
  for (std::uint32_t gpu = 0; gpu < first; ++gpu)
    add_cable(graph, gpu, first + gpu / static_cast<std::uint32_t>(hosts), 50e9);
  for (std::uint32_t leaf = first; leaf < last; ++leaf) {
    for (std::uint32_t spine = last; spine < graph.nodes.size(); ++spine) add_cable(graph, leaf, spine, 50e9);
  }
  return graph;
}

inline Task compute(double seconds, std::uint8_t stream = 0, std::uint32_t load = Task::kEvenLoad) {
  return {.kind = Task::Kind::compute, .stream = stream, .duration = Seconds{seconds}, .load = load};
}
inline Task exchange(std::uint32_t index, std::uint8_t stream = 0) {
  return {.kind = Task::Kind::exchange, .stream = stream, .exchange = index};
}
inline Task barrier(std::uint8_t stream = 0) { return {.kind = Task::Kind::barrier, .stream = stream}; }

/// Two streams and one label; tasks come by add().
inline Program program(std::uint32_t ranks) {
  Program p;
  p.ranks = ranks;
  p.streams = {"compute", "comm"};
  p.labels = {"task"};
  return p;
}
inline void add(Program& p, const Task& task, const std::vector<std::uint32_t>& after = {}) {
  p.tasks.push_back(task);
  p.after.add(after);
}

/// Listed messages.
inline Exchange exchange_of(std::vector<Message> messages) {
  Exchange e;
  e.sends = [messages = std::move(messages)](std::uint32_t rank, std::vector<Message>& out) {
    for (const Message& m : messages) {
      if (m.from == rank) out.push_back(m);
    }
  };
  return e;
}

/// All-to-all in groups of `size` ranks that are `stride` apart.
inline Exchange all_to_all(std::uint32_t size, std::uint32_t stride, double bytes) {
  Exchange e;
  e.sends = [=](std::uint32_t rank, std::vector<Message>& out) {
    const std::uint32_t member = rank / stride % size, first = rank - member * stride;
    for (std::uint32_t i = 1; i < size; ++i) out.push_back({rank, first + (member + i) % size * stride, Bytes{bytes}});
  };
  e.likeness = {size, stride, Likeness::Members::alike};
  return e;
}

/// Every rank of a group to the member `by` places on.
inline Exchange shift(std::uint32_t size, std::uint32_t stride, std::uint32_t by, double bytes) {
  Exchange e;
  e.sends = [=](std::uint32_t rank, std::vector<Message>& out) {
    const std::uint32_t member = rank / stride % size, first = rank - member * stride;
    out.push_back({rank, first + (member + by) % size * stride, Bytes{bytes}});
  };
  e.likeness = {size, stride, Likeness::Members::circle};
  return e;
}

/// The same, and nobody begins before all of its group have come.
inline Exchange together(std::uint32_t size, std::uint32_t stride, Exchange e) {
  e.together = [=](std::uint32_t rank) { return rank - rank / stride % size * stride; };
  return e;
}

}  // namespace ithaca::test
