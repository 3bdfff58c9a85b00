#include "model/step.hpp"

#include <algorithm>

#include "model/legality.hpp"
#include "model/model_flops.hpp"
#include "model/offload.hpp"
#include "model/stage_time.hpp"
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

  double micro_batches() const { return ithaca::micro_batches(work, layout); }
};

/// The stages that differ: first, second and last stand for all.
StaticVector<Stage, 3> stages(const Job& job) {
  StaticVector<Stage, 3> all;
  for (const int i : {0, 1, job.layout.pp - 1}) {
    if (i < job.layout.pp && (all.empty() || i > all[all.size() - 1].index))
      all.push_back(stage(job.model, job.layout, i));
  }
  return all;
}

/// Those between the second and the last are as slow as the second.
Seconds sum_over_stages(const StaticVector<StageTime, 3>& times, int pp) {
  Seconds sum;
  for (const StageTime& t : times) sum += t.pass();
  return pp > 3 ? sum + times[1].pass() * (pp - 3) : sum;
}

/// Time of all micro-batches through the pipeline: the slowest stage works on each, the others fill and drain.
/// Interleaving cuts filling and draining by the chunks of a stage (arXiv 2104.04473 section 2.2).
void add_pipeline(StepEstimate& e, const Job& job, const StageTime& slowest, Seconds all_stages) {
  const Layout& l = job.layout;
  const double micro = job.micro_batches();
  e.step.bubble = (all_stages - slowest.pass()) / l.virtual_pp;
  if (l.pp == 1) return;
  Collective message = stage_message(job.model, job.work, job.cluster, l, job.rank, job.groups);
  const Seconds once = message.cost.total();
  const double both_ways = 2 * micro * l.virtual_pp;
  if (!job.work.overlap.pipeline) e.step.exposed_comm += once * both_ways;
  e.step.bubble += once * (2.0 * (l.pp - 1));
  message.count = static_cast<int>(both_ways);
  message.sent = message.received = message.sent_mean = message.sent * both_ways;
  message.nic = message.nic * both_ways;
  message.cost = {message.cost.latency * both_ways, message.cost.transfer * both_ways, message.cost.bound * both_ways};
  e.pipeline.add(message);
  e.step.comm += e.pipeline.time;
}

/// What follows the backward: reduction of gradients, the optimizer, updated weights.
void add_update(StepEstimate& e, const Job& job, const StageTime& slowest, const ShardTimes& shard,
                const LayerWeights& trained, const Stage& stage) {
  const double layers = std::max<double>(1, static_cast<double>(stage.layers()));
  const Seconds beside = (slowest.backward + slowest.host_backward) * ((layers - 1) / layers);
  const Seconds reduction =
      job.work.overlap.gradients ? max(shard.at_end - beside, shard.at_end / layers) : shard.at_end;
  e.step.exposed_comm += reduction + shard.update + tied_embedding_time(job.model, job.work, job.cluster, job.layout);
  e.step.comm += e.parameters.time;
  e.step.optimizer = optimizer_time(job.work, job.cluster.gpu, job.layout, trained);
}

/// What goes to and from host memory: beside the layers' compute as far as that lasts, around the update not at all.
void add_offload(StepEstimate& e, const Job& job, const LayerWeights& trained, const Stage& stage) {
  const Gpu& gpu = job.cluster.gpu;
  const HostTraffic traffic = host_traffic(job.model, job.work, job.layout, job.rank, stage);
  const Seconds layers = host_link_time(gpu, traffic.layers), update = host_link_time(gpu, traffic.update);
  e.step.comm += layers + update;
  e.step.exposed_comm += max(layers - e.step.compute, Seconds{}) + update;
  if (job.work.offload.optimizer) e.step.optimizer = host_adam_time(job.cluster, job.layout, trained);
}

void add_compute(StepEstimate& e, const StageTime& slowest, double micro) {
  const KernelTimes all = slowest.kernels * micro;
  e.parts = {all.gemm, all.attention, all.memory_bound, all.imbalance};
  e.step.compute = all.total() + slowest.host() * micro;
  e.step.exposed_comm += slowest.exposed * micro;
  e.step.comm += slowest.comm * micro;
}

