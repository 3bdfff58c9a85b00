#pragma once
// NCCL's own tuner constants (NVIDIA/nccl v2.28.9-1 src/graph/tuning.cc, src/enqueue.cc, src/include/comm.h): the
// default latencies of the cost model. Latencies in seconds, rates in bytes/s, indexed by protocol LL, LL128, Simple.

#include <algorithm>
#include <array>
#include <bit>
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
inline constexpr double kNvlsTreeNetHop = 20.9e-6;

/// Bandwidth of a protocol as a share of the bus; LL is also capped.
inline constexpr ByProtocol kRingShare{0.5, 0.92, 1.0};
inline constexpr ByProtocol kTreeShare{1.0 / 3.8, 0.92 * 7 / 9, 0.92};  // LL128: 15/16 of 0.92 across nodes
inline constexpr double kTreeLL128AcrossNodes = 0.92 * 15 / 16;

/// tuning.cc's correction of a tree's bandwidth: by protocol, at messages of 64 B and each doubling up to 512 MiB.
inline constexpr double kTreeCorrection[3][24] = {
    {1, 1, 1, 1, .9, .8, .7, .7, .7, .7, .6, .5, .4, .4, .5, .6, .7, .8, .9, 1, 1, 1, 1, 1},
    {1, 1, 1, 1, 1, .9, .8, .8, .8, .7, .6, .6, .6, .6, .6, .6, .8, .9, .9, .9, .9, 1, 1, 1},
    {.9, .9, .9, .9, .9, .9, .9, .8, .7, .6, .6, .5, .5, .5, .5, .6, .7, .8, .7, .7, .8, .9, .9, .9}};
constexpr double tree_correction(int protocol, Bytes message) {
  if (message.value() >= static_cast<double>(64LL << 24)) return 1;
  const auto blocks = static_cast<std::uint64_t>(message.value() / 64);
  return kTreeCorrection[protocol][std::max(0, static_cast<int>(std::bit_width(blocks)) - 1)];
}
/// tuning.cc's factor on the latency of an all-reduce by ring Simple across nodes.
constexpr double ring_plateau(int arch) { return arch < 80 ? 1.9 : 1.4; }
/// Channels of NVLS (transport/nvls.cc).
constexpr int nvls_channels(int arch, bool across_nodes) {
  if (arch < 100) return 16;
  return across_nodes ? 32 : 24;
}
/// Heads of NVLS: GPUs that reduce a part each (NCCL_MAX_NVLS_ARITY in device.h).
inline constexpr int kNvlsMostHeads = 32;
/// Bytes that a channel and head pass on at once (enqueue.cc, calcCollChunking); `lanes` are channels times heads.
constexpr double nvls_chunk(double message, double lanes) {
  double chunk = 131072;
  if (message < 64 * lanes * chunk) chunk = 65536;
  if (message < 8 * lanes * chunk) chunk = 32768;
  if (message < 2 * lanes * chunk) chunk = 16384;
  return chunk;
}
constexpr double nvls_tree_chunk(double message, double lanes, int nodes) {
  double chunk = nodes >= 4 ? 65536 : 131072;
  if (message < 4 * lanes * chunk) chunk = std::min(chunk, 65536.0);
  if (message < lanes * chunk) chunk = std::min(chunk, 32768.0);
  return chunk;
}

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
