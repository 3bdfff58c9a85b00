#include "model/collective.hpp"

#include <algorithm>
#include <numeric>

#include "model/collective_parts.hpp"

namespace ithaca {
namespace {

using namespace parts;

/// By what was measured of this machine, never below the bound; false where nothing was. The choice of algorithm comes
/// before: NCCL makes it by its constants.
bool correct(const Cluster& c, const Placement& p, Op op, Bytes message, CollectiveCost& cost) {
  cost.mark = c.link_mark;
  if (c.measured.curves.empty()) return false;
  const double bytes = step_bytes(op, cost.algorithm, message, p.group.size);
  const Correction by = correction(c.measured, op, cost.algorithm, cost.protocol, p.nodes > 1, p.group.size, bytes);
  if (!by.known) return false;
  const CorrectedTimes times = corrected(constant_times(c, p, message, cost), message, by);
  cost.latency = times.latency;
  cost.transfer = max(times.transfer, cost.bound - cost.latency);
  cost.mark = by.inside ? Mark::calibrated : Mark::extrapolated;
  return true;
}

/// NCCL's constants differ from version to version: so close, either of two algorithms may be its choice.
constexpr double kTie = 1.1;

/// NCCL's choice among ring, tree and NVLS; between ring and tree, where its constants leave that open and both were
/// measured, the faster one.
CollectiveCost chosen_all_reduce(const Cluster& c, const Placement& p, Bytes message) {
  CollectiveCost ring = ring_cost(c, p, message, 2), tree = tree_cost(c, p, message);
  const Seconds least = min(ring.total(), tree.total()), most = max(ring.total(), tree.total());
  CollectiveCost best = tree.total() < ring.total() ? tree : ring;
  const bool nvls = has_nvls(c, p) && nvls_cost(c, p, message, false).total() < least;
  if (nvls) best = nvls_cost(c, p, message, true);
  best.bound = ring.bound = tree.bound = all_reduce_bound(c, p, message);
  if (nvls || most > least * kTie) {
    correct(c, p, Op::all_reduce, message, best);
    return best;
  }
  const bool ring_known = correct(c, p, Op::all_reduce, message, ring);
  const bool tree_known = correct(c, p, Op::all_reduce, message, tree);
  if (ring_known && tree_known) return tree.total() < ring.total() ? tree : ring;
  return best.algorithm == Algorithm::tree ? tree : ring;
}

int members(const Domain& domain, Group group, int machine_gpus) {
  const int block = group.size * group.stride;
  int inside = std::gcd(block, domain.gpus);
  if (machine_gpus <= domain.gpus) return group.size;
  if (machine_gpus <= block && block % domain.gpus != 0) inside = block % domain.gpus;
  return std::clamp(inside / group.stride, 1, group.size);
}

/// Servers that a group touches, at the worst of the places where one begins.
int servers_of(Group group, int server_gpus, int machine_gpus) {
  if (group.stride >= server_gpus) return group.size;
  const int block = group.size * group.stride, last = (group.size - 1) * group.stride;
  const int places = std::min(machine_gpus / block, server_gpus / std::gcd(block, server_gpus));
  int first = 0;  // the furthest into a server
  for (int place = 0; place < places; ++place)
    first = std::max(first, std::min(place * block % server_gpus + group.stride, server_gpus) - 1);
  return (first + last) / server_gpus + 1;
}

}  // namespace

std::string_view name(Op op) {
  switch (op) {
    case Op::all_gather: return "all_gather";
    case Op::reduce_scatter: return "reduce_scatter";
    case Op::all_reduce: return "all_reduce";
    case Op::all_to_all: return "all_to_all";
    case Op::send_recv: break;
  }
  return "send_recv";
}

std::string_view name(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::direct: return "direct";
    case Algorithm::pairwise: return "pairwise";
    case Algorithm::hierarchical: return "hierarchical";
    case Algorithm::bruck: return "bruck";
    case Algorithm::ring: return "ring";
    case Algorithm::recursive: return "recursive";
    case Algorithm::nvls: return "nvls";
    case Algorithm::tree: break;
  }
  return "tree";
}

