#pragma once
// The machine: one kind of GPU, how GPUs of a node are joined, and the nested domains around them.
// Rates are one way per GPU unless said otherwise. "peak" is the datasheet's wire rate, and bounds are made of it;
// "achieved" is what NCCL reaches with large messages, and estimates are made of it.

#include <string>

#include "model/collective_profile.hpp"
#include "model/gpu.hpp"
#include "model/mark.hpp"
#include "model/quantity.hpp"
#include "model/static_vector.hpp"

namespace ithaca {

/// How the GPUs of the innermost domain reach each other.
/// switched: any pair at the port's full rate (NVSwitch). mesh: one link to each other GPU (Infinity Fabric); `peak`
/// and `achieved` are the port's sum over all links. pcie: through host bridges, no NVLink.
enum class ScaleUp : std::uint8_t { switched, mesh, pcie };

enum class CpuVendor : std::uint8_t { intel, amd, arm };

/// A box of `gpus` consecutive GPUs whose traffic to the rest passes an uplink shared by them all: a socket, a node
/// with its NICs, a pod under an oversubscribed tier.
struct Domain {
  enum class Uplink : std::uint8_t { socket, nics, tier };
  Uplink uplink = Uplink::nics;
  int gpus = 0;
  BytesPerSecond peak{};      ///< of the whole uplink, one way
  BytesPerSecond achieved{};  ///< the same for rings and send/recv
  BytesPerSecond achieved_all_to_all{};
  int ports = 0;  ///< NICs, for Uplink::nics
};

struct Cluster {
  std::string name;
  Gpu gpu;
  ScaleUp scale_up = ScaleUp::switched;
  BytesPerSecond port_peak{};
  BytesPerSecond port_achieved{};  ///< ring collectives
  BytesPerSecond port_achieved_all_to_all{};
  BytesPerSecond port_achieved_nvls{};  ///< all-reduce in the switch (bus bandwidth); zero where there is none
  CpuVendor cpu = CpuVendor::intel;
  bool ll128_across_nodes = true;   ///< NCCL takes LL128 only if NICs are no further than a switch or NVLink from GPUs
  Seconds nic_latency{};            ///< added to NCCL's network latency at each hop between nodes
  StaticVector<Domain, 4> domains;  ///< inner to outer; empty for a single box without an inner border
  int node_gpus = 0;                ///< GPUs of one server or NVLink domain, the unit that NICs belong to
  int max_gpus = 0;                 ///< size of the installation; 0 where it is open-ended
  Bytes host_memory{};              ///< of one node; zero where it is not known
  Dollars price_per_gpu_hour{};
  Mark link_mark = Mark::datasheet;
  CollectiveProfile measured;  ///< of this machine's collectives; empty where nobody calibrated it
};

}  // namespace ithaca
