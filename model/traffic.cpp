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

  double element() const { return element_bytes(work.dtype); }
  /// Bytes of one head of the rank's own tokens.
  Bytes head_slice() const {
    return Bytes{element() * static_cast<double>(rank.tokens) * static_cast<double>(model.head_dim)};
  }
};

Bytes times(Bytes slice, std::int64_t heads) { return slice * static_cast<double>(heads); }

/// One of the two all-to-alls. Backward runs it the other way round: what was sent is received.
Collective all_to_all(const Layer& l, Tensor tensor, const HeadSplit::Exchange& exchange, bool backward) {
  const double ranks = l.layout.ulysses;
  const bool from_token_slices = (tensor == Tensor::qkv) != backward;  // a rank's own tokens of every head go out
  const std::int64_t heads = l.rank.heads + (tensor == Tensor::qkv ? 2 * l.rank.split.kv_copies : 0);
  Collective c{.op = Op::all_to_all, .tensor = tensor, .group = l.layout.ulysses};
  c.sent = times(l.head_slice(), backward ? exchange.received : exchange.sent);
  c.received = times(l.head_slice(), backward ? exchange.sent : exchange.received);
  c.sent_mean = times(l.head_slice(), heads) * ((ranks - 1) / ranks);
  c.message = from_token_slices ? times(l.head_slice(), heads) : c.sent * (ranks / (ranks - 1));
  c.nic = nic_bytes(l.cluster, l.groups.ulysses, c.op, c.sent);
  c.cost = all_to_all_cost(l.cluster, l.groups.ulysses, times(l.head_slice(), exchange.busiest));
  return c;
}

/// All-gather or reduce-scatter of the tp group's full activation, one of Megatron-SP's pairs.
Collective tp_collective(const Layer& l, Op op, Tensor tensor) {
  const int ranks = l.layout.tp;
  Collective c{.op = op, .tensor = tensor, .group = ranks};
  c.message = Bytes{l.element() * static_cast<double>(l.rank.tokens) * static_cast<double>(l.model.hidden)};
  c.sent = c.received = c.sent_mean = c.message * ((ranks - 1.0) / ranks);
  c.nic = nic_bytes(l.cluster, l.groups.tp, op, c.sent);
  c.cost = op == Op::all_gather ? all_gather_cost(l.cluster, l.groups.tp, c.message)
                                : reduce_scatter_cost(l.cluster, l.groups.tp, c.message);
  return c;
}

/// `hops` sends of the rank's K and V block (or of their gradients) to the next rank of the ring.
Collective ring_hops(const Layer& l, Tensor tensor, double element, int hops) {
  const double block = static_cast<double>(l.work.micro_batch * l.rank.block_tokens);
  const double width = static_cast<double>(l.rank.split.max_kv * l.model.head_dim);
  Collective c{.op = Op::send_recv, .tensor = tensor, .overlapped = true, .group = l.layout.ring, .count = hops};
  c.message = Bytes{2 * element * block * width};
  c.sent = c.received = c.sent_mean = c.message * hops;
  c.nic = nic_bytes(l.cluster, l.groups.ring, c.op, c.sent);
  c.cost = send_recv_cost(l.cluster, l.groups.ring, c.message);
  c.cost = {c.cost.latency * hops, c.cost.transfer * hops, c.cost.bound * hops};
  return c;
}

void add_forward(LayerTraffic& traffic, const Layer& l, bool recomputed) {
  const auto add = [&](Collective c) {
    c.recomputed = recomputed;
    traffic.add(c);
  };
  if (l.layout.tp > 1) add(tp_collective(l, Op::all_gather, Tensor::attention_input));
  if (l.layout.ulysses > 1) add(all_to_all(l, Tensor::qkv, l.rank.split.qkv, false));
  if (l.layout.ring > 1) add(ring_hops(l, Tensor::kv_block, l.element(), l.layout.ring - 1));
  if (l.layout.ulysses > 1) add(all_to_all(l, Tensor::attention_output, l.rank.split.output, false));
  if (l.layout.tp > 1) {
    add(tp_collective(l, Op::reduce_scatter, Tensor::attention_output));
    add(tp_collective(l, Op::all_gather, Tensor::mlp_input));
    add(tp_collective(l, Op::reduce_scatter, Tensor::mlp_output));
  }
}

/// Backward of one tp sub-block: the mirrored pair, and the stored sharded input gathered once more for the weight
/// gradient, which hides behind the input gradient's GEMM.
void add_tp_backward(LayerTraffic& traffic, const Layer& l, Tensor output, Tensor input) {
  if (l.layout.tp == 1) return;
  traffic.add(tp_collective(l, Op::all_gather, output));
  Collective again = tp_collective(l, Op::all_gather, input);
  again.overlapped = true;
  traffic.add(again);
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
    case Tensor::gradients: break;
  }
  return "gradients";
}

void LayerTraffic::add(const Collective& c) {
  collectives.push_back(c);
  sent += c.sent;
  received += c.received;
  sent_mean += c.sent_mean;
  nic += c.nic;
  time += c.cost.total();
  bound += c.cost.bound;
}

LayerTraffic forward_traffic(const Transformer& model, const Workload& work, const Cluster& cluster,
                             const Layout& layout, const RankSplit& rank, const RankGroups& groups) {
  LayerTraffic traffic;
  add_forward(traffic, {model, work, cluster, layout, rank, groups}, false);
  return traffic;
}

LayerTraffic backward_traffic(const Transformer& model, const Workload& work, const Cluster& cluster,
                              const Layout& layout, const RankSplit& rank, const RankGroups& groups) {
  const Layer l{model, work, cluster, layout, rank, groups};
  LayerTraffic traffic;
  if (work.recompute == Recompute::full) add_forward(traffic, l, true);
  add_tp_backward(traffic, l, Tensor::mlp_output, Tensor::mlp_input);
  if (layout.tp > 1) traffic.add(tp_collective(l, Op::reduce_scatter, Tensor::mlp_input));
  add_tp_backward(traffic, l, Tensor::attention_output, Tensor::attention_input);
  if (layout.ulysses > 1) traffic.add(all_to_all(l, Tensor::attention_output, rank.split.output, true));
  if (layout.ring > 1) {
    const bool fp32 = work.ring_gradient == RingGradient::fp32;
    traffic.add(ring_hops(l, Tensor::kv_block, l.element(), layout.ring - 1));
    traffic.add(ring_hops(l, Tensor::kv_gradient, fp32 ? 4.0 : l.element(), fp32 ? layout.ring : layout.ring - 1));
  }
  if (layout.ulysses > 1) traffic.add(all_to_all(l, Tensor::qkv, rank.split.qkv, true));
  if (layout.tp > 1) traffic.add(tp_collective(l, Op::reduce_scatter, Tensor::attention_input));
  return traffic;
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
