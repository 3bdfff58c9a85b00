#include "cli/fabric_dot.hpp"

#include <fmt/format.h>

#include <map>

#include "cli/fabric_cables.hpp"
#include "configs/reader/excerpt.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

std::string dot_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : printable(text)) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

std::string_view shape(NodeKind kind) {
  if (kind == NodeKind::gpu) return "box";
  if (kind == NodeKind::nic) return "invhouse";
  return "ellipse";
}

std::string node_line(const FabricGraph::Node& node) {
  return fmt::format("{} [shape={}];\n", dot_string(node.name), shape(node.kind));
}

/// How many and how fast: "2 x 50.0 GB/s".
std::string rate(const Cable& cable) {
  const int count = std::max(cable.there, cable.back);
  return (count > 1 ? fmt::format("{} x ", count) : "") + print(cable.capacity);
}

}  // namespace

std::string write_dot(const FabricGraph& graph) {
  std::string text = "digraph fabric {\n  rankdir=BT;\n  edge [dir=none];\n";
  std::map<std::int32_t, std::string> hosts;
  for (const FabricGraph::Node& node : graph.nodes) {
    if (node.host >= 0) hosts[node.host] += "    " + node_line(node);
    if (node.host < 0) text += "  " + node_line(node);
  }
  for (const auto& [host, nodes] : hosts)
    text += fmt::format("  subgraph cluster_{0} {{\n    label=\"server {0}\";\n{1}  }}\n", host, nodes);
  for (const Cable& cable : cables_of(graph)) {
    const bool one_way = cable.there != cable.back;
    text += fmt::format("  {} -> {} [label=\"{}\"{}];\n", dot_string(graph.nodes[cable.a].name),
                        dot_string(graph.nodes[cable.b].name), rate(cable), one_way ? ", dir=forward" : "");
  }
  return text + "}\n";
}

}  // namespace ithaca
