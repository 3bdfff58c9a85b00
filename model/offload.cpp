#include "model/offload.hpp"

#include <algorithm>

#include "model/activations.hpp"
#include "model/step_parts.hpp"

namespace ithaca {
namespace {

/// ZeRO-Offload, arXiv 2101.06840 table 4: CPU-Adam steps 10^10 parameters in 2.57 s on the two sockets of a DGX-2
/// (quoted, not read again).
constexpr double kAdamPerSecond = 1e10 / 2.57;

double owned(const LayerWeights& w, const Layout& l, int from_stage) {
  const double shards = l.zero >= from_stage ? l.dp * l.sequence() : 1;
  return w.shared / shards + w.experts / std::max(1.0, shards / l.ep);
}

}  // namespace

HostTraffic host_traffic(const Transformer& model, const Workload& work, const Layout& layout, const RankSplit& rank,
                         const Stage& stage) {
  HostTraffic t;
  const Offload& off = work.offload;
  const double micro = micro_batches(work, layout), element = element_bytes(work.dtype);
  const LayerWeights w = stage_weights(rank, stage);
  if (off.checkpoints) {
    for (const LayerKind kind : {LayerKind::dense, LayerKind::moe}) {
      if (stage.layers(kind) == 0) continue;
      const Bytes kept = kept_activations(model, work, rank, kind) * (static_cast<double>(stage.layers(kind)) * micro);
      t.layers.down += kept;
      t.layers.up += kept;
    }
  }
  if (off.parameters) t.layers.up += Bytes{2 * micro * element * owned(w, layout, 3)};
  if (off.optimizer) {
    const double gradient = work.fp32_gradients ? 4 : element;
    const LayerWeights trained = stage_trained(rank, stage);
    t.update.down = Bytes{gradient * owned(trained, layout, 2) * (layout.zero >= 2 ? micro : 1)};
    if (!off.parameters) t.update.up = Bytes{element * owned(trained, layout, 1)};
  }
  return t;
}

Seconds host_link_time(const Gpu& gpu, const HostTraffic::Ways& ways) {
  const Bytes longer = max(ways.down, ways.up);
  return longer == Bytes{} ? Seconds{} : longer / gpu.host_link;
}

Seconds host_adam_time(const Cluster& cluster, const Layout& layout, const LayerWeights& weights) {
  const int sharing = std::max(1, std::min(cluster.node_gpus, layout.gpus()));
  return Seconds{owned(weights, layout, 1) * sharing / kAdamPerSecond};
}

}  // namespace ithaca
