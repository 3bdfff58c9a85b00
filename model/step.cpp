#include "model/step.hpp"

#include <algorithm>

#include "model/layer_compute.hpp"
#include "model/legality.hpp"
#include "model/model_flops.hpp"

namespace ithaca {
namespace {

/// Everything that an estimate works with.
struct Job {
  const Transformer& model;
  const Workload& work;
  const Cluster& cluster;
  const Layout& layout;
  RankSplit rank;
  RankGroups groups;

  double layers() const { return static_cast<double>(model.layers); }
  double micro_batches() const {
    return static_cast<double>(work.global_batch) / static_cast<double>(layout.dp * work.micro_batch);
  }
  int shards() const { return layout.dp * layout.sequence(); }
};

/// One pass of one layer: time of its kernels, of its collectives, and what the overlap leaves of the latter.
struct Pass {
  Seconds compute{}, comm{}, exposed{};
};

Seconds time_of(const LayerTraffic& traffic, bool recomputed, bool overlapped) {
  Seconds sum;
  for (const Collective& c : traffic.collectives) {
    if (c.recomputed == recomputed && c.overlapped == overlapped) sum += c.cost.total();
  }
  return sum;
}

/// What a layer's overlappable collectives can hide behind: a ring hop behind the attention of the block before it, the
/// second gather of Megatron-SP's backward behind the input gradients, half of the backward's GEMM time.
Seconds hiding_place(const Job& job, const KernelTimes& kernels, bool backward) {
  if (job.layout.ring > 1) return kernels.attention_hop * (job.layout.ring - 1);
  return backward ? kernels.gemm * 0.5 : Seconds{};
}

Pass strategy_pass(const Job& job, const LayerTraffic& traffic, const KernelTimes& kernels, bool recomputed,
                   bool backward) {
  const Seconds blocking = time_of(traffic, recomputed, false), overlappable = time_of(traffic, recomputed, true);
  const Seconds hidden = min(overlappable, hiding_place(job, kernels, backward));
  return {kernels.total(), blocking + overlappable, blocking + overlappable - hidden};
}

Pass operator+(const Pass& a, const Pass& b) { return {a.compute + b.compute, a.comm + b.comm, a.exposed + b.exposed}; }

/// What a layer waits for. ZeRO's collectives run beside compute but share the wires with the strategy's own.
Seconds waits(const Pass& pass, Seconds sharding) { return max(pass.exposed, sharding + pass.comm - pass.compute); }

Collective shard_collective(const Job& job, Op op, double bytes, double count) {
  const double ranks = job.shards();
  Collective c{.op = op, .tensor = op == Op::all_gather ? Tensor::parameters : Tensor::gradients};
  c.overlapped = true;
  c.group = job.shards();
  c.count = static_cast<int>(count);
  c.message = Bytes{bytes};
  const double factor = (op == Op::all_reduce ? 2 : 1) * (ranks - 1) / ranks * count;
  c.sent = c.received = c.sent_mean = c.message * factor;
  c.nic = nic_bytes(job.cluster, job.groups.shard, op, c.sent);
  const auto cost = op == Op::all_gather       ? all_gather_cost(job.cluster, job.groups.shard, c.message)
                    : op == Op::reduce_scatter ? reduce_scatter_cost(job.cluster, job.groups.shard, c.message)
                                               : all_reduce_cost(job.cluster, job.groups.shard, c.message);
  c.cost = {cost.latency * count, cost.transfer * count, cost.bound * count};
  return c;
}

/// ZeRO's part of a step. Per micro-batch and layer: stage 3 gathers weights in forward and again in backward, stages 2
/// and 3 reduce gradients. Once a step: stages 0 and 1 reduce gradients, stages 1 and 2 gather the updated weights.
struct Sharding {
  Seconds gather{};  ///< weights of one layer
  Seconds reduce{};  ///< gradients of one layer, where each micro-batch reduces
  Seconds ends{};    ///< embedding and head, per micro-batch, exposed: nothing runs beside the first gather
  Seconds at_end{};  ///< gradients of the whole step, hidden behind the last backward
  Seconds update{};  ///< updated weights, exposed
};

Sharding add_sharding(const Job& job, LayerTraffic& traffic) {
  Sharding s;
  if (job.shards() == 1) return s;
  const int zero = job.layout.zero;
  const double weight = element_bytes(job.work.dtype), gradient = job.work.fp32_gradients ? 4 : weight;
  const double micro = job.micro_batches(), passes = job.layers() * micro;
  const auto add = [&](Op op, double bytes, double count) {
    const Collective c = shard_collective(job, op, bytes, count);
    traffic.add(c);
    return c.cost.total() / count;
  };
  const double layer = job.rank.layer_weights, ends = job.rank.other_weights, all = job.layers() * layer + ends;
  if (zero == 3) {
    s.gather = add(Op::all_gather, weight * layer, 2 * passes);
    s.ends = add(Op::all_gather, weight * ends, 2 * micro) + s.gather;
  }
  if (zero >= 2) {
    s.reduce = add(Op::reduce_scatter, gradient * layer, passes);
    s.ends += add(Op::reduce_scatter, gradient * ends, micro);
  } else {
    s.at_end = add(zero == 1 ? Op::reduce_scatter : Op::all_reduce, gradient * all, 1);
  }
  if (zero == 1 || zero == 2) s.update = add(Op::all_gather, weight * all, 1);
  return s;
}

/// Head and loss under tensor parallelism gather the hidden states, reduce their gradient and gather once more.
Seconds head_exchange(const Job& job) {
  if (job.layout.tp == 1) return {};
  const Bytes hidden{element_bytes(job.work.dtype) * static_cast<double>(job.rank.tokens * job.model.hidden)};
  return all_gather_cost(job.cluster, job.groups.tp, hidden).total() * 2 +
         reduce_scatter_cost(job.cluster, job.groups.tp, hidden).total();
}

/// Adam reads and writes master weights and two moments in fp32, reads the gradient and writes the weight.
Seconds optimizer_time(const Job& job) {
  const double weight = element_bytes(job.work.dtype);
  const double gradient = job.work.fp32_gradients ? 4 : weight;
  const double bytes = (weight == 4 ? 16 : 24) + gradient + weight;
  const double parameters = job.layers() * job.rank.layer_weights + job.rank.other_weights;
  const double owned = parameters / (job.layout.zero >= 1 ? job.shards() : 1);
  return memory_time(job.cluster.gpu, Bytes{bytes * owned});
}

struct LayerKernels {
  KernelTimes forward, backward, repeated;
};

LayerKernels layer_kernels(const Job& job) {
  const auto& [model, work, cluster, layout, rank, groups] = job;
  LayerKernels k{layer_forward(model, work, cluster.gpu, layout, rank),
                 layer_backward(model, work, cluster.gpu, layout, rank),
                 {}};
  if (work.recompute == Recompute::full) k.repeated = k.forward;
  if (work.recompute == Recompute::selective && !work.flash) {
    k.repeated = core_forward(model, work, cluster.gpu, layout, rank);
  }
  return k;
}

void add_parts(StepEstimate& e, const Job& job, const LayerKernels& k, const KernelTimes& ends) {
  KernelTimes all = k.forward;
  all += k.backward;
  all += k.repeated;
  all = all * job.layers();
  all += ends;
  all = all * job.micro_batches();
  e.parts = {all.gemm, all.attention, all.memory_bound, all.imbalance};
  e.step.compute = all.total();
}

void add_times(StepEstimate& e, const Job& job) {
  const LayerKernels k = layer_kernels(job);
  const KernelTimes ends = ends_both_ways(job.model, job.work, job.cluster.gpu, job.rank);
  add_parts(e, job, k, ends);
  const Sharding s = add_sharding(job, e.parameters);
  const Pass forward = strategy_pass(job, e.forward, k.forward, false, false);
  const Pass repeated = strategy_pass(job, e.backward, k.repeated, true, false);
  const Pass backward = repeated + strategy_pass(job, e.backward, k.backward, false, true);

  const double layers = job.layers(), micro = job.micro_batches();
  const Seconds backward_waits = waits(backward, s.gather + s.reduce) * layers;
  const Seconds backward_time = backward.compute * layers + backward_waits;
  const Seconds head = head_exchange(job);
  const Seconds reduction = max(s.at_end - backward_time * ((layers - 1) / layers), s.at_end / layers);
  e.step.exposed_comm =
      (waits(forward, s.gather) * layers + backward_waits + head + s.ends) * micro + reduction + s.update;
  e.step.comm = ((e.forward.time + e.backward.time) * layers + head) * micro + e.parameters.time;
  e.step.optimizer = optimizer_time(job);
  e.step.time = e.step.compute + e.step.exposed_comm + e.step.optimizer;
}

void add_flops_and_bound(StepEstimate& e, const Job& job) {
  e.model_flops = model_step_flops(job.model, job.work, true);
  e.model_flops_full_attention = model_step_flops(job.model, job.work, false);
  const ExecutedFlops once = executed_forward_flops(job.model, job.work, job.layout, job.rank);
  const double again = job.work.recompute == Recompute::full ? 1 : 0;
  const double core_again = job.work.recompute == Recompute::none || job.work.flash ? again : 1;
  const double backward = job.work.flash ? 2.5 : 2;
  const Flop layer = once.matrices * (3 + again) + once.attention * (1 + core_again + backward);
  e.executed_flops = (layer * job.layers() + once.head * 3) * (job.micro_batches() * job.layout.dp);
  const FlopPerSecond peak = job.cluster.gpu.peak[static_cast<std::size_t>(job.work.dtype)];
  const Seconds wires = (e.forward.bound + e.backward.bound) * (job.layers() * job.micro_batches());
  e.step.bound = max(e.executed_flops / (peak * e.active_gpus), wires);
}

}  // namespace

Result<StepEstimate, Refusal> estimate_step(const Transformer& model, const Workload& work, const Cluster& cluster,
                                            const Layout& layout) {
  if (const auto refusal = check_layout(model, work, cluster, layout)) return *refusal;
  const Job job{model, work, cluster, layout, split_rank(model, work, layout), place_groups(cluster, layout)};
  StepEstimate e;
  e.layout = layout;
  e.active_gpus = layout.gpus();
  e.padded_seq = Tokens{job.rank.padded_seq};
  e.paper_elements = paper_elements(model, work, layout);
  const TrainingTraffic traffic = layer_traffic(model, work, cluster, layout, job.rank, job.groups);
  e.forward = traffic.forward;
  e.backward = traffic.backward;
  add_times(e, job);
  add_flops_and_bound(e, job);
  e.memory = peak_memory(model, work, cluster, layout, job.rank);
  return e;
}

}  // namespace ithaca
