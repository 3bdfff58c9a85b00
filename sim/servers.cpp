#include "sim/servers.hpp"

#include <algorithm>
#include <functional>
#include <queue>
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
  using Node = std::pair<std::uint32_t, std::uint32_t>;  ///< cost, node
  std::priority_queue<Node, std::vector<Node>, std::greater<>> open;
  std::vector<std::uint32_t> cost, came_by;                    ///< by node: of the way there, its last link
  std::vector<std::uint32_t> reached;                          ///< by node, the search that last came by
  std::vector<std::pair<std::uint32_t, std::uint32_t>> doors;  ///< cost, link
  std::vector<std::uint32_t> door_number;                      ///< by link
  std::uint32_t first_cable = 0;                               ///< from this number on, doors are links between servers
  std::uint32_t round = 0;

  explicit Search(const Fabric& fabric)
      : cost(fabric.nodes().size()),
        came_by(cost.size()),
        reached(came_by.size()),
        door_number(fabric.links().size()) {}
};

Servers::Servers(const Fabric& fabric) {
  assign_servers(fabric);
  Search search(fabric);
  number_doors(fabric, search);
  for (std::uint32_t gpu = 0; gpu < fabric.gpus().size(); ++gpu) {
    find_doors(fabric, search, gpu, Way::out);
    find_doors(fabric, search, gpu, Way::in);
  }
}

void Servers::number_doors(const Fabric& fabric, Search& search) {
  std::uint32_t number = 0;
  for (const std::uint32_t node : network_.nodes) {
    for (const std::uint32_t link : fabric.leaving(node)) {
      if (network_.number[fabric.links()[link].to] == kNowhere) search.door_number[link] = number++;
    }
  }
  search.first_cable = number;
  for (std::uint32_t link = 0; link < fabric.links().size(); ++link) {
    const std::uint32_t from = server_of_node_[fabric.links()[link].from];
    const std::uint32_t to = server_of_node_[fabric.links()[link].to];
    if (from != kNowhere && to != kNowhere && from != to) search.door_number[link] = number++;
  }
  network_.size = network_.nodes.size() + (number - search.first_cable);
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

/// Dijkstra's algorithm from or to the GPU, inside its server.
void Servers::find_doors(const Fabric& fabric, Search& search, std::uint32_t gpu, Way way) {
  const std::uint32_t start = fabric.gpus()[gpu];
  search.cost[start] = 0;
  search.reached[start] = ++search.round;
  search.open.push({0, start});
  while (!search.open.empty()) {
    const auto [cost, node] = search.open.top();
    search.open.pop();
    if (search.cost[node] != cost || (node != start && fabric.nodes()[node].kind == NodeKind::gpu)) continue;
    for (const std::uint32_t link : way == Way::out ? fabric.leaving(node) : fabric.entering(node)) {
      const std::uint32_t next = way == Way::out ? fabric.links()[link].to : fabric.links()[link].from;
      const std::uint32_t next_cost = cost + std::max<std::uint32_t>(fabric.links()[link].cost, 1);
      if (server_of_node_[next] != server_of_node_[start]) {
        search.doors.emplace_back(next_cost, link);
      } else if (search.reached[next] != search.round || search.cost[next] > next_cost) {
        search.reached[next] = search.round;
        search.cost[next] = next_cost;
        search.came_by[next] = link;
        search.open.push({next_cost, next});
      }
    }
  }
  std::stable_sort(search.doors.begin(), search.doors.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  Rows& rows = way == Way::out ? exits_ : entries_;
  for (const auto& [cost, link] : search.doors) add_door(fabric, search, {start, link, cost, way}, rows);
  rows.begin.push_back(static_cast<std::uint32_t>(rows.doors.size()));
  search.doors.clear();
}

void Servers::add_door(const Fabric& fabric, const Search& search, const Found& found, Rows& rows) {
  const bool out = found.way == Way::out;
  const auto& ends = fabric.links()[found.link];
  const std::uint32_t beyond = network_.number[out ? ends.to : ends.from];
  const bool cable = beyond == kNowhere;
  Door door;
  door.number = search.door_number[found.link];
  door.node = cable ? static_cast<std::uint32_t>(network_.nodes.size()) + door.number - search.first_cable : beyond;
  door.cost = found.cost;
  const auto mine = std::span<const Door>(rows.doors).subspan(rows.begin.back());
  const auto nearer = [&](const Door& d) { return d.node == door.node && d.cost < door.cost; };
  if (std::any_of(mine.begin(), mine.end(), nearer)) return;
  door.begin = static_cast<std::uint32_t>(links_.size());
  if (!cable || out) links_.push_back(found.link);
  for (std::uint32_t at = out ? ends.from : ends.to; at != found.start;) {
    const std::uint32_t link = search.came_by[at];
    links_.push_back(link);
    at = out ? fabric.links()[link].from : fabric.links()[link].to;
  }
  if (out) std::reverse(links_.begin() + door.begin, links_.end());
  door.length = static_cast<std::uint32_t>(links_.size()) - door.begin;
  rows.doors.push_back(door);
}

}  // namespace ithaca
