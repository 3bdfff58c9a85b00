#pragma once
// What waits in host memory crosses the GPU's link to its host: bytes and time of one step.

#include "model/cluster.hpp"
#include "model/layout.hpp"
#include "model/quantity.hpp"
#include "model/split.hpp"
#include "model/workload.hpp"

namespace ithaca {

/// Of one GPU and one step. `layers` goes while layers compute: their stored inputs down and up again, weights up for
/// the forward and for the backward. `update` does not: gradients down after each backward, new weights up.
struct HostTraffic {
  struct Ways {
    Bytes down{}, up{};  ///< to the host, to the GPU
  };
  Ways layers, update;
};
HostTraffic host_traffic(const Transformer& model, const Workload& work, const Layout& layout, const RankSplit& rank,
                         const Stage& stage);

/// Both ways at once, each at the link's rate.
Seconds host_link_time(const Gpu& gpu, const HostTraffic::Ways& ways);

/// Adam on the CPUs of a node, which its GPUs share.
Seconds host_adam_time(const Cluster& cluster, const Layout& layout, const LayerWeights& weights);

}  // namespace ithaca
