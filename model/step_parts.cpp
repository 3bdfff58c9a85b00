#include "model/step_parts.hpp"

#include "model/lora.hpp"

namespace ithaca {
namespace {

double gradient_bytes(const Workload& work) { return work.fp32_gradients ? 4 : element_bytes(work.dtype); }

/// Times of a layer's collectives that compute waits for and that it can hide.
struct Waits {
  Seconds blocking{}, hops{}, gathers{};
};
/// Of the pass itself and of what repeats the forward.
struct TrafficWaits {
  Waits own, repeated;
};
TrafficWaits waits_of(const LayerTraffic& traffic) {
  TrafficWaits sums;
  for (const Collective& c : traffic.collectives) {
    Waits& of = c.recomputed ? sums.repeated : sums.own;
    Seconds& hidden = c.op == Op::send_recv ? of.hops : of.gathers;
    (c.overlapped ? hidden : of.blocking) += c.cost.total();
  }
  return sums;
}

/// GEMM time beside which a tp group's exchanges run: all chunks of the sequence but one (Transformer Engine's user
/// buffers), or, of Megatron-SP's backward alone, the input gradients, half of it, for the second gather.
Seconds beside_products(const Workload& work, const Layout& layout, const Waits& w, const KernelTimes& kernels,
                        bool backward) {
  if (work.overlap.tensor) return min(w.gathers, kernels.gemm) * ((layout.tp - 1.0) / layout.tp);
  return backward ? min(w.gathers, kernels.gemm * 0.5) : Seconds{};
}

/// A ring hop hides behind the attention of the block before it.
Pass strategy_pass(const Workload& work, const Layout& layout, const Waits& w, const KernelTimes& kernels,
                   bool backward) {
  const Seconds comm = w.blocking + (w.hops + w.gathers);
  const Seconds beside_attention = min(w.hops, kernels.attention_hop * (layout.ring - 1));
  return {kernels.total(), comm, comm - (beside_attention + beside_products(work, layout, w, kernels, backward))};
}

Pass operator+(const Pass& a, const Pass& b) { return {a.compute + b.compute, a.comm + b.comm, a.exposed + b.exposed}; }

}  // namespace

double micro_batches(const Workload& work, const Layout& layout) {
  return static_cast<double>(work.global_batch) / static_cast<double>(layout.dp * work.micro_batch);
}

LayerKernels layer_kernels(const Transformer& model, const Workload& work, const Gpu& gpu, const Layout& layout,
                           const RankSplit& rank, LayerKind kind) {
  LayerKernels k{
      layer_forward(model, work, gpu, layout, rank, kind), layer_backward(model, work, gpu, layout, rank, kind), {}};
  if (work.recompute == Recompute::full) {
    k.repeats = 1.0 / work.recompute_every;
    k.repeated = k.forward * k.repeats;
  }
  if (work.recompute == Recompute::selective && !work.flash) {
    k.repeated = core_forward(model, work, gpu, layout, rank);
  }
  return k;
}

LayerPasses layer_passes(const Workload& work, const Layout& layout, const LayerTraffic& forward,
                         const LayerTraffic& backward, const LayerKernels& kernels) {
  const TrafficWaits there = waits_of(forward), back = waits_of(backward);
  Pass repeated = strategy_pass(work, layout, back.repeated, kernels.repeated, false);
  if (kernels.repeats > 0) {
    repeated.comm = repeated.comm * kernels.repeats;
    repeated.exposed = repeated.exposed * kernels.repeats;
  }
  return {strategy_pass(work, layout, there.own, kernels.forward, false),
          repeated + strategy_pass(work, layout, back.own, kernels.backward, true)};
}

ShardCalls shard_calls(const Workload& work, const Layout& layout, int ranks, const ShardedWeights& w) {
  ShardCalls calls;
  if (ranks == 1 || w.all == 0) return calls;
  const double weight = element_bytes(work.dtype), gradient = gradient_bytes(work);
  const double micro = micro_batches(work, layout), passes = w.layers * micro;
  if (layout.zero == 3) {
    const double frozen = work.lora_rank > 0 ? frozen_bytes(work) : weight;
    calls.gather = {Op::all_gather, Bytes{weight * w.trained_layer + frozen * (w.layer - w.trained_layer)}, 2 * passes};
    calls.gather_ends = {Op::all_gather, Bytes{weight * w.ends}, 2 * micro};
  }
  if (layout.zero >= 2) {
    calls.reduce = {Op::reduce_scatter, Bytes{gradient * w.trained_layer}, passes};
    calls.reduce_ends = {Op::reduce_scatter, Bytes{gradient * w.trained_ends}, micro};
  } else {
    calls.reduce_all = {layout.zero == 1 ? Op::reduce_scatter : Op::all_reduce, Bytes{gradient * w.trained_all}, 1};
  }
  if (layout.zero == 1 || layout.zero == 2) calls.gather_all = {Op::all_gather, Bytes{weight * w.trained_all}, 1};
  if (w.ends == 0) calls.gather_ends.count = 0;
  if (w.trained_ends == 0) calls.reduce_ends.count = 0;
  if (w.trained_layer == 0) calls.reduce.count = 0;
  if (w.trained_all == 0) calls.reduce_all.count = calls.gather_all.count = 0;
  return calls;
}

ShardCalls shard_calls(const Transformer& model, const Workload& work, const Layout& layout, const RankSplit& rank) {
  const double layer = rank.dense_layer.shared, layers = static_cast<double>(model.layers);
  const double ends = rank.embedding_weights + rank.head_weights;
  const double trained = rank.dense_trained.shared, trained_ends = rank.ends_trained ? ends : 0;
  return shard_calls(
      work, layout, layout.dp * layout.sequence(),
      {layer, ends, layers * layer + ends, layers, trained, trained_ends, layers * trained + trained_ends});
}

Bytes head_message(const Transformer& model, const Workload& work, const RankSplit& rank) {
  return Bytes{element_bytes(work.dtype) * static_cast<double>(rank.tokens * model.hidden)};
}

Seconds optimizer_time(const Workload& work, const Gpu& gpu, const Layout& layout, const LayerWeights& weights) {
  const double weight = element_bytes(work.dtype), gradient = gradient_bytes(work);
  const int shards = layout.zero >= 1 ? layout.dp * layout.sequence() : 1;
  const double owned = weights.shared / shards + weights.experts / (layout.zero >= 1 ? shards / layout.ep : 1);
  const double adam = (weight == 4 ? 16 : 24) + gradient + weight;
  const double scale_and_norm = 2 * gradient + gradient;
  return memory_time(gpu, Bytes{(adam + scale_and_norm) * owned});
}

}  // namespace ithaca
