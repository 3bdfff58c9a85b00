#pragma once
// What a router looks up: the ways inside servers, the ways through the network, and PXN's relays.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/next_hops.hpp"
#include "sim/servers.hpp"

namespace ithaca {

class RouteTables {
 public:
  /// The bytes that the tables of a fabric need at most.
  static double bytes(const Servers& servers);
  /// At least so much of that where doors lead to `targets` switches.
  static double least_bytes(double servers, double targets) {
    return NextHops::table_bytes(targets, targets) + 4 * servers * targets;
  }

  RouteTables(const Fabric& fabric, Servers servers, bool with_relays);

  const Servers& servers() const { return servers_; }
  /// Nodes are numbered as in Network; targets are those with a door into a server: see target().
  const NextHops& outside() const { return outside_; }
  /// Nodes and targets are GPUs by position, and more nodes behind them.
  const NextHops& inside(std::uint32_t server) const { return inside_[server]; }
  std::uint32_t target(const Door& entry) const { return target_[entry.node]; }

  bool connects_inside(std::uint32_t from, std::uint32_t to) const {
    const std::uint32_t server = servers_.server(from);
    return servers_.server(to) == server && inside_[server].reaches(servers_.position(from), servers_.position(to));
  }
  bool connects(const Door& exit, const Door& entry) const { return outside_.reaches(exit.node, target(entry)); }

  /// The GPUs of a server from which it is the fewest links to where `entry` is; none where no GPU reaches it, or where
  /// the GPUs of the server do not all reach each other inside.
  std::span<const std::uint32_t> relays(std::uint32_t server, const Door& entry) const {
    return relays_[relay_row_[server * outside_.targets() + target(entry)]];
  }

  /// Two ranks of which the first cannot reach the second.
  struct Pair {
    std::uint32_t from = 0, to = 0;
  };
  std::optional<Pair> find_unreachable() const;

 private:
  void build_inside(const Fabric& fabric);
  void build_outside(const Fabric& fabric);
  void build_relays();
  std::vector<std::uint32_t> nearest_gpus(std::uint32_t server, std::uint32_t target) const;
  bool all_connected(std::uint32_t server) const;
  bool connects_outside(std::uint32_t from, std::uint32_t to) const;

  Servers servers_;
  NextHops outside_;
  std::vector<NextHops> inside_;
  std::vector<std::uint32_t> target_;     ///< by node of the network
  IndexRows relays_;                      ///< empty without PXN
  std::vector<std::uint32_t> relay_row_;  ///< by server and target; empty without PXN
};

}  // namespace ithaca
