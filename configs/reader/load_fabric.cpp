#include "configs/reader/load_fabric.hpp"

#include <algorithm>
#include <filesystem>

#include "configs/reader/catalogue.hpp"
#include "configs/reader/graphml.hpp"
#include "configs/reader/nccl_topology.hpp"
#include "configs/reader/nearest.hpp"
#include "configs/reader/profile_figures.hpp"
#include "configs/reader/topo_matrix.hpp"

namespace ithaca {
namespace {

using Kinds = unsigned;
constexpr Kinds bit(FabricKind kind) { return 1u << static_cast<unsigned>(kind); }
constexpr Kinds kRails = bit(FabricKind::rail_optimised) | bit(FabricKind::rail_only);
constexpr Kinds kTree = bit(FabricKind::fat_tree), kDragonfly = bit(FabricKind::dragonfly);
constexpr Kinds kPcieTree = bit(FabricKind::pcie_tree), kCustom = bit(FabricKind::custom);

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(FabricKind::custom); ++i) names.emplace_back(name(static_cast<FabricKind>(i)));
  return names;
}
std::vector<std::string> routing_names() {
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(Routing::pxn); ++i) names.emplace_back(name(static_cast<Routing>(i)));
  return names;
}

Parsed<int> parse_tiers(std::string_view text) {
  if (text == "2") return 2;
  if (text == "3") return 3;
  return UnitError{"'" + std::string(text) + "' tiers are not built here", "write 2 (leaf, spine) or 3 (with cores)"};
}

Parsed<double> parse_ratio(std::string_view text) {
  auto number = parse_number(text);
  if (number && !(*number > 0)) return UnitError{"'" + std::string(text) + "' is not above zero", "write 2 for 2:1"};
  if (!number) return UnitError{number.error().what, "write 2 for 2:1"};
  return number;
}

class SpecReader {
 public:
  SpecReader(const Document& document, Fields& fields, const Cluster* cluster, Diagnostics& diagnostics)
      : document_(document), fields_(fields), cluster_(cluster), diagnostics_(diagnostics) {}

  LoadedFabric read() {
    loaded_.file = document_.file;
    const std::size_t before = diagnostics_.size();
    spec_.kind = static_cast<FabricKind>(choose(fields_, "kind", kind_names()));
    known_kind_ = diagnostics_.size() == before;
    if (fields_.has("routing")) spec_.routing = static_cast<Routing>(choose(fields_, "routing", routing_names()));
    read_counts();
    const Kinds built = ~kCustom;
    if (takes("oversubscription", kTree | kRails | kDragonfly))
      spec_.oversubscription = fields_.need("oversubscription", parse_ratio);
    if (takes("link_rate", built)) spec_.link_rate = fields_.need("link_rate", parse_rate);
    if (takes("link_latency", built)) spec_.link_latency = fields_.need("link_latency", parse_seconds);
    if (takes("socket_rate", kPcieTree)) spec_.socket_rate = fields_.need("socket_rate", parse_rate);
    if (takes("dimensions", bit(FabricKind::torus))) read_dimensions();
    read_custom();
    return std::move(loaded_);
  }

 private:
  /// Whether the key is there and belongs to the kind; complains of one that belongs to others.
  bool takes(std::string_view key, Kinds kinds) {
    const Node* value = fields_.node(key);
    if (value == nullptr) return false;
    if ((kinds & bit(spec_.kind)) != 0) return true;
    if (!known_kind_) return false;
    std::string owners;
    for (int i = 0; i <= static_cast<int>(FabricKind::custom); ++i) {
      const auto kind = static_cast<FabricKind>(i);
      if ((kinds & bit(kind)) != 0) owners += (owners.empty() ? "" : ", ") + std::string(name(kind));
    }
    fields_.problem(*value, "'" + std::string(key) + "' does not belong to kind " + std::string(name(spec_.kind)),
                    "it is for " + owners, "leave it out, or change the kind");
    return false;
  }

  void read_counts() {
    if (takes("tiers", kTree)) spec_.tiers = fields_.need("tiers", parse_tiers);
    struct Count {
      const char* key;
      Kinds kinds;
      int FabricSpec::*member;
    };
    constexpr Count kCounts[] = {
        {"leaf_hosts", kTree | kRails, &FabricSpec::leaf_hosts},
        {"pod_leaves", kTree, &FabricSpec::pod_leaves},
        {"spines", kTree | kRails, &FabricSpec::spines},
        {"groups", kDragonfly, &FabricSpec::groups},
        {"group_routers", kDragonfly, &FabricSpec::group_routers},
        {"router_hosts", kDragonfly, &FabricSpec::router_hosts},
        {"global_links", kDragonfly, &FabricSpec::global_links},
        {"sockets", kPcieTree, &FabricSpec::sockets},
        {"socket_switches", kPcieTree, &FabricSpec::socket_switches},
    };
    for (const Count& count : kCounts) {
      if (takes(count.key, count.kinds)) spec_.*count.member = static_cast<int>(fields_.need(count.key, parse_devices));
    }
    const Node* pod = fields_.node("pod_leaves");
    if (pod != nullptr && spec_.kind == FabricKind::fat_tree && spec_.tiers == 2)
      fields_.problem(*pod, "a fat tree of 2 tiers has no pods", "", "add 'tiers: 3', or leave it out");
  }

  void read_dimensions() {
    const Node* list = fields_.sequence("dimensions");
    if (list == nullptr) return;
    if (list->items.size() != 2 && list->items.size() != 3)
      return fields_.problem(*list, "a torus has 2 or 3 dimensions", "", "write [X, Y] or [X, Y, Z]");
    for (const Node& item : list->items) {
      const auto size = parse_devices(item.text);
      if (size && !item.quoted) {
        spec_.dimensions.push_back(static_cast<int>(*size));
      } else {
        fields_.problem(item, size ? "'dimensions' holds text" : size.error().what, "",
                        "write a whole number of 1 or more");
      }
    }
  }

