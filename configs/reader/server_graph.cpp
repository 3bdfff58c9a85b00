#include "configs/reader/server_graph.hpp"

#include <utility>

namespace ithaca {

std::uint32_t ServerGraph::add_node(NodeKind kind, int host) {
  auto& nodes = loaded_.graph.nodes;
  nodes.push_back({std::string(name(kind)) + std::to_string(counts_[kind]++), kind, host});
  return static_cast<std::uint32_t>(nodes.size() - 1);
}

void ServerGraph::add_link(std::uint32_t from, std::uint32_t to, BytesPerSecond rate, Wire wire) {
  auto& links = loaded_.graph.links;
  const auto [known, is_new] = links_.emplace(std::tuple{from, to, wire}, links.size());
  if (is_new) {
    links.push_back({from, to, rate, Seconds{}, static_cast<std::uint8_t>(wire == Wire::nvlink ? 1 : 2)});
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