void add_times(StepEstimate& e, const Job& job, const LayerCosts& costs) {
  const auto all = stages(job);
  LayerWeights largest, trained;
  for (const Stage& s : all) {
    const LayerWeights w = stage_weights(job.rank, s), t = stage_trained(job.rank, s);
    if (w.total() > largest.total()) largest = w;
    if (t.total() > trained.total()) trained = t;
  }
  const ShardTimes shard = add_sharding(job.model, job.work, job.cluster, job.layout, job.rank, job.groups, largest,
                                        trained, all[0], e.parameters);
  StaticVector<StageTime, 3> times;
  std::size_t slowest = 0;
  for (const Stage& s : all) {
    times.push_back(stage_time(job.model, job.work, job.cluster, job.layout, job.rank, job.groups, costs, shard, s));
    if (times[times.size() - 1].pass() > times[slowest].pass()) slowest = times.size() - 1;
  }
  add_compute(e, times[slowest], job.micro_batches());
  add_pipeline(e, job, times[slowest], sum_over_stages(times, job.layout.pp));
  add_update(e, job, times[slowest], shard, trained, all[slowest]);
  add_offload(e, job, trained, all[slowest]);
  e.step.time = e.step.compute + e.step.exposed_comm + e.step.bubble + e.step.optimizer;
}

/// Of all layers for one micro-batch of one replica.
Flop layers_flops(const Job& job) {
  const Workload& w = job.work;
  const double again = w.recompute == Recompute::full ? 1.0 / w.recompute_every : 0;
  const double core_again = w.recompute == Recompute::none || w.flash ? again : std::max(again, 1.0);
  Flop sum;
  for (const LayerKind kind : {LayerKind::dense, LayerKind::moe}) {
    const double layers = static_cast<double>(layers_of(job.model, kind));
    if (layers == 0) continue;
    const ExecutedFlops once = executed_forward_flops(job.model, w, job.layout, job.rank, kind);
    sum += (once.matrices * (3 + again) + once.frozen * (2 + again) +
            once.attention * (1 + core_again + (w.flash ? 2.5 : 2))) *
           layers;
  }
  return sum;
}

/// Of a layer's collectives with the wires at their peak; every k-th layer repeats those of its forward.
Seconds wire_bound(const StepEstimate& e, const Workload& work) {
  Seconds sum = e.forward.bound;
  for (const Collective& c : e.backward.collectives)
    sum += c.cost.bound * (c.recomputed ? 1.0 / work.recompute_every : 1);
  return sum;
}

void add_flops_and_bound(StepEstimate& e, const Job& job) {
  e.model_flops = model_step_flops(job.model, job.work, true);
  e.model_flops_full_attention = model_step_flops(job.model, job.work, false);
  const Flop head = head_flops(job.model, job.layout, job.rank) * (job.rank.ends_trained ? 3 : 2);
  e.executed_flops = (layers_flops(job) + head) * (job.micro_batches() * job.layout.dp);
  const FlopPerSecond peak = job.cluster.gpu.peak[static_cast<std::size_t>(job.work.dtype)];
  const double layers = static_cast<double>(job.model.layers) / job.layout.pp;
  const Seconds wires = wire_bound(e, job.work) * (layers * job.micro_batches());
  e.step.bound = max(e.executed_flops / (peak * e.active_gpus), wires);
}

}  // namespace

Result<StepEstimate, Refusal> estimate_step(const Transformer& model, const Workload& work, const Cluster& cluster,
                                            const Layout& layout, TrafficRule traffic) {
  if (const auto refusal = check_layout(model, work, cluster, layout)) return *refusal;
  const Job job{model, work, cluster, layout, split_rank(model, work, layout), place_groups(cluster, layout)};
  Result<StepEstimate, Refusal> result = StepEstimate{};  // filled in place: it is kilobytes
  StepEstimate& e = result.value();
  e.layout = layout;
  e.active_gpus = layout.gpus();
  e.padded_seq = Tokens{job.rank.padded_seq};
  e.paper_elements = paper_elements(model, work, layout);
  const LayerCosts costs = layer_costs(model, work, cluster, layout, job.rank, job.groups, traffic);
  const TrainingTraffic& main = costs[static_cast<std::size_t>(main_kind(model))].traffic;
  e.forward = main.forward;
  e.backward = main.backward;
  add_times(e, job, costs);
  add_flops_and_bound(e, job);
  e.memory = peak_memory(model, work, cluster, layout, job.rank);
  return result;
}

}  // namespace ithaca
