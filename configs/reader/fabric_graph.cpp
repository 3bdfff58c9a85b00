#include "configs/reader/fabric_graph.hpp"

#include <map>

#include "configs/reader/nearest.hpp"

namespace ithaca {
namespace {

constexpr std::int64_t kMostHosts = 1 << 24;

Parsed<std::int64_t> parse_host(std::string_view text) {
  auto host = parse_count(text);
  if (host && *host >= kMostHosts) return UnitError{"'" + std::string(text) + "' is too large", "count hosts from 0"};
  return host;
}

Parsed<NodeKind> parse_node_kind(std::string_view text) {
  std::vector<std::string> names;
  std::string all;
  for (int i = 0; i <= static_cast<int>(NodeKind::router); ++i) {
    const auto kind = static_cast<NodeKind>(i);
    if (name(kind) == text) return kind;
    names.emplace_back(name(kind));
    all += (all.empty() ? "" : ", ") + names.back();
  }
  const auto near = nearest(text, names);
  return UnitError{"'" + std::string(text) + "' is no kind of node" + (near ? ", did you mean '" + *near + "'?" : ""),
                   "write one of " + all};
}

class GraphReader {
 public:
  GraphReader(const Document& document, Diagnostics& diagnostics) : document_(document), diagnostics_(diagnostics) {}

  FabricGraph read(Fields& fields) {
    const Node* nodes = fields.sequence("nodes");
    for_each_map(document_, nodes, "node", diagnostics_, [&](Fields& node) { read_node(node); });
    for_each_map(document_, fields.sequence("links"), "link", diagnostics_, [&](Fields& link) { read_link(link); });
    if (nodes != nullptr && !has_gpu_)
      fields.problem(*nodes, "no GPU among the nodes", "", "add nodes with 'kind: gpu': they are the ranks, in order");
    return std::move(graph_);
  }

 private:
  void read_node(Fields& fields) {
    FabricGraph::Node node;
    const Node* at = fields.needed_node("name");
    node.name = at == nullptr ? "" : fields.text("name");
    node.kind = fields.need("kind", parse_node_kind);
    node.host = static_cast<std::int32_t>(fields.maybe("host", parse_host).value_or(-1));
    has_gpu_ = has_gpu_ || node.kind == NodeKind::gpu;
    if (at != nullptr) {
      const auto [earlier, is_new] = indices_.emplace(node.name, Known{graph_.nodes.size(), at});
      if (!is_new)
        fields.conflict(*at, *earlier->second.at, "node '" + node.name + "' is there twice", "give each its own name");
    }
    graph_.nodes.push_back(std::move(node));
  }

  /// A guess takes a walk through all names.
  std::string guess(const std::string& word) const {
    constexpr std::size_t kMostNames = 4096, kMostGuesses = 10;
    if (diagnostics_.size() > kMostGuesses) return "";
    std::vector<std::string> names;
    for (std::size_t i = 0; i < graph_.nodes.size() && i < kMostNames; ++i) names.push_back(graph_.nodes[i].name);
    return suggestion(word, names);
  }

  std::optional<std::uint32_t> find(Fields& fields, std::string_view key) {
    const Node* at = fields.needed_node(key);
    if (at == nullptr) return std::nullopt;
    const auto found = indices_.find(at->text);
    if (found != indices_.end()) return static_cast<std::uint32_t>(found->second.index);
    fields.problem(*at, "there is no node '" + at->text + "'", guess(at->text), "name one of the nodes");
    return std::nullopt;
  }

  void read_link(Fields& fields) {
    const auto from = find(fields, "from"), to = find(fields, "to");
    FabricGraph::Link link;
    link.capacity = fields.need("capacity", parse_rate);
    link.latency = fields.maybe("latency", parse_seconds).value_or(Seconds{});
    const bool both_ways = fields.maybe("both_ways", parse_flag).value_or(true);
    if (!from || !to) return;
    if (*from == *to) {
      fields.problem(*fields.node("to"), "the link ends where it begins", "", "join two different nodes");
      return;
    }
    link.from = *from;
    link.to = *to;
    graph_.links.push_back(link);
    if (both_ways) graph_.links.push_back({*to, *from, link.capacity, link.latency});
  }

  struct Known {
    std::size_t index;
    const Node* at;
  };
  const Document& document_;
  Diagnostics& diagnostics_;
  FabricGraph graph_;
  std::map<std::string, Known, std::less<>> indices_;
  bool has_gpu_ = false;
};

}  // namespace

FabricGraph read_graph(const Document& document, Fields& fields, Diagnostics& diagnostics) {
  return GraphReader(document, diagnostics).read(fields);
}

}  // namespace ithaca
