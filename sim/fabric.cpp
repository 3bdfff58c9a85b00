#include "sim/fabric.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_set>

namespace ithaca {
namespace {

using Node = FabricGraph::Node;
using Link = FabricGraph::Link;

constexpr std::string_view kArrow = "->";

std::optional<std::string> check_nodes(const std::vector<Node>& nodes) {
  std::unordered_set<std::string_view> seen;
  seen.reserve(nodes.size());
  bool gpu = false;
  for (const Node& node : nodes) {
    if (node.name.empty()) return "a node has no name";
    if (node.name.find(kArrow) != std::string::npos || node.name.find('#') != std::string::npos)
      return "node '" + node.name + "': names have no '->' and no '#', which names of links are made of";
    if (!seen.insert(node.name).second) return "two nodes are called '" + node.name + "'";
    gpu = gpu || node.kind == NodeKind::gpu;
  }
  if (!gpu) return "the fabric has no GPU";
  return std::nullopt;
}

std::optional<std::string> check_link(const std::vector<Node>& nodes, const std::vector<Link>& links, std::size_t i) {
  const Link& link = links[i];
  if (link.from >= nodes.size() || link.to >= nodes.size())
    return "link " + std::to_string(i) + ": there is no node " + std::to_string(std::max(link.from, link.to));
  const auto called = [&] { return "link '" + nodes[link.from].name + "->" + nodes[link.to].name + "': "; };
  if (link.from == link.to) return called() + "it leads back to where it begins";
  if (!(link.capacity.value() > 0) || !std::isfinite(link.capacity.value()))
    return called() + "its capacity must be above zero and finite";
  if (!(link.latency.value() >= 0) || !std::isfinite(link.latency.value()))
    return called() + "its latency must be zero or more and finite";
  return std::nullopt;
}

/// The links of each node, told by one of their ends, in the order of the graph.
IndexRows rows_by(const FabricGraph& graph, std::uint32_t Link::*end) {
  IndexRows rows;
  rows.begin.assign(graph.nodes.size() + 1, 0);
  for (const Link& link : graph.links) ++rows.begin[link.*end + 1];
  for (std::size_t i = 1; i < rows.begin.size(); ++i) rows.begin[i] += rows.begin[i - 1];
  rows.items.resize(graph.links.size());
  std::vector<std::uint32_t> next(rows.begin.begin(), rows.begin.end() - 1);
  for (std::uint32_t i = 0; i < graph.links.size(); ++i) rows.items[next[graph.links[i].*end]++] = i;
  return rows;
}

/// "spine0#2" is "spine0" and 2; without a number 0.
std::optional<std::pair<std::string_view, std::uint32_t>> split_number(std::string_view text) {
  const std::size_t hash = text.rfind('#');
  if (hash == std::string_view::npos) return std::pair{text, 0u};
  const std::string_view digits = text.substr(hash + 1);
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size() || digits[0] == '0') return std::nullopt;
  return std::pair{text.substr(0, hash), number};
}

}  // namespace

Result<Fabric, std::string> Fabric::make(FabricGraph graph) {
  if (graph.nodes.size() >= 0xFFFFFFFF || graph.links.size() >= 0xFFFFFFFF)
    return std::string("the fabric has more than 2^32 nodes or links");
  if (auto wrong = check_nodes(graph.nodes)) return *wrong;
  for (std::size_t i = 0; i < graph.links.size(); ++i) {
    if (auto wrong = check_link(graph.nodes, graph.links, i)) return *wrong;
  }
  Fabric fabric;
  fabric.leaving_ = rows_by(graph, &Link::from);
  fabric.entering_ = rows_by(graph, &Link::to);
  for (std::uint32_t i = 0; i < graph.nodes.size(); ++i) {
    if (graph.nodes[i].kind == NodeKind::gpu) fabric.gpus_.push_back(i);
  }
  fabric.graph_ = std::move(graph);
  return fabric;
}

std::string Fabric::link_name(std::uint32_t link) const {
  const Link& wanted = graph_.links[link];
  std::uint32_t number = 0;
  for (const std::uint32_t other : leaving(wanted.from)) {
    if (other == link) break;
    if (graph_.links[other].to == wanted.to) ++number;
  }
  std::string text = graph_.nodes[wanted.from].name + "->" + graph_.nodes[wanted.to].name;
  return number == 0 ? text : text + '#' + std::to_string(number);
}

std::optional<std::uint32_t> Fabric::find_link(std::string_view name) const {
  const std::size_t arrow = name.find(kArrow);
  if (arrow == std::string_view::npos) return std::nullopt;
  const auto target = split_number(name.substr(arrow + kArrow.size()));
  if (!target) return std::nullopt;
  const auto from = find_node(name.substr(0, arrow)), to = find_node(target->first);
  if (!from || !to) return std::nullopt;
  std::uint32_t number = 0;
  for (const std::uint32_t link : leaving(*from)) {
    if (graph_.links[link].to == *to && number++ == target->second) return link;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> Fabric::find_node(std::string_view name) const {
  const auto found =
      std::find_if(graph_.nodes.begin(), graph_.nodes.end(), [&](const Node& n) { return n.name == name; });
  if (found == graph_.nodes.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - graph_.nodes.begin());
}

}  // namespace ithaca
