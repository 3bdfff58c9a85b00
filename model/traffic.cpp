#include "model/traffic.hpp"

#include <algorithm>

namespace ithaca {
namespace {

/// Everything that the collectives of one layer are made of.
struct Layer {
  const Transformer& model;
  const Workload& work;
  const Cluster& cluster;
  const Layout& layout;
  const RankSplit& rank;
  const RankGroups& groups;
  LayerKind kind;

  double element() const { return element_bytes(work.dtype); }
  /// Bytes of one head of the rank's own tokens: the mean over Q, K and V, or the output's. Exact where d_v = d or
  /// every query head has its own KV head.
  Bytes head_slice(Tensor tensor) const {
    const double d = static_cast<double>(model.head_dim), value = static_cast<double>(model.value_head());
    const double q = static_cast<double>(rank.heads), kv = static_cast<double>(rank.split.kv_copies);
    const double width = tensor == Tensor::qkv ? (q * d + kv * (d + value)) / (q + 2 * kv) : value;
    return Bytes{element() * static_cast<double>(rank.tokens) * width};
  }
};

Bytes times(Bytes slice, std::int64_t heads) { return slice * static_cast<double>(heads); }

/// One of the two all-to-alls. Backward runs it the other way round: what was sent is received.
Collective all_to_all(const Layer& l, Tensor tensor, const HeadSplit::Exchange& exchange, bool backward) {
  const double ranks = l.layout.ulysses;
  const bool from_token_slices = (tensor == Tensor::qkv) != backward;  // a rank's own tokens of every head go out
  const std::int64_t heads = l.rank.heads + (tensor == Tensor::qkv ? 2 * l.rank.split.kv_copies : 0);
  const Bytes slice = l.head_slice(tensor);
  Collective c{.op = Op::all_to_all,
               .tensor = tensor,
               .group = l.layout.ulysses,
               .cost = all_to_all_cost(l.cluster, l.groups.ulysses, times(slice, exchange.busiest))};
  c.sent = times(slice, backward ? exchange.received : exchange.sent);
  c.received = times(slice, backward ? exchange.sent : exchange.received);
  c.sent_mean = times(slice, heads) * ((ranks - 1) / ranks);
  c.message = from_token_slices ? times(slice, heads) : c.sent * (ranks / (ranks - 1));
  c.nic = nic_bytes(l.cluster, l.groups.ulysses, c.op, c.sent);
  if (l.layout.chunks > 1) {
    c.count = l.layout.chunks;
    c.message = c.message / l.layout.chunks;
    c.cost.latency = c.cost.latency * l.layout.chunks;
  }
  return c;
}

/// The tp group's full activation gathered or reduced, which costs a ring the same; without sequence parallelism both
/// at once, as an all-reduce.
Collective tp_exchange(const Layer& l) {
  const int ranks = l.layout.tp;
  Collective c{.op = l.layout.tp_sequence ? Op::all_gather : Op::all_reduce, .group = ranks};
  c.message = Bytes{l.element() * static_cast<double>(l.rank.tokens) * static_cast<double>(l.model.hidden)};
  const double passes = l.layout.tp_sequence ? 1 : 2;
  c.sent = c.received = c.sent_mean = c.message * (passes * (ranks - 1.0) / ranks);
  c.nic = nic_bytes(l.cluster, l.groups.tp, c.op, c.sent);
  c.cost = l.layout.tp_sequence ? all_gather_cost(l.cluster, l.groups.tp, c.message)
                                : all_reduce_cost(l.cluster, l.groups.tp, c.message);
  return c;
}

/// So many of a collective, one after the other.
CollectiveCost in_a_row(const CollectiveCost& once, int count) {
  return {once.latency * count, once.transfer * count, once.bound * count};
}

/// `hops` sends of the rank's K and V block (or of their gradients) to the next rank of a ring placed as `at`.
Collective ring_hops(const Layer& l, const Placement& at, Tensor tensor, double element, int hops) {
  const double block = static_cast<double>(l.work.micro_batch * l.rank.block_tokens);
  const double width = static_cast<double>(l.rank.split.max_kv * (l.model.head_dim + l.model.value_head()));
  const Bytes message{element * block * width};
  Collective c{.op = Op::send_recv,
               .tensor = tensor,
               .overlapped = true,
               .group = at.group.size,
               .count = hops,
               .message = message,
               .cost = in_a_row(send_recv_cost(l.cluster, at, message), hops)};
  c.sent = c.received = c.sent_mean = c.message * hops;
  c.nic = nic_bytes(l.cluster, at, c.op, c.sent);
  return c;
}

/// A double ring goes round its inner ring between two hops of the outer one (LoongTrain, arXiv 2406.18485).
void add_hops(LayerTraffic& traffic, const Layer& l, Tensor tensor, double element, int hops) {
  const int inner = l.layout.inner_ring;
  if (inner == 1 || inner == l.layout.ring) {
    traffic.add_made([&] { return ring_hops(l, l.groups.ring, tensor, element, hops); });
    return;
  }
  const int outer = hops / inner;
  traffic.add_made([&] { return ring_hops(l, l.groups.inner_ring, tensor, element, hops - outer); });
  traffic.add_made([&] { return ring_hops(l, l.groups.outer_ring, tensor, element, outer); });
}

/// K and V of every rank of the ring gathered at once (or their gradients reduced home), exposed.
Collective kv_gather(const Layer& l, Op op, Tensor tensor) {
  const double ranks = l.layout.ring;
  const double block = static_cast<double>(l.work.micro_batch * l.rank.block_tokens);
  const double width = static_cast<double>(l.rank.split.max_kv * (l.model.head_dim + l.model.value_head()));
  Collective c{.op = op, .tensor = tensor, .group = l.layout.ring};
  c.message = Bytes{l.element() * block * width * ranks};
  c.sent = c.received = c.sent_mean = c.message * ((ranks - 1) / ranks);
  c.nic = nic_bytes(l.cluster, l.groups.ring, op, c.sent);
  c.cost = op == Op::all_gather ? all_gather_cost(l.cluster, l.groups.ring, c.message)
                                : reduce_scatter_cost(l.cluster, l.groups.ring, c.message);
  return c;
}

/// One of K and V (or of their gradients) all the way round, or its gradient of the whole sequence summed.
Collective one_tensor(const Layer& l, Op op, Tensor tensor) {
  const double ranks = l.layout.ring;
  const double block = static_cast<double>(l.work.micro_batch * l.rank.block_tokens);
  const Bytes slice{l.element() * block * static_cast<double>(l.rank.split.max_kv * l.model.head_dim)};
  const bool ring = op == Op::send_recv;
  const int hops = ring ? l.layout.ring - 1 : 1;
  Collective c{.op = op, .tensor = tensor, .group = l.layout.ring, .count = hops};
  c.message = ring ? slice : slice * ranks;
  c.sent = c.received = c.sent_mean = ring ? slice * hops : c.message * (2 * (ranks - 1) / ranks);
  c.nic = nic_bytes(l.cluster, l.groups.ring, op, c.sent);
  const CollectiveCost once =
      ring ? send_recv_cost(l.cluster, l.groups.ring, slice) : all_reduce_cost(l.cluster, l.groups.ring, c.message);
  c.cost = in_a_row(once, hops);
  return c;
}

/// A token to each of its top_k experts, or back. The busiest rank receives `imbalance` times the mean.
Collective expert_exchange(const Layer& l) {
  const double ranks = l.layout.ep;
  const double copies = static_cast<double>(l.rank.norm_tokens) * static_cast<double>(l.model.experts.top_k);
  Collective c{.op = Op::all_to_all, .tensor = Tensor::tokens, .group = l.layout.ep};
  c.message = Bytes{l.element() * copies * static_cast<double>(l.model.hidden)};
  c.sent = c.sent_mean = c.message * ((ranks - 1) / ranks);
  c.received = c.sent * l.model.experts.imbalance;
  c.nic = nic_bytes(l.cluster, l.groups.expert, c.op, c.sent);
  c.cost = all_to_all_cost(l.cluster, l.groups.expert, c.received);
  return c;
}

/// Adds the tp group's exchanges, all of one cost.
class TpExchanges {
 public:
  TpExchanges(const Layer& layer)
      : on_(layer.layout.tp > 1), split_(layer.layout.tp_sequence), beside_(split_ && layer.work.overlap.tensor) {
    if (on_) exchange_ = tp_exchange(layer);
  }
  /// Into a tensor-parallel block and out of it: with sequence parallelism a gather before and a reduction behind;
  /// without, an all-reduce behind.
  void before(LayerTraffic& traffic, Tensor tensor, bool overlapped = false) {
    if (split_) add(traffic, Op::all_gather, tensor, overlapped);
  }
  void behind(LayerTraffic& traffic, Tensor tensor) {
    add(traffic, split_ ? Op::reduce_scatter : Op::all_reduce, tensor, false);
  }

