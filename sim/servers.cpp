#include "sim/servers.hpp"

#include <algorithm>
#include <unordered_map>

namespace ithaca {
namespace {

bool stands_between_servers(const FabricGraph::Node& node) {
  switch (node.kind) {
    case NodeKind::gpu: return false;
    case NodeKind::nvswitch:
    case NodeKind::pcie_switch:
    case NodeKind::cpu:
    case NodeKind::nic: return node.host < 0;
    case NodeKind::leaf:
    case NodeKind::spine:
    case NodeKind::core:
    case NodeKind::router: return true;
  }
  return true;
}

}  // namespace

/// Memory of the searches through servers.
struct Servers::Search {
  std::vector<std::uint32_t> came_by;      ///< by node, the link on the way from the GPU
  std::vector<std::uint32_t> depth, seen;  ///< by node; `seen` holds the search that last reached it
  std::vector<std::uint32_t> queue;
  std::vector<std::uint32_t> door_number;  ///< by link
  std::uint32_t round = 0;

  explicit Search(const Fabric& fabric)
      : came_by(fabric.nodes().size()),
        depth(came_by.size()),
        seen(came_by.size()),
        door_number(fabric.links().size()) {}
};

Servers::Servers(const Fabric& fabric) {
  assign_servers(fabric);
  Search search(fabric);
  std::uint32_t number = 0;
  for (const std::uint32_t node : network_.nodes) {
    for (const std::uint32_t link : fabric.leaving(node)) {
      if (network_.number[fabric.links()[link].to] == kNowhere) search.door_number[link] = number++;
    }
  }
  for (std::uint32_t gpu = 0; gpu < fabric.gpus().size(); ++gpu) {
    find_doors(fabric, search, gpu, Way::out);
    find_doors(fabric, search, gpu, Way::in);
  }
}

/// A GPU without a host is a server of its own.
void Servers::assign_servers(const Fabric& fabric) {
  const auto nodes = fabric.nodes();
  network_.number.assign(nodes.size(), kNowhere);
  server_of_node_.assign(nodes.size(), kNowhere);
  std::unordered_map<std::int32_t, std::uint32_t> server_of_host;
  std::uint32_t count = 0;
  for (std::uint32_t v = 0; v < nodes.size(); ++v) {
    if (stands_between_servers(nodes[v])) {
      network_.number[v] = static_cast<std::uint32_t>(network_.nodes.size());
      network_.nodes.push_back(v);
    } else if (nodes[v].host < 0) {
      server_of_node_[v] = count++;
    } else {
      const auto [known, added] = server_of_host.try_emplace(nodes[v].host, count);
      if (added) ++count;
      server_of_node_[v] = known->second;
    }
  }
  std::vector<std::vector<std::uint32_t>> members(count);
  for (std::uint32_t gpu = 0; gpu < fabric.gpus().size(); ++gpu) {
    const std::uint32_t server = server_of_node_[fabric.gpus()[gpu]];
    server_.push_back(server);
    position_.push_back(static_cast<std::uint32_t>(members[server].size()));
    members[server].push_back(gpu);
  }
  std::vector<std::vector<std::uint32_t>> inside(count);
  for (const std::uint32_t node : fabric.gpus()) inside[server_of_node_[node]].push_back(node);
  for (std::uint32_t v = 0; v < nodes.size(); ++v) {
    if (server_of_node_[v] != kNowhere && nodes[v].kind != NodeKind::gpu) inside[server_of_node_[v]].push_back(v);
  }
  for (const auto& list : members) members_.add(list);
  for (const auto& list : inside) nodes_.add(list);
}

void Servers::find_doors(const Fabric& fabric, Search& search, std::uint32_t gpu, Way way) {
  const std::uint32_t start = fabric.gpus()[gpu];
  Rows& rows = way == Way::out ? exits_ : entries_;
  const auto mine = [&] { return std::span(rows.doors).subspan(rows.begin.back()); };
  const auto known = [&](std::uint32_t node, std::uint32_t length) {
    const auto doors = mine();
    return std::any_of(doors.begin(), doors.end(), [&](const Door& d) { return d.node == node && d.length < length; });
  };
  search.queue.assign(1, start);
  search.seen[start] = ++search.round;
  search.depth[start] = 0;
  for (std::size_t i = 0; i < search.queue.size(); ++i) {
    const std::uint32_t node = search.queue[i], length = search.depth[node] + 1;
    for (const std::uint32_t link : way == Way::out ? fabric.leaving(node) : fabric.entering(node)) {
      const std::uint32_t next = way == Way::out ? fabric.links()[link].to : fabric.links()[link].from;
      const std::uint32_t outside = network_.number[next];
      if (outside == kNowhere) {
        if (search.seen[next] == search.round || fabric.nodes()[next].kind == NodeKind::gpu ||
            server_of_node_[next] != server_of_node_[start])
          continue;
        search.seen[next] = search.round;
        search.depth[next] = length;
        search.came_by[next] = link;
        search.queue.push_back(next);
      } else if (!known(outside, length)) {
        const auto begin = static_cast<std::uint32_t>(links_.size());
        links_.push_back(link);
        for (std::uint32_t at = node; at != start;) {
          links_.push_back(search.came_by[at]);
          at = way == Way::out ? fabric.links()[search.came_by[at]].from : fabric.links()[search.came_by[at]].to;
        }
        if (way == Way::out) std::reverse(links_.begin() + begin, links_.end());
        rows.doors.push_back({outside, search.door_number[link], begin, length});
      }
    }
  }
  rows.begin.push_back(static_cast<std::uint32_t>(rows.doors.size()));
}

}  // namespace ithaca
