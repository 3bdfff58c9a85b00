#include "configs/reader/graphml.hpp"

#include <algorithm>

namespace ithaca {
namespace {

/// Writes a GraphML document as the map that read_graph() reads, with the places of the original.
class GraphmlTranslator {
 public:
  GraphmlTranslator(const XmlDocument& document, Diagnostics& diagnostics)
      : document_(document), diagnostics_(diagnostics) {}

  Node translate() {
    Node map = document_.root.attributes, nodes = map, links = map;
    map.entries.clear();
    nodes.entries.clear();
    links.entries.clear();
    nodes.kind = links.kind = Node::Kind::sequence;
    for (const XmlElement& element : document_.root.children) {
      if (element.name.text == "key" && is_ours(element)) keys_.push_back(&element);
    }
    if (keys_.size() > kMostKeys) {
      problem(keys_[kMostKeys]->name, "more than 64 keys of the same attributes", "give each attribute one <key>");
      keys_.resize(kMostKeys);
    }
    for (const XmlElement& graph : document_.root.children) {
      if (graph.name.text != "graph") continue;
      for (const XmlElement& element : graph.children) {
        if (element.name.text == "node") nodes.items.push_back(translate_node(element));
        if (element.name.text == "edge") links.items.push_back(translate_edge(graph, element));
        if (element.name.text == "hyperedge")
          problem(element.name, "hyperedges are not read here", "join pairs of nodes with <edge>");
      }
    }
    map.entries.push_back({entry("nodes", map), std::move(nodes)});
    map.entries.push_back({entry("links", map), std::move(links)});
    return map;
  }

 private:
  static constexpr std::size_t kMostKeys = 64;

  static bool is_ours(const XmlElement& key) {
    const Node* name = key.attribute("attr.name");
    constexpr std::string_view kOurs[] = {"kind", "host", "capacity", "latency"};
    return name != nullptr && std::find(std::begin(kOurs), std::end(kOurs), name->text) != std::end(kOurs);
  }
  static Node entry(std::string text, const Node& at) {
    Node node = at;
    node.kind = Node::Kind::scalar;
    node.text = std::move(text);
    node.entries.clear();
    return node;
  }
  void problem(const Node& at, std::string what, std::string next) {
    if (diagnostics_.size() < 20)
      diagnostics_.push_back({document_.source.place(at), std::move(what), "", std::move(next), std::nullopt});
  }

  static std::string trimmed(const std::string& text) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n"), end = text.find_last_not_of(" \t\r\n");
    return begin == std::string::npos ? "" : text.substr(begin, end - begin + 1);
  }

  /// The value of a <key>'s attribute on an element, or its default; a null node where it has neither.
  Node value_of(const XmlElement& element, const XmlElement& key) const {
    const Node* id = key.attribute("id");
    for (const XmlElement& data : element.children) {
      const Node* of = data.attribute("key");
      if (data.name.text == "data" && of != nullptr && id != nullptr && of->text == id->text)
        return entry(trimmed(data.text), data.name);
    }
    for (const XmlElement& child : key.children) {
      if (child.name.text == "default") return entry(trimmed(child.text), element.name);
    }
    return {};
  }

  /// Copies attributes that go by one of the names.
  void take(const XmlElement& element, const std::vector<std::string>& names, Node& map) const {
    for (const XmlElement* key : keys_) {
      const Node *name = key->attribute("attr.name"), *kind = key->attribute("for");
      if (std::find(names.begin(), names.end(), name->text) == names.end()) continue;
      if (kind != nullptr && kind->text != "all" && kind->text != element.name.text) continue;
      Node value = value_of(element, *key);
      if (value.kind == Node::Kind::scalar) map.entries.push_back({entry(name->text, value), std::move(value)});
    }
  }

  void rename(const XmlElement& element, const char* theirs, const char* ours, Node& map) const {
    const Node* value = element.attribute(theirs);
    if (value != nullptr) map.entries.push_back({entry(ours, *value), *value});
  }

  Node translate_node(const XmlElement& element) const {
    Node map = element.attributes;
    map.entries.clear();
    rename(element, "id", "name", map);
    take(element, {"kind", "host"}, map);
    return map;
  }

  Node translate_edge(const XmlElement& graph, const XmlElement& element) const {
    Node map = element.attributes;
    map.entries.clear();
    rename(element, "source", "from", map);
    rename(element, "target", "to", map);
    take(element, {"capacity", "latency"}, map);
    const Node* of_all = graph.attribute("edgedefault");
    bool both_ways = of_all != nullptr && of_all->text == "undirected";
    if (const Node* own = element.attribute("directed")) both_ways = own->text == "false";
    map.entries.push_back({entry("both_ways", element.name), entry(both_ways ? "true" : "false", element.name)});
    return map;
  }

  const XmlDocument& document_;
  Diagnostics& diagnostics_;
  std::vector<const XmlElement*> keys_;
};

}  // namespace

Result<LoadedGraph, Diagnostics> read_graphml(const XmlDocument& document) {
  Diagnostics diagnostics;
  const Node map = GraphmlTranslator(document, diagnostics).translate();
  Fields fields(document.source, map, "graph", diagnostics);
  LoadedGraph loaded{read_graph(document.source, fields, diagnostics), {}};
  if (!diagnostics.empty()) return diagnostics;
  return loaded;
}

}  // namespace ithaca
