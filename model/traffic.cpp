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

/// The tp group's full activation gathered or reduced, which costs a ring the same.
Collective tp_exchange(const Layer& l) {
  const int ranks = l.layout.tp;
  Collective c{.op = Op::all_gather, .group = ranks};
  c.message = Bytes{l.element() * static_cast<double>(l.rank.tokens) * static_cast<double>(l.model.hidden)};
  c.sent = c.received = c.sent_mean = c.message * ((ranks - 1.0) / ranks);
  c.nic = nic_bytes(l.cluster, l.groups.tp, c.op, c.sent);
  c.cost = all_gather_cost(l.cluster, l.groups.tp, c.message);
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

/// Adds the tp group's exchanges, all of one cost.
class TpExchanges {
 public:
  TpExchanges(const Layer& layer) : on_(layer.layout.tp > 1) {
    if (on_) exchange_ = tp_exchange(layer);
  }
  void add(LayerTraffic& traffic, Op op, Tensor tensor, bool overlapped = false) {
    if (!on_) return;
    exchange_.op = op;
    exchange_.tensor = tensor;
    exchange_.overlapped = overlapped;
    traffic.add(exchange_);
  }

 private:
  bool on_;
  Collective exchange_;
};

void add_forward(LayerTraffic& traffic, const Layer& l, TpExchanges& tp) {
  tp.add(traffic, Op::all_gather, Tensor::attention_input);
  if (l.layout.ulysses > 1) traffic.add(all_to_all(l, Tensor::qkv, l.rank.split.qkv, false));
  if (l.layout.ring > 1) traffic.add(ring_hops(l, Tensor::kv_block, l.element(), l.layout.ring - 1));
  if (l.layout.ulysses > 1) traffic.add(all_to_all(l, Tensor::attention_output, l.rank.split.output, false));
  tp.add(traffic, Op::reduce_scatter, Tensor::attention_output);
  tp.add(traffic, Op::all_gather, Tensor::mlp_input);
  tp.add(traffic, Op::reduce_scatter, Tensor::mlp_output);
}

/// In each of a layer's two blocks Megatron-SP mirrors the forward's pair and gathers the stored sharded input once
/// more for the weight gradient, behind the input gradient's GEMM.
void add_backward(LayerTraffic& traffic, const Layer& l, TpExchanges& tp) {
  tp.add(traffic, Op::all_gather, Tensor::mlp_output);
  tp.add(traffic, Op::all_gather, Tensor::mlp_input, true);
  tp.add(traffic, Op::reduce_scatter, Tensor::mlp_input);
  tp.add(traffic, Op::all_gather, Tensor::attention_output);
  tp.add(traffic, Op::all_gather, Tensor::attention_input, true);
  if (l.layout.ulysses > 1) traffic.add(all_to_all(l, Tensor::attention_output, l.rank.split.output, true));
  if (l.layout.ring > 1) {
    const bool fp32 = l.work.ring_gradient == RingGradient::fp32;
    const int hops = l.layout.ring - 1;
    traffic.add(ring_hops(l, Tensor::kv_block, l.element(), hops));
    traffic.add(ring_hops(l, Tensor::kv_gradient, fp32 ? 4.0 : l.element(), fp32 ? hops + 1 : hops));
  }
  if (l.layout.ulysses > 1) traffic.add(all_to_all(l, Tensor::qkv, l.rank.split.qkv, true));
  tp.add(traffic, Op::reduce_scatter, Tensor::attention_input);
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

TrainingTraffic layer_traffic(const Transformer& model, const Workload& work, const Cluster& cluster,
                              const Layout& layout, const RankSplit& rank, const RankGroups& groups) {
  const Layer layer{model, work, cluster, layout, rank, groups};
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
