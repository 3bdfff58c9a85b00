#include "cli/fabric_picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace ithaca {
namespace {

constexpr double kCell = 34, kRow = 84, kLeft = 120, kTop = 70, kGap = 18, kPadding = 12, kWidest = 1340;
constexpr std::size_t kPerLine = 18, kPerTier = 16;

/// From top to bottom.
constexpr NodeKind kBetween[] = {NodeKind::core,     NodeKind::spine,       NodeKind::leaf, NodeKind::router,
                                 NodeKind::nvswitch, NodeKind::pcie_switch, NodeKind::cpu,  NodeKind::nic};
constexpr NodeKind kInside[] = {NodeKind::nic,    NodeKind::cpu,  NodeKind::pcie_switch, NodeKind::nvswitch,
                                NodeKind::router, NodeKind::leaf, NodeKind::gpu};

using Nodes = std::vector<std::uint32_t>;

struct Server {
  std::int32_t host = -1;
  std::map<NodeKind, Nodes> nodes;

  std::size_t widest() const {
    std::size_t most = 1;
    for (const auto& [kind, list] : nodes) most = std::max(most, std::min(kPerLine, list.size()));
    return most;
  }
  double width() const { return kCell * static_cast<double>(widest()) + 2 * kPadding; }
  /// Lines that a kind takes.
  std::size_t lines(NodeKind kind) const {
    const auto found = nodes.find(kind);
    return found == nodes.end() ? 0 : (found->second.size() + kPerLine - 1) / kPerLine;
  }
};

std::vector<Server> servers_of(const FabricGraph& graph) {
  std::vector<Server> servers;
  std::map<std::int32_t, std::size_t> known;
  for (std::uint32_t i = 0; i < graph.nodes.size(); ++i) {
    const FabricGraph::Node& node = graph.nodes[i];
    if (node.host < 0 && node.kind != NodeKind::gpu) continue;
    const bool alone = node.host < 0;
    const auto at = alone ? servers.size() : known.emplace(node.host, servers.size()).first->second;
    if (at == servers.size()) servers.push_back({node.host, {}});
    servers[at].nodes[node.kind].push_back(i);
  }
  return servers;
}

/// The first and the last items of a list, `most` in all.
template <class T>
std::vector<T> ends(const std::vector<T>& all, std::size_t most) {
  if (all.size() <= most) return all;
  std::vector<T> kept(all.begin(), all.begin() + static_cast<std::ptrdiff_t>((most + 1) / 2));
  kept.insert(kept.end(), all.end() - static_cast<std::ptrdiff_t>(most / 2), all.end());
  return kept;
}

class Arranger {
 public:
  explicit Arranger(const FabricGraph& graph) : graph_(graph) { picture_.spots.resize(graph.nodes.size()); }

  Picture arrange() {
    const std::vector<Server> all = servers_of(graph_);
    std::vector<Server> servers = ends(all, 2);
    for (std::size_t count = 3; count <= all.size(); ++count) {
      std::vector<Server> more = ends(all, count);
      if (total_width(more) > kWidest) break;
      servers = std::move(more);
    }
    picture_.servers = all.size();
    picture_.shown = servers.size();
    picture_.width = std::max(640.0, kLeft + total_width(servers) + kGap);
    for (const Server& server : servers) {
      for (const auto& [kind, nodes] : server.nodes) shown_.insert(shown_.end(), nodes.begin(), nodes.end());
    }
    y_ = kTop;
    add_tiers();
    add_servers(servers);
    return std::move(picture_);
  }

 private:
  static double total_width(const std::vector<Server>& servers) {
    double sum = 0;
    for (const Server& server : servers) sum += server.width() + kGap;
    return sum;
  }

  /// Nodes between servers that are joined to what is shown, tier by tier upwards.
  std::map<NodeKind, Nodes> reached() const {
    std::vector<char> marked(graph_.nodes.size(), 0);
    for (const std::uint32_t node : shown_) marked[node] = 1;
    std::map<NodeKind, Nodes> tiers;
    for (auto kind = std::rbegin(kBetween); kind != std::rend(kBetween); ++kind) {
      Nodes near;
      std::vector<char> next = marked;
      for (const FabricGraph::Link& link : graph_.links) {
        for (const auto& [from, to] : {std::pair{link.from, link.to}, std::pair{link.to, link.from}}) {
          const FabricGraph::Node& node = graph_.nodes[to];
          if (marked[from] == 0 || next[to] != 0 || node.kind != *kind || node.host >= 0) continue;
          next[to] = 1;
          near.push_back(to);
        }
      }
      std::sort(near.begin(), near.end());
      tiers[*kind] = ends(near, kPerTier);
      for (const std::uint32_t node : tiers[*kind]) marked[node] = 1;
    }
    return tiers;
  }

  void add_tiers() {
    std::map<NodeKind, std::size_t> totals;
    for (const FabricGraph::Node& node : graph_.nodes) {
      if (node.host < 0) ++totals[node.kind];
    }
    const std::map<NodeKind, Nodes> tiers = reached();
    for (const NodeKind kind : kBetween) {
      const Nodes& nodes = tiers.at(kind);
      if (nodes.empty()) continue;
      const std::size_t total = totals[kind];
      const std::string label(name(kind));
      picture_.rows.push_back(
          {nodes.size() < total ? fmt::format("{}: {} of {}", label, nodes.size(), total) : label, y_});
      place(nodes, kLeft, picture_.width - kLeft - kGap, y_);
      y_ += kRow;
    }
  }

  void place(const Nodes& nodes, double left, double width, double y) {
    const double step = width / static_cast<double>(nodes.size());
    for (std::size_t i = 0; i < nodes.size(); ++i)
      picture_.spots[nodes[i]] = Picture::Spot{left + (static_cast<double>(i) + 0.5) * step, y};
  }

  void add_servers(const std::vector<Server>& servers) {
    std::map<NodeKind, std::size_t> lines;
    for (const Server& server : servers) {
      for (const NodeKind kind : kInside) lines[kind] = std::max(lines[kind], server.lines(kind));
    }
    const double top = y_ - kRow * 0.35;
    double x = kLeft;
    for (const Server& server : servers) {
      picture_.boxes.push_back({server.host, x, top, server.width(), 0});
      x += server.width() + kGap;
    }
    for (const NodeKind kind : kInside) {
      if (lines[kind] == 0) continue;
      picture_.rows.push_back({std::string(name(kind)), y_});
      for (std::size_t i = 0; i < servers.size(); ++i) add_line(servers[i], kind, picture_.boxes[i]);
      y_ += kRow * (0.55 + 0.45 * static_cast<double>(lines[kind]));
    }
    for (Picture::Box& box : picture_.boxes) box.height = y_ - kRow * 0.45 - top;
    picture_.height = y_;
  }

  void add_line(const Server& server, NodeKind kind, const Picture::Box& box) {
    const auto found = server.nodes.find(kind);
    if (found == server.nodes.end()) return;
    double y = y_;
    for (std::size_t begin = 0; begin < found->second.size(); begin += kPerLine, y += kRow * 0.45) {
      const std::size_t end = std::min(begin + kPerLine, found->second.size());
      place({found->second.begin() + static_cast<std::ptrdiff_t>(begin),
             found->second.begin() + static_cast<std::ptrdiff_t>(end)},
            box.x + kPadding, box.width - 2 * kPadding, y);
    }
  }

  const FabricGraph& graph_;
  Picture picture_;
  Nodes shown_;
  double y_ = 0;
};

}  // namespace

Picture arrange(const FabricGraph& graph) { return Arranger(graph).arrange(); }

}  // namespace ithaca
