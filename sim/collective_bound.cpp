#include "sim/collective_bound.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace ithaca {
namespace {

struct Ways {
  double out = 0, in = 0;
};

/// A set of GPUs: what its border carries a second, and what must pass it.
struct Border {
  Ways capacity, bytes;
  double copies = 0;  ///< groups that an all-reduce carries over it; each takes at least one buffer each way
};

/// What `inside` of `size` members must exchange with the others, in buffers. All-reduce is counted elsewhere.
Ways demand(Op op, double inside, double size) {
  const double outside = size - inside;
  if (outside == 0) return {};
  switch (op) {
    case Op::all_gather: return {inside / size, outside / size};
    case Op::reduce_scatter: return {outside / size, inside / size};
    case Op::all_to_all: return {inside * outside / size, inside * outside / size};
    case Op::send_recv: return {1, 1};
    case Op::all_reduce: break;
  }
  return {};
}

class Bounds {
 public:
  Bounds(const Fabric& fabric, Op op, Group group, int ranks, Bytes message)
      : fabric_(fabric), op_(op), group_(group), ranks_(ranks), message_(message.value()) {
    const auto gpus = fabric.gpus();
    rank_of_.assign(fabric.nodes().size(), -1);
    spread_.assign(static_cast<std::size_t>(ranks), false);
    for (int rank = 0; rank < ranks; ++rank) {
      rank_of_[gpus[static_cast<std::size_t>(rank)]] = rank;
      const int before = rank - group.stride;
      if (before < 0 || group_of(before) != group_of(rank)) continue;
      if (host_of(gpus[static_cast<std::size_t>(before)]) != host_of(gpus[static_cast<std::size_t>(rank)]))
        spread_[static_cast<std::size_t>(group_of(rank))] = true;
    }
  }

  double of_gpus(bool in_switch) const {
    std::vector<Border> borders;
    for (int rank = 0; rank < ranks_; ++rank) {
      const std::uint32_t gpu = fabric_.gpus()[static_cast<std::size_t>(rank)];
      Border border;
      for (const std::uint32_t k : fabric_.leaving(gpu))
        if (serves(rank, fabric_.links()[k].to)) border.capacity.out += fabric_.links()[k].capacity.value();
      for (const std::uint32_t k : fabric_.entering(gpu))
        if (serves(rank, fabric_.links()[k].from)) border.capacity.in += fabric_.links()[k].capacity.value();
      border.bytes = demand(op_, 1, group_.size);
      border.copies = 1;
      borders.push_back(border);
    }
    const double groups = static_cast<double>(ranks_) / group_.size;
    return slowest(borders, in_switch ? 0 : groups * (group_.size - 1));
  }

  double of_servers() const {
    std::map<int, Border> borders;
    std::map<std::pair<int, int>, int> members;  // by group and server
    for (int rank = 0; rank < ranks_; ++rank) {
      const int host = host_of(fabric_.gpus()[static_cast<std::size_t>(rank)]);
      if (host < 0) return 0;
      ++members[{group_of(rank), host}];
    }
    for (const FabricGraph::Link& link : fabric_.links()) {
      if (host_of(link.from) == host_of(link.to)) continue;
      borders[host_of(link.from)].capacity.out += link.capacity.value();
      borders[host_of(link.to)].capacity.in += link.capacity.value();
    }
    double crossings = 0;
    for (const auto& [where, inside] : members) {
      if (inside == group_.size) continue;
      Border& border = borders[where.second];
      const Ways more = demand(op_, inside, group_.size);
      border.bytes.out += more.out;
      border.bytes.in += more.in;
      ++border.copies;
      ++crossings;
    }
    std::vector<Border> servers;
    std::set<int> groups;
    for (const auto& [host, border] : borders)
      if (host >= 0 && border.copies > 0) servers.push_back(border);
    for (const auto& [where, inside] : members)
      if (inside < group_.size) groups.insert(where.first);
    return slowest(servers, crossings - static_cast<double>(groups.size()));
  }

 private:
  int host_of(std::uint32_t node) const { return fabric_.nodes()[node].host; }
  int group_of(int rank) const {
    const int block = group_.size * group_.stride;
    return rank / block * group_.stride + rank % group_.stride;
  }
  /// Other GPUs pass nothing on, and what stays in a server takes no NIC.
  bool serves(int rank, std::uint32_t neighbour) const {
    const NodeKind kind = fabric_.nodes()[neighbour].kind;
    if (kind == NodeKind::gpu) return rank_of_[neighbour] >= 0 && group_of(rank_of_[neighbour]) == group_of(rank);
    return kind != NodeKind::nic || spread_[static_cast<std::size_t>(group_of(rank))];
  }

  /// All-reduces without a reducing switch also move `trips` buffers twice between the sets, wherever.
  double slowest(const std::vector<Border>& borders, double trips) const {
    const bool reduces = op_ == Op::all_reduce;
    double time = 0;
    Ways all;
    for (const Border& border : borders) {
      const Ways bytes = reduces ? Ways{border.copies, border.copies} : border.bytes;
      time = std::max({time, message_ * bytes.out / border.capacity.out, message_ * bytes.in / border.capacity.in});
      all.out += border.capacity.out;
      all.in += border.capacity.in;
    }
    if (!reduces || borders.empty()) return time;
    return std::max(time, 2 * trips * message_ / std::min(all.out, all.in));
  }

  const Fabric& fabric_;
  const Op op_;
  const Group group_;
  const int ranks_;
  const double message_;
  std::vector<int> rank_of_;  ///< by node; -1 where it is no GPU in use
  std::vector<bool> spread_;  ///< by group: over several servers
};

}  // namespace

Seconds collective_bound(const Fabric& fabric, Op op, Group group, int ranks, Bytes message, bool in_switch) {
  if (group.size < 2) return {};
  const Bounds bounds(fabric, op, group, ranks, message);
  return Seconds{std::max(bounds.of_gpus(in_switch), bounds.of_servers())};
}

}  // namespace ithaca
