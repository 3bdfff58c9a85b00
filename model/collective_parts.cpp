#include "model/collective_parts.hpp"

#include <algorithm>
#include <bit>

namespace ithaca::parts {

bool pcie(const Cluster& c) { return c.scale_up == ScaleUp::pcie; }

int port_members(const Placement& p) { return p.levels.empty() ? p.group.size : p.levels[0].members; }

double usable_port(const Cluster& c, const Placement& p) {
  if (c.scale_up != ScaleUp::mesh || c.node_gpus < 2) return 1;
  const int peers = std::max(1, port_members(p) - 1);
  return std::min(1.0, static_cast<double>(peers) / (c.node_gpus - 1));
}

bool crosses(const Placement& p, std::size_t level) { return p.levels[level].members < p.group.size; }

Seconds ring_transfer(const Cluster& c, const Placement& p, Bytes stream) {
  Seconds time;
  if (port_members(p) > 1 || pcie(c)) time = stream / (c.port_achieved * usable_port(c, p));
  for (std::size_t i = 0; i < p.levels.size(); ++i) {
    if (crosses(p, i)) time = max(time, stream * p.levels[i].sharers / c.domains[i].achieved);
  }
  return time;
}

namespace {

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

}  // namespace

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

namespace {

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
  if (protocol == nccl::kLL128 && (pcie(c) || (p.nodes > 1 && !c.ll128_across_nodes))) return 0;
  const double share = shares[static_cast<std::size_t>(protocol)];
  return protocol == nccl::kLL ? std::min(share, ll_cap(c, p) / bus) : share;
}

}  // namespace

double ring_share(const Cluster& c, const Placement& p, int protocol, double bus) {
  return protocol_share(c, p, protocol, nccl::kRingShare, bus);
}

double tree_share(const Cluster& c, const Placement& p, int protocol, double bus) {
  const double share = protocol_share(c, p, protocol, nccl::kTreeShare, bus);
  return protocol == nccl::kLL128 && share > 0 && p.nodes > 1 ? nccl::kTreeLL128AcrossNodes : share;
}

namespace {

/// Takes a protocol if it is faster, or the first one.
void take_faster(CollectiveCost& best, Seconds latency, Seconds transfer, int protocol) {
  const Seconds so_far = best.total();
  if (so_far != Seconds{} && !(latency + transfer < so_far)) return;
  best.latency = latency;
  best.transfer = transfer;
  best.protocol = static_cast<Protocol>(protocol);
}

}  // namespace

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
    const double plateau = rounds == 2 && p.nodes > 1 && protocol == nccl::kSimple ? nccl::ring_plateau(c.gpu.arch) : 1;
    const Seconds latency{ring_latency(c, p, protocol, rounds * (size - 1), between) * plateau};
    take_faster(best, latency, wire / share, protocol);
  }
  return best;
}

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

namespace {

int doublings(int nodes) { return static_cast<int>(std::bit_width(static_cast<unsigned>(nodes))) - 1; }

}  // namespace

Seconds tree_levels(const Cluster& c, const Placement& p, Bytes message) {
  Seconds hop;
  for (std::size_t i = 0; i < p.levels.size(); ++i) {
    if (crosses(p, i)) hop = max(hop, message * p.levels[i].sharers / c.domains[i].achieved);
  }
  return hop * (2 * doublings(p.nodes));
}

ConstantTimes constant_times(const Cluster& c, const Placement& p, Bytes message, const CollectiveCost& cost) {
  if (cost.algorithm != Algorithm::tree) return {cost.latency, cost.transfer};
  return {cost.latency, cost.transfer, cost.transfer * nccl::tree_correction(static_cast<int>(cost.protocol), message),
          tree_levels(c, p, message)};
}

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

bool has_nvls(const Cluster& c, const Placement& p) {
  return c.port_achieved_nvls > BytesPerSecond{} && port_members(p) > 1 && p.group.size == p.nodes * port_members(p);
}

Seconds all_reduce_bound(const Cluster& c, const Placement& p, Bytes message) {
  const bool in_switch = c.port_achieved_nvls > BytesPerSecond{};
  const int size = p.group.size;
  return wire_bound(c, p, in_switch ? message : message * (2 * (size - 1.0) / size), 2 * message);
}

namespace {

/// What reaches a GPU of what its port carries: it reads its nth of the buffer from the switch and receives the whole.
double nvls_share(int gpus) {
  const double heads = std::min(gpus, nccl::kNvlsMostHeads);
  return heads / (heads + 1);
}

}  // namespace

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

}  // namespace ithaca::parts