std::string_view name(Protocol protocol) {
  switch (protocol) {
    case Protocol::ll: return "LL";
    case Protocol::ll128: return "LL128";
    case Protocol::simple: break;
  }
  return "Simple";
}

Placement place(const Cluster& cluster, Group group, int machine_gpus) {
  Placement p;
  p.group = group;
  for (const Domain& domain : cluster.domains) {
    const int inside = members(domain, group, machine_gpus);
    const double active = std::min(domain.gpus, machine_gpus);
    p.levels.emplace_back(inside, std::max(1.0, active / inside));
    if (domain.uplink == Domain::Uplink::nics) p.nodes = servers_of(group, domain.gpus, machine_gpus);
  }
  return p;
}

CollectiveCost all_gather_cost(const Cluster& c, const Placement& p, Bytes message) {
  CollectiveCost cost = ring_cost(c, p, message, 1);
  correct(c, p, Op::all_gather, message, cost);
  return cost;
}
CollectiveCost reduce_scatter_cost(const Cluster& c, const Placement& p, Bytes message) {
  CollectiveCost cost = ring_cost(c, p, message, 1);
  correct(c, p, Op::reduce_scatter, message, cost);
  return cost;
}

RingPair ring_pair_cost(const Cluster& c, const Placement& p, Bytes message) {
  const CollectiveCost ring = ring_cost(c, p, message, 1);
  RingPair pair{ring, ring};
  correct(c, p, Op::all_gather, message, pair.gather);
  correct(c, p, Op::reduce_scatter, message, pair.reduce);
  return pair;
}

CollectiveCost all_reduce_cost(const Cluster& c, const Placement& p, Bytes message) {
  if (p.group.size < 2) return {};
  return chosen_all_reduce(c, p, message);
}

CollectiveCost all_to_all_cost(const Cluster& c, const Placement& p, Bytes leaving) {
  if (p.group.size < 2) return {};
  const double peers = p.group.size - 1;
  const bool own_port = pcie(c);  // PCIe carries what leaves the domain too
  const int near = port_members(p) - 1;
  const Bytes through_port = own_port ? leaving : leaving * (near / peers);
  const double usable = usable_port(c, p);
  CollectiveCost cost{Seconds{nccl::kRingBase[nccl::kSimple]}, through_port / (c.port_achieved_all_to_all * usable),
                      through_port / (c.port_peak * usable)};
  for (std::size_t i = 0; i < p.levels.size(); ++i) {
    if (!crosses(p, i)) continue;
    const auto [inside, sharers] = p.levels[i];
    const Bytes all = leaving * ((p.group.size - inside) / peers * inside * sharers);
    cost.transfer = max(cost.transfer, all / c.domains[i].achieved_all_to_all);
    cost.bound = max(cost.bound, all / c.domains[i].peak);
  }
  const Latencies hop = send_hops(c, p);
  const auto waves = [](int messages, int in_flight) { return (messages + in_flight - 1) / in_flight; };
  cost.latency += Seconds{waves(near, nccl::kPeersInFlightNvlink) * hop.near};
  if (p.nodes > 1) {
    const int far = p.group.size - p.group.size / p.nodes;
    cost.latency +=
        Seconds{waves(far, nccl::kPeersInFlightNet) * hop.far + far * nccl::net_overhead(c.cpu == CpuVendor::amd)};
  }
  correct(c, p, Op::all_to_all, leaving * (p.group.size / peers), cost);
  return cost;
}

