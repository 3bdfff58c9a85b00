#include "model/inference_pass.hpp"

#include <algorithm>
#include <cmath>

#include "model/cache_kernels.hpp"
#include "model/kv_cache.hpp"
#include "model/layer_streaming.hpp"

namespace ithaca {
namespace {

constexpr std::array kKinds{LayerKind::dense, LayerKind::moe};

std::size_t index(LayerKind kind) { return static_cast<std::size_t>(kind); }

/// One pass of a micro-batch.
struct PassJob {
  const Transformer& model;
  const Workload& work;
  const Cluster& cluster;
  const Layout& layout;
  RankSplit rank;
  RankGroups groups;

  double element() const { return element_bytes(work.dtype); }
  double ranks() const { return layout.tp * layout.sequence(); }
  bool sharded() const { return layout.zero == 3; }
};

PassJob make_job(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout) {
  return {model, work, cluster, layout, split_rank(model, work, layout), place_groups(cluster, layout)};
}

Seconds gather_time(const PassJob& job, double shared, double experts, double element) {
  if (!job.sharded()) return {};
  const auto gather = [&](const Placement& group, double weights) {
    return weights > 0 ? all_gather_cost(job.cluster, group, Bytes{element * weights}).total() : Seconds{};
  };
  return gather(job.groups.shard, shared) + gather(job.groups.expert_shard, experts);
}

/// Hidden states around the embedding and logits behind the head, over tp; without ZeRO's gathers of their weights.
void add_ends(const PassJob& job, double logit_rows, PassCosts& costs) {
  const Layout& l = job.layout;
  const Placement& tp = job.groups.tp;
  const double hidden = job.element() * real(job.model.hidden), vocab = real(job.model.vocab);
  costs.embedding.memory_bound = memory_time(job.cluster.gpu, Bytes{2 * hidden * real(job.rank.norm_tokens)});
  const Gemm head{static_cast<std::int64_t>(logit_rows), job.rank.vocab, job.model.hidden, 1};
  const Dtype dtype = job.work.dtype == Dtype::fp8 ? Dtype::bf16 : job.work.dtype;
  costs.head_weights = Bytes{job.element() * real(job.rank.vocab * job.model.hidden)};
  costs.head.gemm =
      max(gemm_time(job.cluster.gpu, head, dtype), weight_read_time(job.cluster.gpu, costs.head_weights, 1));
  costs.head_executed = flops(head);
  costs.embedding_comm = gather_time(job, job.rank.embedding_weights, 0, job.element());
  costs.head_comm = gather_time(job, job.rank.head_weights, 0, job.element());
  if (l.tp == 1) return;
  const Bytes rows{hidden * real(job.rank.tokens)};
  costs.embedding_comm += l.tp_sequence ? reduce_scatter_cost(job.cluster, tp, rows).total()
                                        : all_reduce_cost(job.cluster, tp, rows).total();
  costs.head_comm += all_gather_cost(job.cluster, tp, Bytes{job.element() * logit_rows * vocab}).total();
}

void add_stage_message(const PassJob& job, PassCosts& costs) {
  if (job.layout.pp == 1) return;
  const Collective message = stage_message(job.model, job.work, job.cluster, job.layout, job.rank, job.groups);
  costs.stage_message = message.cost.total();
  costs.stage_bound = message.cost.bound;
}

/// Expected experts of a rank that `tokens` evenly routed tokens reach.
double reached_experts(const Experts& e, double on_rank, double tokens) {
  const double missed = 1 - real(e.top_k) / real(e.count);
  return on_rank * (1 - std::pow(missed, tokens));
}

/// Only the experts that a token reaches are read. Gives their share of the rank's.
double keep_reached_experts(const PassJob& job, RankSplit& rank) {
  const Experts& e = job.model.experts;
  const double on_rank = real(rank.experts), tokens = real(rank.tokens) * job.layout.ep;
  const double reached = reached_experts(e, on_rank, tokens);
  const double copies = tokens * real(e.top_k) / real(e.count) * on_rank * e.imbalance;
  rank.experts = static_cast<std::int64_t>(std::ceil(reached - 1e-9));
  rank.expert_rows = static_cast<std::int64_t>(std::ceil(copies / real(rank.experts)));
  return reached / on_rank;
}

/// Matrix products of a layer: qkv (latents: down and up), output, up and down; router and shared experts more.
int products(const Transformer& m, LayerKind kind) {
  const int attention = 2 + (m.is_latent() ? (m.latent.query_rank > 0 ? 3 : 2) : 0);
  if (kind == LayerKind::dense) return attention + 2;
  return attention + 3 + (m.experts.shared_ffn > 0 ? 2 : 0);
}

Bytes layer_weights(const PassJob& job, LayerKind kind, double reached) {
  const LayerWeights& w = weights(job.rank, kind);
  return Bytes{weight_bytes(job.work.dtype) * (w.shared + w.experts * reached)};
}

/// Every rank of the all-to-all keeps the latents of all its tokens: they are gathered over it.
void add_latent_gather(const PassJob& job, LayerTraffic& traffic) {
  const Layout& l = job.layout;
  if (!job.model.is_latent() || l.ulysses == 1) return;
  const double tokens = real(job.work.micro_batch * job.rank.block_tokens);
  Collective c{.op = Op::all_gather, .tensor = Tensor::kv_block, .group = l.ulysses};
  c.message = Bytes{job.element() * tokens * cache_width(job.model)};
  c.sent = c.received = c.sent_mean = c.message * ((l.ulysses - 1.0) / l.ulysses);
  c.nic = nic_bytes(job.cluster, job.groups.ulysses, c.op, c.sent);
  c.cost = all_gather_cost(job.cluster, job.groups.ulysses, c.message);
  traffic.add(c);
}

PassLayer prefill_layer(const PassJob& job, LayerKind kind) {
  const Gpu& gpu = job.cluster.gpu;
  PassLayer layer;
  layer.kernels = layer_forward(job.model, job.work, gpu, job.layout, job.rank, kind);
  layer.traffic = layer_traffic(job.model, job.work, job.cluster, job.layout, job.rank, job.groups, kind).forward;
  add_latent_gather(job, layer.traffic);
  layer.weights = layer_weights(job, kind, 1);
  layer.kernels.gemm = max(layer.kernels.gemm, weight_read_time(gpu, layer.weights, products(job.model, kind)));
  const ExecutedFlops executed = executed_forward_flops(job.model, job.work, job.layout, job.rank, kind);
  layer.executed = (executed.matrices + executed.attention) / job.ranks();
  return layer;
}

void finish_layer(const PassJob& job, LayerKind kind, PassLayer& layer) {
  LayerKernels kernels;
  kernels.forward = layer.kernels;
  layer.pass = layer_passes(job.work, job.layout, layer.traffic, {}, kernels).forward;
  const LayerWeights& w = weights(job.rank, kind);
  layer.gather = gather_time(job, w.shared, w.experts, weight_bytes(job.work.dtype));
}

/// Elements of a query as it meets the cache, and of its result: with latents both are as wide as these, as the
/// expansion of keys and values is multiplied into the query and the result (arXiv 2405.04434 section 2.1.2).
std::int64_t query_elements(const Transformer& m) {
  return m.is_latent() ? m.latent.kv_rank + m.latent.rope_dim : m.head_dim;
}
std::int64_t result_elements(const Transformer& m) { return m.is_latent() ? m.latent.kv_rank : m.value_head(); }

/// Queries of one rank's tokens, for the heads that it has after the all-to-all.
Bytes query_slice(const PassJob& job) {
  return Bytes{job.element() * real(job.rank.block_tokens * job.rank.split.max_query * query_elements(job.model))};
}

Collective over_ring(const PassJob& job, Op op, Tensor tensor, Bytes message, Bytes sent) {
  Collective c{.op = op, .tensor = tensor, .group = job.layout.ring};
  c.message = message;
  c.sent = c.received = c.sent_mean = sent;
  c.nic = nic_bytes(job.cluster, job.groups.ring, op, sent);
  return c;
}

/// Queries to all ranks that keep a part of their sequences' tokens.
Collective queries_out(const PassJob& job) {
  const double hops = job.layout.ring - 1;
  const Bytes slice = query_slice(job);
  if (job.layout.strategy == Strategy::cp_all_gather) {
    Collective c = over_ring(job, Op::all_gather, Tensor::queries, slice * (hops + 1), slice * hops);
    c.cost = all_gather_cost(job.cluster, job.groups.ring, c.message);
    return c;
  }
  Collective c = over_ring(job, Op::send_recv, Tensor::queries, slice, slice * hops);
  c.overlapped = true;
  c.count = job.layout.ring - 1;
  c.cost = send_recv_cost(job.cluster, job.groups.ring, slice);
  c.cost = {c.cost.latency * hops, c.cost.transfer * hops, c.cost.bound * hops};
  return c;
}

/// Partial results of every head, with a log-sum-exp in fp32, back to the rank of the query.
Collective results_home(const PassJob& job) {
  const double width = job.element() * real(result_elements(job.model)) + 4;
  const Bytes slice{width * real(job.rank.block_tokens * job.rank.split.max_query)};
  const double peers = job.layout.ring - 1;
  Collective c = over_ring(job, Op::all_to_all, Tensor::attention_output, slice * (peers + 1), slice * peers);
  c.cost = all_to_all_cost(job.cluster, job.groups.ring, c.sent);
  return c;
}

/// Sequences and context that attention reads the cache of.
struct CacheReads {
  double sequences, context, element;
};

void add_cache_attention(const PassJob& job, const CacheReads& reads, PassLayer& layer) {
  const Transformer& m = job.model;
  const double density = m.attention_density;
  layer.cache = cache_bytes(m, job.layout, job.rank, reads.sequences, reads.context, 1, reads.element) * density;
  const double tokens = reads.sequences * cached_tokens(m, job.layout, reads.context) * density;
  const double width = real(query_elements(m) + result_elements(m));
  const Flop work{2 * width * tokens * real(job.rank.split.max_query)};
  // A kernel over parts of the keys and one that joins them (FlashDecoding), for each set of queries that comes round.
  const int calls = job.layout.strategy == Strategy::cp_all_gather ? 1 : job.layout.ring;
  layer.kernels.attention = cache_attention_time(job.cluster.gpu, layer.cache, work, job.work.dtype, 2 * calls);
  layer.kernels.attention_hop = layer.kernels.attention / calls;
  const double even = real(job.rank.heads) / real(job.rank.split.max_query * job.layout.ulysses);
  layer.kernels.imbalance = layer.kernels.attention * (1 - even);
  layer.executed += work;
}

PassLayer decode_layer(const PassJob& job, LayerKind kind, const CacheReads& reads) {
  const Gpu& gpu = job.cluster.gpu;
  RankSplit rank = job.rank;
  const double reached = kind == LayerKind::moe ? keep_reached_experts(job, rank) : 1;
  Layout without_ring = job.layout;
  without_ring.ring = without_ring.inner_ring = 1;
  PassLayer layer;
  layer.kernels = layer_forward(job.model, job.work, gpu, job.layout, rank, kind);
  layer.kernels.memory_bound = fused_streaming_time(job.model, job.work, gpu, job.layout, rank, kind);
  layer.weights = layer_weights(job, kind, reached);
  layer.kernels.gemm = max(layer.kernels.gemm, weight_read_time(gpu, layer.weights, products(job.model, kind)));
  layer.executed = executed_forward_flops(job.model, job.work, job.layout, rank, kind).matrices / job.ranks();
  add_cache_attention(job, reads, layer);
  layer.traffic = layer_traffic(job.model, job.work, job.cluster, without_ring, rank, job.groups, kind).forward;
  if (job.layout.ring > 1) {
    layer.traffic.add(queries_out(job));
    layer.traffic.add(results_home(job));
  }
  return layer;
}

/// Sums over the layers of all stages, and those of the slowest.
struct PassSums {
  KernelTimes kernels;
  Seconds comm{}, exposed{}, wires{};
  Flop executed{};
  Bytes read{};
  Seconds time() const { return kernels.total() + exposed; }
};

PassSums stage_sums(const PassCosts& costs, const Stage& stage) {
  PassSums sums;
  for (const LayerKind kind : kKinds) {
    const double layers = real(stage.layers(kind));
    const PassLayer& l = costs.layers[index(kind)];
    sums.kernels += l.kernels * layers;
    sums.comm += (l.pass.comm + l.gather) * layers;
    sums.exposed += max(l.pass.exposed, l.gather + l.pass.comm - l.pass.compute) * layers;
    sums.wires += l.traffic.bound * layers;
    sums.executed += l.executed * layers;
    sums.read += (l.weights + l.cache) * layers;
  }
  const auto add_end = [&](const KernelTimes& kernels, Seconds comm) {
    sums.kernels += kernels;
    sums.comm += comm;
    sums.exposed += comm;
  };
  if (stage.first) add_end(costs.embedding, costs.embedding_comm);
  if (stage.last) add_end(costs.head, costs.head_comm);
  if (stage.last) sums.executed += costs.head_executed;
  if (stage.last) sums.read += costs.head_weights;
  return sums;
}

void add_stage(const PassSums& stage, double times, PassSums& all) {
  all.kernels += stage.kernels * times;
  all.comm += stage.comm * times;
  all.exposed += stage.exposed * times;
  all.wires += stage.wires * times;
  all.executed += stage.executed * times;
  all.read += stage.read * times;
}

}  // namespace

Workload decode_workload(const Workload& work) {
  Workload tokens = work;
  tokens.seq_len = Tokens{work.micro_batch};
  tokens.micro_batch = 1;
  return tokens;
}

Layout decode_layout(Layout layout) {
  if (layout.strategy == Strategy::megatron_sp) layout.strategy = Strategy::tensor_parallel;
  layout.tp_sequence = false;
  layout.zigzag = false;
  return layout;
}

PassCosts prefill_costs(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout) {
  const PassJob job = make_job(model, work, cluster, layout);
  PassCosts costs;
  for (const LayerKind kind : kKinds) {
    if (layers_of(model, kind) == 0) continue;
    costs.layers[index(kind)] = prefill_layer(job, kind);
    finish_layer(job, kind, costs.layers[index(kind)]);
  }
  add_ends(job, real(work.micro_batch), costs);
  add_stage_message(job, costs);
  return costs;
}

PassCosts decode_costs(const Transformer& model, const Workload& work, const Inference& inference,
                       const Cluster& cluster, const Layout& layout, double context) {
  const Workload tokens = decode_workload(work);
  const PassJob job = make_job(model, tokens, cluster, layout);
  const CacheReads reads{real(work.micro_batch), context, inference.cache_element};
  PassCosts costs;
  for (const LayerKind kind : kKinds) {
    if (layers_of(model, kind) == 0) continue;
    costs.layers[index(kind)] = decode_layer(job, kind, reads);
    finish_layer(job, kind, costs.layers[index(kind)]);
  }
  add_ends(job, real(job.rank.tokens), costs);
  add_stage_message(job, costs);
  return costs;
}

InferencePass run_pass(const Transformer& model, const Cluster& cluster, const Workload& work, const Layout& layout,
                       const PassCosts& costs, double micro_batches) {
  PassSums all;
  PassSums slowest;
  for (int i = 0; i < layout.pp; ++i) {
    const PassSums stage = stage_sums(costs, ithaca::stage(model, layout, i));
    add_stage(stage, 1, all);
    if (stage.time() > slowest.time()) slowest = stage;
  }
  const double hops = layout.pp - 1, again = micro_batches - 1;
  add_stage(slowest, again, all);
  const Gpu& gpu = cluster.gpu;
  InferencePass pass;
  pass.layer = costs.layers[index(main_kind(model))].traffic;
  pass.parts = {all.kernels.gemm, all.kernels.attention, all.kernels.memory_bound, all.kernels.imbalance};
  pass.compute = all.kernels.total();
  pass.comm = all.comm + costs.stage_message * (hops + again * (hops > 0));
  pass.exposed = all.exposed + costs.stage_message * (hops + again * (hops > 0));
  pass.time = pass.compute + pass.exposed;
  pass.read = all.read;
  const FlopPerSecond peak = gpu.peak[static_cast<std::size_t>(work.dtype)];
  const Seconds stages = costs.stage_bound * hops;
  pass.bound = max(max(all.executed / peak, all.read / gpu.memory_rate), all.wires + stages);
  return pass;
}

}  // namespace ithaca