  void read_custom() {
    const bool has_nodes = takes("nodes", kCustom), has_links = takes("links", kCustom),
               has_file = takes("file", kCustom);
    if (!known_kind_ || spec_.kind != FabricKind::custom) return;
    if (has_file && (has_nodes || has_links))
      return fields_.problem(*fields_.node("file"), "a graph stands both here and in a file", "",
                             "keep 'file', or 'nodes' and 'links'");
    if (!has_file) {
      spec_.graph = read_graph(document_, fields_, diagnostics_);
      return;
    }
    const std::string path = fields_.text("file");
    if (path.empty()) return;
    const bool relative = std::filesystem::path(path).is_relative();
    read_file(relative ? (std::filesystem::path(document_.file).parent_path() / path).string() : path);
  }

  void read_file(const std::string& path);

  const Document& document_;
  Fields& fields_;
  const Cluster* cluster_;
  Diagnostics& diagnostics_;
  bool known_kind_ = false;
  LoadedFabric loaded_;
  FabricSpec& spec_ = loaded_.spec;
};

Result<LoadedGraph, Diagnostics> read_xml(const TextFile& file) {
  const auto document = parse_xml(file.file, file.text);
  if (!document) return document.error();
  const Node& root = document->root.name;
  if (root.text == "graphml") return read_graphml(*document);
  if (root.text == "system") return read_nccl_topology(*document);
  return Diagnostics{{document->source.place(root), "<" + root.text + "> is no network that is read here", "",
                      "give <graphml>, or an NCCL topology: <system>", std::nullopt}};
}

bool is_xml(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  return begin != std::string_view::npos && text[begin] == '<';
}

/// A graph in a format of its own; none where the text is something else.
std::optional<Result<LoadedGraph, Diagnostics>> read_foreign(const TextFile& file, const Cluster* cluster) {
  if (is_xml(file.text)) return read_xml(file);
  if (is_topo_matrix(file.text)) return read_topo_matrix(file.file, file.text, cluster);
  return std::nullopt;
}

void SpecReader::read_file(const std::string& path) {
  const auto text = read_text(path);
  if (!text) {
    diagnostics_.insert(diagnostics_.end(), text.error().begin(), text.error().end());
    return;
  }
  auto graph = read_foreign(*text, cluster_);
  if (!graph)
    return fields_.problem(*fields_.node("file"), "this file holds no graph that is read here", "",
                           "give GraphML, an NCCL topology or a topo -m matrix");
  if (!*graph) {
    diagnostics_.insert(diagnostics_.end(), graph->error().begin(), graph->error().end());
    return;
  }
  spec_.graph = graph->value().graph;
  loaded_.notices = graph->value().notices;
}

Result<LoadedFabric, Diagnostics> read_map(const Document& document, bool is_file, const Cluster* cluster) {
  Diagnostics diagnostics;
  Fields fields(document, document.root, "fabric", diagnostics);
  if (is_file) {
    check_schema(fields, "fabric");
    fields.text_or("description", "");
  }
  LoadedFabric loaded = read_fabric(document, fields, cluster, diagnostics);
  fields.finish();
  if (!diagnostics.empty()) return diagnostics;
  return loaded;
}

Result<LoadedFabric, Diagnostics> load_file(const std::string& path, const Cluster* cluster) {
  const auto text = read_text(path);
  if (!text) return text.error();
  if (auto graph = read_foreign(*text, cluster)) {
    if (!*graph) return graph->error();
    LoadedFabric loaded;
    loaded.spec.kind = FabricKind::custom;
    loaded.spec.graph = std::move(graph->value().graph);
    loaded.file = text->file;
    loaded.notices = std::move(graph->value().notices);
    return loaded;
  }
  const auto document = parse_document(text->file, text->text);
  if (!document) return document.error();
  return read_map(*document, true, cluster);
}

bool is_file(std::string_view text) {
  const std::filesystem::path path(text);
  std::error_code error;
  return text == "-" || text.find('/') != std::string_view::npos || path.has_extension() ||
         std::filesystem::is_regular_file(path, error);
}

}  // namespace

LoadedFabric read_fabric(const Document& document, Fields& fields, const Cluster* cluster, Diagnostics& diagnostics) {
  return SpecReader(document, fields, cluster, diagnostics).read();
}

Result<LoadedFabric, Diagnostics> load_fabric(std::string_view text, const Cluster* cluster) {
  const std::vector<std::string> kinds = kind_names();
  const auto kind = std::find(kinds.begin(), kinds.end(), text);
  if (kind != kinds.end() && *kind != name(FabricKind::custom)) {
    LoadedFabric loaded;
    loaded.spec.kind = static_cast<FabricKind>(kind - kinds.begin());
    return loaded;
  }
  if (text.starts_with('{')) {
    const auto document = parse_document("--fabric", std::string(text));
    if (!document) return document.error();
    return read_map(*document, false, cluster);
  }
  if (kind == kinds.end() && is_file(text)) return load_file(std::string(text), cluster);
  const Place where{"--fabric " + std::string(text), 0, 0, 1, ""};
  if (kind != kinds.end())
    return Diagnostics{{where, "a custom fabric needs its graph", "", "give the file with its nodes and links", {}}};
  std::string all;
  for (const std::string& one : kinds) all += one + ", ";
  return Diagnostics{{where,
                      "there is no fabric '" + std::string(text) + "'",
                      suggestion(text, kinds),
                      "give one of " + all + "a map such as '{kind: fat_tree, oversubscription: 2}', or a file",
                      {}}};
}

}  // namespace ithaca