 private:
  void add(LayerTraffic& traffic, Op op, Tensor tensor, bool overlapped) {
    if (!on_) return;
    traffic.add_made([&] {
      Collective c = exchange_;
      c.op = op;
      c.tensor = tensor;
      c.overlapped = overlapped || beside_;
      return c;
    });
  }

  bool on_, split_, beside_;
  Collective exchange_;
};

bool by_ring_of_blocks(Strategy strategy) {
  return strategy != Strategy::cp_all_gather && strategy != Strategy::ring_self_attention;
}

void add_ring_forward(LayerTraffic& traffic, const Layer& l) {
  if (l.layout.ring == 1) return;
  if (by_ring_of_blocks(l.layout.strategy)) {
    add_hops(traffic, l, Tensor::kv_block, l.element(), l.layout.ring - 1);
  } else if (l.layout.strategy == Strategy::cp_all_gather) {
    traffic.add_made([&] { return kv_gather(l, Op::all_gather, Tensor::kv_block); });
  } else {
    traffic.add_made([&] { return one_tensor(l, Op::send_recv, Tensor::keys); });
    traffic.add_made([&] { return one_tensor(l, Op::send_recv, Tensor::values); });
  }
}

void add_ring_backward(LayerTraffic& traffic, const Layer& l) {
  if (l.layout.ring == 1) return;
  const bool fp32 = l.work.ring_gradient == RingGradient::fp32;
  const int hops = l.layout.ring - 1;
  if (by_ring_of_blocks(l.layout.strategy)) {
    add_hops(traffic, l, Tensor::kv_block, l.element(), hops);
    add_hops(traffic, l, Tensor::kv_gradient, fp32 ? 4.0 : l.element(), fp32 ? hops + 1 : hops);
  } else if (l.layout.strategy == Strategy::cp_all_gather) {
    traffic.add_made([&] { return kv_gather(l, Op::all_gather, Tensor::kv_block); });
    traffic.add_made([&] { return kv_gather(l, Op::reduce_scatter, Tensor::kv_gradient); });
  } else {
    // hpcaitech/ColossalAI legacy/nn/layer/parallel_sequence/_operation.py: both rings again, whole dK and dV summed.
    traffic.add_made([&] { return one_tensor(l, Op::send_recv, Tensor::values); });
    traffic.add_made([&] { return one_tensor(l, Op::all_reduce, Tensor::values); });
    traffic.add_made([&] { return one_tensor(l, Op::send_recv, Tensor::keys); });
    traffic.add_made([&] { return one_tensor(l, Op::all_reduce, Tensor::keys); });
  }
}

void add_all_to_all(LayerTraffic& traffic, const Layer& l, Tensor tensor, bool backward) {
  if (l.layout.ulysses == 1) return;
  traffic.add_made(
      [&] { return all_to_all(l, tensor, tensor == Tensor::qkv ? l.rank.split.qkv : l.rank.split.output, backward); });
}

/// Dispatch to the experts and what comes back.
void add_experts(LayerTraffic& traffic, const Layer& l) {
  if (l.kind != LayerKind::moe || l.layout.ep == 1) return;
  const Collective c = expert_exchange(l);
  traffic.add(c);
  traffic.add(c);
}

void add_forward(LayerTraffic& traffic, const Layer& l, TpExchanges& tp) {
  tp.before(traffic, Tensor::attention_input);
  add_all_to_all(traffic, l, Tensor::qkv, false);
  add_ring_forward(traffic, l);
  add_all_to_all(traffic, l, Tensor::attention_output, false);
  tp.behind(traffic, Tensor::attention_output);
  add_experts(traffic, l);
  tp.before(traffic, Tensor::mlp_input);
  tp.behind(traffic, Tensor::mlp_output);
}

/// In each of a layer's two blocks Megatron-SP mirrors the forward's pair and gathers the stored sharded input once
/// more for the weight gradient, behind the input gradient's GEMM. Plain tensor parallelism reduces the input gradient.
void add_backward(LayerTraffic& traffic, const Layer& l, TpExchanges& tp) {
  tp.before(traffic, Tensor::mlp_output);
  tp.before(traffic, Tensor::mlp_input, true);
  tp.behind(traffic, Tensor::mlp_input);
  add_experts(traffic, l);
  tp.before(traffic, Tensor::attention_output);
  tp.before(traffic, Tensor::attention_input, true);
  add_all_to_all(traffic, l, Tensor::attention_output, true);
  add_ring_backward(traffic, l);
  add_all_to_all(traffic, l, Tensor::qkv, true);
  tp.behind(traffic, Tensor::attention_input);
}

}  // namespace

std::string_view name(Tensor tensor) {
  switch (tensor) {
    case Tensor::qkv: return "qkv";
    case Tensor::attention_output: return "attention_output";
    case Tensor::attention_input: return "attention_input";
    case Tensor::mlp_input: return "mlp_input";
    case Tensor::mlp_output: return "mlp_output";
    case Tensor::kv_block: return "kv_block";
    case Tensor::kv_gradient: return "kv_gradient";
    case Tensor::parameters: return "parameters";
    case Tensor::gradients: return "gradients";
    case Tensor::keys: return "keys";
    case Tensor::values: return "values";
    case Tensor::tokens: return "tokens";
    case Tensor::hidden: return "hidden";
    case Tensor::queries: break;
  }
  return "queries";
}

TrainingTraffic layer_traffic(const Transformer& model, const Workload& work, const Cluster& cluster,
                              const Layout& layout, const RankSplit& rank, const RankGroups& groups, LayerKind kind) {
  const Layer layer{model, work, cluster, layout, rank, groups, kind};
  TpExchanges tp(layer);
  TrainingTraffic traffic;
  add_forward(traffic.forward, layer, tp);
  if (work.recompute == Recompute::full) {
    traffic.backward = traffic.forward;
    for (Collective& c : traffic.backward.collectives) c.recomputed = true;
  }
  add_backward(traffic.backward, layer, tp);
  return traffic;
}

Collective stage_message(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout,
                         const RankSplit& rank, const RankGroups& groups) {
  const Bytes hidden{element_bytes(work.dtype) * static_cast<double>(rank.tokens * model.hidden)};
  Collective c{.op = Op::send_recv, .tensor = Tensor::hidden, .group = layout.pp};
  c.overlapped = work.overlap.pipeline;
  c.message = c.sent = c.received = c.sent_mean = hidden / layout.tp;
  c.nic = nic_bytes(cluster, groups.pipeline, c.op, c.sent);
  c.cost = send_recv_cost(cluster, groups.pipeline, c.message);
  if (layout.tp == 1 || layout.tp_sequence) return c;
  const CollectiveCost gather = all_gather_cost(cluster, groups.tp, hidden);
  c.cost.latency += gather.latency;
  c.cost.transfer += gather.transfer;
  c.cost.bound += gather.bound;
  return c;
}

double paper_elements(const Transformer& model, const Workload& work, const Layout& layout) {
  const double tokens = static_cast<double>(work.seq_len.count);
  const double heads = layout.tp * layout.ulysses;
  double elements = 0;
  if (layout.tp > 1) elements += 4 * tokens / layout.sequence() * static_cast<double>(model.hidden);
  if (layout.ulysses > 1) elements += 4 * tokens / (heads * layout.ring) * static_cast<double>(model.query_width());
  if (layout.ring > 1) elements += 2 * tokens * static_cast<double>(model.kv_width()) / heads;
  return elements;
}

}  // namespace ithaca