CollectiveCost send_recv_cost(const Cluster& c, const Placement& p, Bytes message) {
  if (p.group.size < 2) return {};
  CollectiveCost cost{Seconds{}, ring_transfer(c, p, message), Seconds{}, Algorithm::ring};
  if (c.scale_up == ScaleUp::mesh && port_members(p) > 1) {
    cost.transfer = max(cost.transfer, message * (c.node_gpus - 1) / c.port_achieved);  // one link to the successor
  }
  if (port_members(p) > 1 || pcie(c)) cost.bound = message / (c.port_peak * usable_port(c, p));
  for (std::size_t i = 0; i < p.levels.size(); ++i) {
    if (!crosses(p, i)) continue;
    const Domain& domain = c.domains[i];
    cost.bound = max(cost.bound, message * p.levels[i].sharers / domain.peak);
    // One GPU of the domain sends for its whole group, through the NICs next to it.
    const double nearby = std::min(domain.gpus, std::max(1, domain.ports));
    if (domain.uplink == Domain::Uplink::nics) cost.transfer = max(cost.transfer, message * nearby / domain.achieved);
  }
  const Latencies hop = send_hops(c, p);
  cost.latency = Seconds{nccl::kRingBase[nccl::kSimple] + (p.nodes > 1 ? hop.far : hop.near)};
  correct(c, p, Op::send_recv, message, cost);
  return cost;
}

std::optional<CollectiveCost> collective_cost(const Cluster& c, const Placement& p, Op op, Bytes message,
                                              std::optional<Algorithm> algorithm) {
  const int size = p.group.size;
  const bool reduces = op == Op::all_reduce;
  if (op == Op::all_to_all || op == Op::send_recv) {
    const Algorithm only = op == Op::all_to_all ? Algorithm::direct : Algorithm::ring;
    if (algorithm.value_or(only) != only) return std::nullopt;
    return op == Op::send_recv ? send_recv_cost(c, p, message)
                               : all_to_all_cost(c, p, message * ((size - 1.0) / std::max(1, size)));
  }
  if (size < 2) return CollectiveCost{};
  if (!algorithm && reduces) return chosen_all_reduce(c, p, message);
  CollectiveCost cost;
  if (!algorithm || *algorithm == Algorithm::ring) {
    cost = ring_cost(c, p, message, reduces ? 2 : 1);
  } else if (*algorithm == Algorithm::tree && reduces) {
    cost = tree_cost(c, p, message);
  } else if (*algorithm == Algorithm::nvls && has_nvls(c, p) && (reduces || p.nodes == 1)) {
    cost = nvls_cost(c, p, message, true);
  } else {
    return std::nullopt;
  }
  if (cost.algorithm != Algorithm::ring)
    cost.bound = reduces ? all_reduce_bound(c, p, message) : ring_cost(c, p, message, 1).bound;
  correct(c, p, op, message, cost);
  return cost;
}

HopCosts hop_costs(const Cluster& c, const Placement& p, Algorithm algorithm, Protocol protocol) {
  const int i = static_cast<int>(protocol);
  const bool tree = algorithm == Algorithm::tree;
  const Bytes stream{1e9};
  const double bus = tree ? 2e9 / tree_transfer(c, p, stream).value() : 1e9 / ring_transfer(c, p, stream).value();
  const Latencies hop = tree ? tree_hops(c, p, i) : ring_hops(c, p, i);
  const auto& base = tree ? nccl::kTreeBase : nccl::kRingBase;
  return {Seconds{base[static_cast<std::size_t>(i)]}, Seconds{hop.near}, Seconds{hop.far},
          tree ? tree_share(c, p, i, bus) : ring_share(c, p, i, bus)};
}

Bytes nic_bytes(const Cluster& c, const Placement& p, Op op, Bytes sent_per_rank) {
  for (std::size_t i = 0; i < p.levels.size(); ++i) {
    if (c.domains[i].uplink != Domain::Uplink::nics || !crosses(p, i)) continue;
    const auto [inside, sharers] = p.levels[i];
    const double streams =
        op == Op::all_to_all ? inside * sharers * (p.group.size - inside) / (p.group.size - 1.0) : sharers;
    return sent_per_rank * streams / std::max(1, c.domains[i].ports);
  }
  return {};
}

}  // namespace ithaca
