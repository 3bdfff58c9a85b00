#pragma once
// NCCL's own tuner constants (NVIDIA/nccl v2.28.9-1 src/graph/tuning.cc, src/enqueue.cc, src/include/comm.h): the
// default latencies of the cost model. Latencies in seconds, rates in bytes/s, indexed by protocol LL, LL128, Simple.

#include <array>
#include <cstdint>

#include "model/quantity.hpp"

namespace ithaca::nccl {

using ByProtocol = std::array<double, 3>;
inline constexpr int kLL = 0, kLL128 = 1, kSimple = 2;

inline constexpr ByProtocol kRingBase{6.6e-6, 14.0e-6, 8.4e-6};
inline constexpr ByProtocol kTreeBase{6.8e-6, 14.0e-6, 8.4e-6};
inline constexpr ByProtocol kRingNvlinkHop{0.6e-6, 1.9e-6, 3.4e-6};
inline constexpr ByProtocol kTreeNvlinkHop{0.6e-6, 1.25e-6, 4.0e-6};
inline constexpr ByProtocol kRingPciHop{1.0e-6, 2.5e-6, 5.7e-6};
inline constexpr ByProtocol kTreePciHop{1.0e-6, 1.9e-6, 4.0e-6};
inline constexpr ByProtocol kRingNetHop{2.7e-6, 4.0e-6, 14.0e-6};
inline constexpr ByProtocol kTreeNetHop{5.0e-6, 8.5e-6, 14.0e-6};
inline constexpr double kNvlsLatency = 25e-6;

/// Bandwidth of a protocol as a share of the bus; LL is also capped.
inline constexpr ByProtocol kRingShare{0.5, 0.92, 1.0};
inline constexpr ByProtocol kTreeShare{1.0 / 3.8, 0.92 * 7 / 9, 0.92};  // LL128: 15/16 of 0.92 across nodes
inline constexpr double kTreeLL128AcrossNodes = 0.92 * 15 / 16;

/// The cap of LL in one node by NCCL's GPU generation.
constexpr BytesPerSecond ll_cap_one_node(int arch) {
  if (arch >= 100) return BytesPerSecond{282e9};
  if (arch >= 90) return BytesPerSecond{141e9};
  if (arch >= 80) return BytesPerSecond{87.7e9};
  return BytesPerSecond{39e9};
}
/// The same across nodes, where the table goes by CPU: two nodes, and more.
constexpr BytesPerSecond ll_cap_across_nodes(bool amd_cpu, int nodes) {
  if (nodes <= 2) return BytesPerSecond{amd_cpu ? 22.5e9 : 39e9};
  return BytesPerSecond{amd_cpu ? 19e9 : 20.4e9};
}

/// CPU proxy's cost of a network message; Simple pays it three times in a ring.
constexpr double net_overhead(bool amd_cpu) { return amd_cpu ? 2e-6 : 1e-6; }
/// Send/recv peers that one group call keeps in flight over NVLink and over the network.
inline constexpr int kPeersInFlightNvlink = 16;
inline constexpr int kPeersInFlightNet = 128;

}  // namespace ithaca::nccl
