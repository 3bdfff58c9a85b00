#pragma once
// A fabric taken apart for routing: servers (GPUs of one host with its switches and NICs), the network between them,
// and the doors by which each GPU reaches it. A server passes nothing on for others.

#include <cstdint>
#include <span>
#include <vector>

#include "sim/fabric.hpp"

namespace ithaca {

inline constexpr std::uint32_t kNowhere = 0xFFFFFFFF;

/// A shortest way between a GPU and a node of the network, inside the GPU's server but for its end.
struct Door {
  std::uint32_t node = 0;    ///< of the network, numbered as in Network
  std::uint32_t number = 0;  ///< of its link among all that enter servers, switch by switch
  std::uint32_t begin = 0;   ///< its links: Servers::links(door)
  std::uint32_t length = 0;
  std::uint32_t cost = 0;  ///< of its links, together
};

/// Nodes of the graph that stand between servers, renumbered. Behind them comes a node for every link that leads from
/// one server into another: its near end has a door to that node, its far end one from there.
struct Network {
  std::size_t size = 0;               ///< all of them
  std::vector<std::uint32_t> nodes;   ///< of the graph, by number here
  std::vector<std::uint32_t> number;  ///< by node of the graph; kNowhere inside servers
};

class Servers {
 public:
  explicit Servers(const Fabric& fabric);

  const Network& network() const { return network_; }
  std::size_t size() const { return members_.size(); }
  std::uint32_t gpu_count() const { return static_cast<std::uint32_t>(server_.size()); }
  std::uint32_t server(std::uint32_t gpu) const { return server_[gpu]; }
  /// A server's nodes in the graph, first its GPUs in the order of their ranks.
  std::span<const std::uint32_t> nodes(std::uint32_t server) const { return nodes_[server]; }
  /// Ranks of a server's GPUs.
  std::span<const std::uint32_t> gpus(std::uint32_t server) const { return members_[server]; }
  /// Position of a GPU among those of its server.
  std::uint32_t position(std::uint32_t gpu) const { return position_[gpu]; }
  /// Server of a node inside one, kNowhere for nodes of the network.
  std::uint32_t server_of_node(std::uint32_t node) const { return server_of_node_[node]; }

  /// Doors out of the GPU's server and into it, nearest first; of those to the same node only the nearest.
  std::span<const Door> exits(std::uint32_t gpu) const { return row(exits_, gpu); }
  std::span<const Door> entries(std::uint32_t gpu) const { return row(entries_, gpu); }
  /// In the order of travel.
  std::span<const std::uint32_t> links(const Door& door) const { return {links_.data() + door.begin, door.length}; }

 private:
  enum class Way { out, in };
  struct Search;
  struct Found {
    std::uint32_t start, link, cost;
    Way way;
  };
  struct Rows {
    std::vector<std::uint32_t> begin{0};
    std::vector<Door> doors;
  };
  static std::span<const Door> row(const Rows& rows, std::uint32_t gpu) {
    return {rows.doors.data() + rows.begin[gpu], rows.doors.data() + rows.begin[gpu + 1]};
  }
  void assign_servers(const Fabric& fabric);
  void number_doors(const Fabric& fabric, Search& search);
  void find_doors(const Fabric& fabric, Search& search, std::uint32_t gpu, Way way);
  void add_door(const Fabric& fabric, const Search& search, const Found& found, Rows& rows);

  Network network_;
  std::vector<std::uint32_t> server_, position_, server_of_node_;
  IndexRows members_, nodes_;
  Rows exits_, entries_;
  std::vector<std::uint32_t> links_;
};

}  // namespace ithaca
