#include "sim/route_tables.hpp"

#include <algorithm>
#include <limits>
#include <map>

namespace ithaca {
namespace {

/// Nodes of the network with a door into a server, in order.
std::vector<std::uint32_t> entry_nodes(const Servers& servers) {
  std::vector<std::uint8_t> is_target(servers.network().size);
  for (std::uint32_t gpu = 0; gpu < servers.gpu_count(); ++gpu) {
    for (const Door& door : servers.entries(gpu)) is_target[door.node] = 1;
  }
  std::vector<std::uint32_t> nodes;
  for (std::uint32_t v = 0; v < is_target.size(); ++v) {
    if (is_target[v]) nodes.push_back(v);
  }
  return nodes;
}

/// Which nodes the doors lead to.
std::vector<std::uint32_t> nodes_of(std::span<const Door> doors) {
  std::vector<std::uint32_t> nodes;
  for (const Door& door : doors) nodes.push_back(door.node);
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  return nodes;
}

NextHops::Arc arc(std::uint32_t from, std::uint32_t to, std::uint32_t link, const FabricGraph::Link& ends) {
  return {from, to, link, std::max(ends.cost, std::uint8_t{1}), ends.order};
}

}  // namespace

double RouteTables::bytes(const Servers& servers) {
  const auto targets = static_cast<double>(entry_nodes(servers).size());
  double sum = least_bytes(static_cast<double>(servers.size()), targets);
  sum += NextHops::table_bytes(static_cast<double>(servers.network().size) - targets, targets);
  for (std::uint32_t s = 0; s < servers.size(); ++s) {
    sum += NextHops::table_bytes(static_cast<double>(servers.nodes(s).size()),
                                 static_cast<double>(servers.gpus(s).size()));
  }
  return sum;
}

RouteTables::RouteTables(const Fabric& fabric, Servers servers, bool with_relays) : servers_(std::move(servers)) {
  build_inside(fabric);
  build_outside(fabric);
  if (with_relays) build_relays();
}

void RouteTables::build_inside(const Fabric& fabric) {
  std::vector<std::uint32_t> number(fabric.nodes().size());
  std::vector<NextHops::Arc> arcs;
  std::vector<std::uint32_t> targets;
  std::vector<std::uint8_t> passes;
  inside_.reserve(servers_.size());
  for (std::uint32_t s = 0; s < servers_.size(); ++s) {
    const auto nodes = servers_.nodes(s);
    arcs.clear(), targets.clear(), passes.clear();
    for (std::uint32_t i = 0; i < nodes.size(); ++i) {
      number[nodes[i]] = i;
      const bool gpu = i < servers_.gpus(s).size();
      passes.push_back(!gpu);
      if (gpu) targets.push_back(i);
    }
    for (const std::uint32_t node : nodes) {
      for (const std::uint32_t link : fabric.leaving(node)) {
        const FabricGraph::Link& ends = fabric.links()[link];
        if (servers_.server_of_node(ends.to) == s) arcs.push_back(arc(number[node], number[ends.to], link, ends));
      }
    }
    inside_.emplace_back(static_cast<std::uint32_t>(nodes.size()), arcs, targets, passes);
  }
}

void RouteTables::build_outside(const Fabric& fabric) {
  const Network& network = servers_.network();
  std::vector<NextHops::Arc> arcs;
  for (std::uint32_t v = 0; v < network.nodes.size(); ++v) {
    for (const std::uint32_t link : fabric.leaving(network.nodes[v])) {
      const FabricGraph::Link& ends = fabric.links()[link];
      const std::uint32_t to = network.number[ends.to];
      if (to != kNowhere) arcs.push_back(arc(v, to, link, ends));
    }
  }
  const auto targets = entry_nodes(servers_);
  target_.assign(network.size, kNowhere);
  for (std::uint32_t t = 0; t < targets.size(); ++t) target_[targets[t]] = t;
  const std::vector<std::uint8_t> passes(network.size, 1);
  outside_ = NextHops(static_cast<std::uint32_t>(network.size), arcs, targets, passes);
}

bool RouteTables::all_connected(std::uint32_t server) const {
  const auto gpus = servers_.gpus(server);
  return std::all_of(gpus.begin(), gpus.end(), [&](std::uint32_t from) {
    return std::all_of(gpus.begin(), gpus.end(), [&](std::uint32_t to) { return connects_inside(from, to); });
  });
}

std::vector<std::uint32_t> RouteTables::nearest_gpus(std::uint32_t server, std::uint32_t target) const {
  std::vector<std::uint32_t> nearest;
  std::uint32_t least = std::numeric_limits<std::uint32_t>::max();
  for (const std::uint32_t gpu : servers_.gpus(server)) {
    std::uint32_t distance = std::numeric_limits<std::uint32_t>::max();
    for (const Door& exit : servers_.exits(gpu)) {
      if (outside_.reaches(exit.node, target)) distance = std::min(distance, outside_.distance(exit.node, target));
    }
    if (distance < least) nearest.clear(), least = distance;
    if (distance == least && distance != std::numeric_limits<std::uint32_t>::max()) nearest.push_back(gpu);
  }
  return nearest;
}

void RouteTables::build_relays() {
  std::map<std::vector<std::uint32_t>, std::uint32_t> rows;
  const auto row = [&](const std::vector<std::uint32_t>& gpus) {
    const auto [known, added] = rows.try_emplace(gpus, static_cast<std::uint32_t>(relays_.size()));
    if (added) relays_.add(gpus);
    return known->second;
  };
  relay_row_.reserve(servers_.size() * outside_.targets());
  for (std::uint32_t s = 0; s < servers_.size(); ++s) {
    const bool connected = all_connected(s);
    for (std::uint32_t t = 0; t < outside_.targets(); ++t) {
      relay_row_.push_back(row(connected ? nearest_gpus(s, t) : std::vector<std::uint32_t>{}));
    }
  }
}

bool RouteTables::connects_outside(std::uint32_t from, std::uint32_t to) const {
  const auto exits = servers_.exits(from);
  const auto entries = servers_.entries(to);
  return std::any_of(entries.begin(), entries.end(), [&](const Door& entry) {
    return std::any_of(exits.begin(), exits.end(), [&](const Door& exit) { return connects(exit, entry); }) ||
           (!relay_row_.empty() && !relays(servers_.server(from), entry).empty());
  });
}

/// GPUs whose doors lead to the same nodes are of one kind. Kinds are compared, and GPUs only where kinds do not meet.
std::optional<RouteTables::Pair> RouteTables::find_unreachable() const {
  using Kinds = std::map<std::vector<std::uint32_t>, std::vector<std::uint32_t>>;
  const auto doors_to = [&](std::span<const Door> doors) {
    return outside_.complete() ? std::vector<std::uint32_t>(doors.empty() ? 0 : 1) : nodes_of(doors);
  };
  Kinds senders, receivers;
  for (std::uint32_t gpu = 0; gpu < servers_.gpu_count(); ++gpu) {
    auto sender = doors_to(servers_.exits(gpu));
    if (!relay_row_.empty() && !outside_.complete()) sender.push_back(servers_.server(gpu));  // which has the relays
    senders[std::move(sender)].push_back(gpu);
    receivers[doors_to(servers_.entries(gpu))].push_back(gpu);
  }
  for (const auto& [out, sending] : senders) {
    for (const auto& [in, receiving] : receivers) {
      if (connects_outside(sending.front(), receiving.front())) continue;
      for (const std::uint32_t from : sending) {
        for (const std::uint32_t to : receiving) {
          if (from != to && !connects_inside(from, to)) return Pair{from, to};
        }
      }
    }
  }
  return std::nullopt;
}

}  // namespace ithaca
