#include "model/collective.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

#include "model/nccl.hpp"

namespace ithaca {
namespace {

bool pcie(const Cluster& c) { return c.scale_up == ScaleUp::pcie; }

/// Members of the group behind one port-to-port fabric: the innermost server or socket.
int port_members(const Placement& p) { return p.levels.empty() ? p.group.size : p.levels[0].members; }

/// A mesh has one link to each peer, so a small group uses only a few of the port's links.
double usable_port(const Cluster& c, const Placement& p) {
  if (c.scale_up != ScaleUp::mesh || c.node_gpus < 2) return 1;
  const int peers = std::max(1, port_members(p) - 1);
  return std::min(1.0, static_cast<double>(peers) / (c.node_gpus - 1));
}

bool crosses(const Placement& p, std::size_t level) { return p.levels[level].members < p.group.size; }

/// Every rank passes `stream` bytes to its successor: the port carries it once, and so does each uplink, shared by the
/// groups that leave the domain there.
Seconds ring_transfer(const Cluster& c, const Placement& p, Bytes stream) {
  Seconds time;
  if (port_members(p) > 1 || pcie(c)) time = stream / (c.port_achieved * usable_port(c, p));
  for (std::size_t i = 0; i < p.levels.size(); ++i) {
    if (crosses(p, i)) time = max(time, stream * p.levels[i].sharers / c.domains[i].achieved);
  }
  return time;
}

/// What the wires allow at best: `through_port` bytes at each GPU, and of every group's `result` the part that lies
/// outside a domain must enter it.
Seconds wire_bound(const Cluster& c, const Placement& p, Bytes through_port, Bytes result) {
  Seconds bound;
  if (port_members(p) == p.group.size || pcie(c)) bound = through_port / (c.port_peak * usable_port(c, p));
  for (std::size_t i = 0; i < p.levels.size(); ++i) {
    if (!crosses(p, i)) continue;
    const double outside = static_cast<double>(p.group.size - p.levels[i].members) / p.group.size;
    bound = max(bound, result * (outside * p.levels[i].sharers) / c.domains[i].peak);
  }
  return bound;
}

/// Inside a server and between servers.
struct Latencies {
  double near, far;
};
Latencies hops(const Cluster& c, const Placement& p, int protocol, const nccl::ByProtocol& nvlink,
               const nccl::ByProtocol& pci, const nccl::ByProtocol& net) {
  const auto i = static_cast<std::size_t>(protocol);
  const bool simple = protocol == nccl::kSimple;
  double near = pcie(c) ? pci[i] : nvlink[i];
  if (p.nodes > 1) {
    const double overhead = nccl::net_overhead(c.cpu == CpuVendor::amd) * (simple ? 3 : 1);
    near = std::max(near, overhead);
  }
  return {near, net[i] + c.nic_latency.value() * (simple ? 2 : 1)};
}
Latencies ring_hops(const Cluster& c, const Placement& p, int protocol) {
  const bool one_gpu_a_node = p.nodes == p.group.size;
  return hops(c, p, protocol, nccl::kRingNvlinkHop, nccl::kRingPciHop,
              one_gpu_a_node ? nccl::kTreeNetHop : nccl::kRingNetHop);
}
Latencies send_hops(const Cluster& c, const Placement& p) {
  return hops(c, p, nccl::kSimple, nccl::kRingNvlinkHop, nccl::kRingPciHop, nccl::kRingNetHop);
}
Latencies tree_hops(const Cluster& c, const Placement& p, int protocol) {
  return hops(c, p, protocol, nccl::kTreeNvlinkHop, nccl::kTreePciHop, nccl::kTreeNetHop);
}

double ring_latency(const Cluster& c, const Placement& p, int protocol, int steps, int steps_between_nodes) {
  const Latencies hop = ring_hops(c, p, protocol);
  return nccl::kRingBase[static_cast<std::size_t>(protocol)] + (steps - steps_between_nodes) * hop.near +
         steps_between_nodes * hop.far;
}

double ll_cap(const Cluster& c, const Placement& p) {
  const auto cap =
      p.nodes > 1 ? nccl::ll_cap_across_nodes(c.cpu == CpuVendor::amd, p.nodes) : nccl::ll_cap_one_node(c.gpu.arch);
  return cap.value();
}

/// Share of the bus that a protocol reaches; zero where NCCL does not use it.
double protocol_share(const Cluster& c, const Placement& p, int protocol, const nccl::ByProtocol& shares, double bus) {
  if (protocol == nccl::kLL128 && pcie(c)) return 0;
  const double share = shares[static_cast<std::size_t>(protocol)];
  return protocol == nccl::kLL ? std::min(share, ll_cap(c, p) / bus) : share;
}

double ring_share(const Cluster& c, const Placement& p, int protocol, double bus) {
  return protocol_share(c, p, protocol, nccl::kRingShare, bus);
}
double tree_share(const Cluster& c, const Placement& p, int protocol, double bus) {
  const double share = protocol_share(c, p, protocol, nccl::kTreeShare, bus);
  return protocol == nccl::kLL128 && share > 0 && p.nodes > 1 ? nccl::kTreeLL128AcrossNodes : share;
}

/// Takes a protocol if it is faster, or the first one.
void take_faster(CollectiveCost& best, Seconds latency, Seconds transfer, int protocol) {
  const Seconds so_far = best.total();
  if (so_far != Seconds{} && !(latency + transfer < so_far)) return;
  best.latency = latency;
  best.transfer = transfer;
  best.protocol = static_cast<Protocol>(protocol);
}

/// The fastest protocol of a ring with `rounds` passes of (p-1) steps: one for all-gather, two for all-reduce.
CollectiveCost ring_cost(const Cluster& c, const Placement& p, Bytes message, int rounds) {
  const int size = p.group.size;
  if (size < 2) return {};
  const Bytes stream = message * (rounds * (size - 1.0) / size);
  const Seconds wire = ring_transfer(c, p, stream);
  const Seconds bound = wire_bound(c, p, stream, message * rounds);
  const double bus = stream.value() / wire.value();
  const int between = p.nodes > 1 ? rounds * (p.nodes - 1) : 0;
  CollectiveCost best{{}, {}, bound, Algorithm::ring};
  for (int protocol = nccl::kLL; protocol <= nccl::kSimple; ++protocol) {
    const double share = ring_share(c, p, protocol, bus);
    if (share <= 0) continue;
    const Seconds latency{ring_latency(c, p, protocol, rounds * (size - 1), between)};
    take_faster(best, latency, wire / share, protocol);
  }
  return best;
}

/// Every GPU of a tree passes the buffer up and down. Two trees halve it; of two nodes each sends one half up and the
/// other down, of more the inner nodes of a tree have two children below them.
Seconds tree_transfer(const Cluster& c, const Placement& p, Bytes message) {
  Seconds time;
  if (port_members(p) > 1 || pcie(c)) time = 2 * message / (c.port_achieved * usable_port(c, p));
  for (std::size_t i = 0; i < p.levels.size(); ++i) {
    if (!crosses(p, i)) continue;
    const int parts = (p.group.size + p.levels[i].members - 1) / p.levels[i].members;
    time = max(time, message * (parts == 2 ? 1 : 2) * p.levels[i].sharers / c.domains[i].achieved);
  }
  return time;
}

int doublings(int nodes) { return static_cast<int>(std::bit_width(static_cast<unsigned>(nodes))) - 1; }

CollectiveCost tree_cost(const Cluster& c, const Placement& p, Bytes message) {
  const Seconds wire = tree_transfer(c, p, message);
  const double bus = 2 * message.value() / wire.value();
  const int per_node = std::max(1, p.group.size / p.nodes);
  CollectiveCost best{{}, {}, {}, Algorithm::tree};
  for (int protocol = nccl::kLL; protocol <= nccl::kSimple; ++protocol) {
    const double share = tree_share(c, p, protocol, bus) * nccl::tree_correction(protocol, message);
    if (share <= 0) continue;
    const Latencies hop = tree_hops(c, p, protocol);
    const double latency = nccl::kTreeBase[static_cast<std::size_t>(protocol)] +
                           2 * ((per_node - 1) * hop.near + doublings(p.nodes) * hop.far);
    take_faster(best, Seconds{latency}, wire / share, protocol);
  }
  return best;
}

/// In one NVLink domain, or as NVLSTree over several of which each has the same part of the group.
bool has_nvls(const Cluster& c, const Placement& p) {
  return c.port_achieved_nvls > BytesPerSecond{} && port_members(p) > 1 && p.group.size == p.nodes * port_members(p);
}

Seconds all_reduce_bound(const Cluster& c, const Placement& p, Bytes message) {
  const bool in_switch = c.port_achieved_nvls > BytesPerSecond{};
  const int size = p.group.size;
  return wire_bound(c, p, in_switch ? message : message * (2 * (size - 1.0) / size), 2 * message);
}

/// What reaches a GPU of what its port carries: it reads its nth of the buffer from the switch and receives the whole.
double nvls_share(int gpus) {
  const double heads = std::min(gpus, nccl::kNvlsMostHeads);
  return heads / (heads + 1);
}

/// In the switch (NVLS), and by trees between the NICs where the group spans several (NVLSTree). `port_achieved_nvls`
/// is the bus bandwidth of a whole node's all-reduce. Without `fill` it is the time by which NCCL chooses; with it also
/// the time until all stages of the pipeline (scatter, reduce and broadcast, gather; each hop of the tree) work on
/// their part of the buffer, which NCCL's model leaves out.
CollectiveCost nvls_cost(const Cluster& c, const Placement& p, Bytes message, bool fill) {
  const double bus_factor = 2 * (c.node_gpus - 1.0) / c.node_gpus;
  const double fewer = nvls_share(c.node_gpus) / nvls_share(port_members(p));
  const Seconds inside = message * bus_factor * fewer / c.port_achieved_nvls;
  Seconds latency{nccl::kNvlsLatency}, between;
  if (p.nodes > 1) {
    latency += Seconds{2 * doublings(p.nodes) * (nccl::kNvlsTreeNetHop + 2 * c.nic_latency.value())};
    for (std::size_t i = 0; i < p.levels.size(); ++i) {
      if (!crosses(p, i)) continue;
      between = max(between, message * (p.nodes == 2 ? 1 : 2) * p.levels[i].sharers / c.domains[i].achieved);
    }
  }
  if (fill) {
    const double lanes = nccl::nvls_channels(c.gpu.arch, p.nodes > 1) * std::min(port_members(p), nccl::kNvlsMostHeads);
    const double bytes = message.value();
    const double chunk = p.nodes > 1 ? nccl::nvls_tree_chunk(bytes, lanes, p.nodes) : nccl::nvls_chunk(bytes, lanes);
    const double part = std::min(1.0, lanes * chunk / bytes);
    latency += (2 * inside + 2 * doublings(p.nodes) * max(inside, between)) * part;
  }
  return {latency, max(inside, between), Seconds{}, Algorithm::nvls};
}

/// By what was measured of this machine, never below the bound. The choice of algorithm comes before: NCCL makes it by
/// its constants.
void correct(const Cluster& c, const Placement& p, Op op, Bytes message, CollectiveCost& cost) {
  cost.mark = c.link_mark;
  if (c.measured.curves.empty()) return;
  const double bytes = step_bytes(op, cost.algorithm, message, p.group.size);
  const Correction by = correction(c.measured, op, cost.algorithm, cost.protocol, p.nodes > 1, p.group.size, bytes);
  if (!by.known) return;
  cost.latency = cost.latency * by.latency;
  cost.transfer = max(cost.transfer * by.transfer, cost.bound - cost.latency);
  cost.mark = by.inside ? Mark::calibrated : Mark::extrapolated;
}

/// NCCL's choice among ring, tree and NVLS.
CollectiveCost chosen_all_reduce(const Cluster& c, const Placement& p, Bytes message) {
  CollectiveCost best = ring_cost(c, p, message, 2);
  const CollectiveCost tree = tree_cost(c, p, message);
  if (tree.total() < best.total()) best = tree;
  if (has_nvls(c, p) && nvls_cost(c, p, message, false).total() < best.total()) best = nvls_cost(c, p, message, true);
  best.bound = all_reduce_bound(c, p, message);
  return best;
}

int members(const Domain& domain, Group group, int machine_gpus) {
  const int block = group.size * group.stride;
  int inside = std::gcd(block, domain.gpus);
  if (machine_gpus <= domain.gpus) return group.size;
  if (machine_gpus <= block && block % domain.gpus != 0) inside = block % domain.gpus;
  return std::clamp(inside / group.stride, 1, group.size);
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
    if (domain.uplink == Domain::Uplink::nics) p.nodes = (group.size + inside - 1) / inside;
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
  CollectiveCost cost = chosen_all_reduce(c, p, message);
  correct(c, p, Op::all_reduce, message, cost);
  return cost;
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
  CollectiveCost cost;
  if (!algorithm) {
    cost = reduces ? chosen_all_reduce(c, p, message) : ring_cost(c, p, message, 1);
  } else if (*algorithm == Algorithm::ring) {
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
