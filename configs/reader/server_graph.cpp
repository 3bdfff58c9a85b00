#include "configs/reader/server_graph.hpp"

#include <utility>

namespace ithaca {

std::uint32_t ServerGraph::add_node(NodeKind kind, int host, const std::string& called) {
  const std::string base = called.empty() ? std::string(name(kind)) : called;
  auto& nodes = loaded_.graph.nodes;
  nodes.push_back({base + std::to_string(counts_[base]++), kind, host});
  return static_cast<std::uint32_t>(nodes.size() - 1);
}

std::uint32_t ServerGraph::add_slot(std::uint32_t gpu, BytesPerSecond rate) {
  const std::uint32_t slot = add_node(NodeKind::pcie_switch, loaded_.graph.nodes[gpu].host, "slot");
  add_cable(gpu, slot, rate, Wire::pcie);
  return slot;
}

void ServerGraph::add_link(std::uint32_t from, std::uint32_t to, BytesPerSecond rate, Wire wire) {
  auto& links = loaded_.graph.links;
  const auto [known, is_new] = links_.emplace(std::tuple{from, to, wire}, links.size());
  if (is_new) {
    links.push_back({from, to, rate, Seconds{}});
  } else {
    links[known->second].capacity += rate;
  }
}

void ServerGraph::add_cable(std::uint32_t a, std::uint32_t b, BytesPerSecond rate, Wire wire) {
  add_link(a, b, rate, wire);
  add_link(b, a, rate, wire);
}

void ServerGraph::notice(std::string text) {
  if (said_.insert(text).second) loaded_.notices.push_back(std::move(text));
}

}  // namespace ithaca
