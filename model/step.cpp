#include "model/step.hpp"

#include "model/legality.hpp"
#include "model/model_flops.hpp"
#include "model/step_parts.hpp"

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
  double micro_batches() const { return ithaca::micro_batches(work, layout); }
  int shards() const { return layout.dp * layout.sequence(); }
};

/// What a layer waits for. ZeRO's collectives run beside compute but share the wires with the strategy's own.
Seconds waits(const Pass& pass, Seconds sharding) { return max(pass.exposed, sharding + pass.comm - pass.compute); }

Collective shard_collective(const Job& job, const ShardCall& call) {
  const auto [op, message, count] = call;
  const double ranks = job.shards();
  Collective c{.op = op, .tensor = op == Op::all_gather ? Tensor::parameters : Tensor::gradients};
  c.overlapped = true;
  c.group = job.shards();
  c.count = static_cast<int>(count);
  c.message = message;
  const double factor = (op == Op::all_reduce ? 2 : 1) * (ranks - 1) / ranks * count;
  c.sent = c.received = c.sent_mean = c.message * factor;
  c.nic = nic_bytes(job.cluster, job.groups.shard, op, c.sent);
  const auto cost = op == Op::all_gather       ? all_gather_cost(job.cluster, job.groups.shard, c.message)
                    : op == Op::reduce_scatter ? reduce_scatter_cost(job.cluster, job.groups.shard, c.message)
                                               : all_reduce_cost(job.cluster, job.groups.shard, c.message);
  c.cost = {cost.latency * count, cost.transfer * count, cost.bound * count};
  return c;
}

/// Times of ZeRO's collectives.
struct Sharding {
  Seconds gather{};  ///< weights of one layer
  Seconds reduce{};  ///< gradients of one layer, where each micro-batch reduces
  Seconds ends{};    ///< embedding and head, per micro-batch, exposed: nothing runs beside the first gather
  Seconds at_end{};  ///< gradients of the whole step, hidden behind the last backward
  Seconds update{};  ///< updated weights, exposed
};

Sharding add_sharding(const Job& job, LayerTraffic& traffic) {
  const auto add = [&](const ShardCall& call) {
    if (call.count == 0) return Seconds{};
    const Collective c = shard_collective(job, call);
    traffic.add(c);
    return c.cost.total() / call.count;
  };
  const ShardCalls calls = shard_calls(job.model, job.work, job.layout, job.rank);
  Sharding s;
  s.gather = add(calls.gather);
  s.ends = add(calls.gather_ends) + s.gather;
  s.reduce = add(calls.reduce);
  s.ends += add(calls.reduce_ends);
  s.at_end = add(calls.reduce_all);
  s.update = add(calls.gather_all);
  return s;
}

Seconds head_exchange(const Job& job) {
  if (job.layout.tp == 1) return {};
  const Bytes hidden = head_message(job.model, job.work, job.rank);
  return all_gather_cost(job.cluster, job.groups.tp, hidden).total() * 2 +
         reduce_scatter_cost(job.cluster, job.groups.tp, hidden).total();
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
  const LayerKernels k = layer_kernels(job.model, job.work, job.cluster.gpu, job.layout, job.rank);
  const KernelTimes ends = ends_both_ways(job.model, job.work, job.cluster.gpu, job.rank);
  add_parts(e, job, k, ends);
  const Sharding s = add_sharding(job, e.parameters);
  const auto [forward, backward] = layer_passes(job.layout, e.forward, e.backward, k);

  const double layers = job.layers(), micro = job.micro_batches();
  const Seconds backward_waits = waits(backward, s.gather + s.reduce) * layers;
  const Seconds backward_time = backward.compute * layers + backward_waits;
  const Seconds head = head_exchange(job);
  const Seconds reduction = max(s.at_end - backward_time * ((layers - 1) / layers), s.at_end / layers);
  e.step.exposed_comm =
      (waits(forward, s.gather) * layers + backward_waits + head + s.ends) * micro + reduction + s.update;
  e.step.comm = ((e.forward.time + e.backward.time) * layers + head) * micro + e.parameters.time;
  e.step.optimizer = optimizer_time(job.model, job.work, job.cluster.gpu, job.layout, job.rank);
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
