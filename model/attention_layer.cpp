#include "model/attention_layer.hpp"

namespace ithaca {

AttentionLayer attention_layer(const Transformer& model, const Workload& work, const Cluster& cluster,
                               const Layout& layout, bool backward) {
  Workload once = work;
  once.recompute = Recompute::none;
  const RankSplit rank = split_rank(model, once, layout);
  const TrainingTraffic traffic = layer_traffic(model, once, cluster, layout, rank, place_groups(cluster, layout));
  LayerKernels kernels;
  kernels.forward = attention_kernels(model, once, cluster.gpu, layout, rank, false);
  kernels.backward = attention_kernels(model, once, cluster.gpu, layout, rank, true);
  const LayerPasses passes = layer_passes(work, layout, traffic.forward, traffic.backward, kernels);

  const Pass& pass = backward ? passes.backward : passes.forward;
  const KernelTimes& times = backward ? kernels.backward : kernels.forward;
  const Flop forward = executed_forward_flops(model, once, layout, rank).attention / layout.sequence();
  const auto dtype = static_cast<std::size_t>(once.dtype == Dtype::fp8 ? Dtype::bf16 : once.dtype);
  const Seconds least = forward * (backward ? 2.5 : 1.0) / cluster.gpu.peak[dtype];
  return {times.attention, times.memory_bound, pass.comm, pass.exposed,
          max(least, (backward ? traffic.backward : traffic.forward).bound)};
}

}  // namespace ithaca
