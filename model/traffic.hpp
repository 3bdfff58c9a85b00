#pragma once
// What one transformer layer moves between GPUs, forward and backward: exact bytes by strategy (rung 1), with the cost
// of each collective on the cluster (rung 2).

#include <cstdint>
#include <string_view>

#include "model/collective.hpp"
#include "model/layout.hpp"
#include "model/quantity.hpp"
#include "model/split.hpp"
#include "model/static_vector.hpp"
#include "model/transformer.hpp"
#include "model/workload.hpp"

namespace ithaca {

enum class Tensor : std::uint8_t {
  qkv,
  attention_output,
  attention_input,
  mlp_input,
  mlp_output,
  kv_block,
  kv_gradient,
  parameters,
  gradients,
  keys,  ///< ring self-attention passes K, then V
  values,
  tokens,   ///< to experts and back
  hidden,   ///< between pipeline stages
  queries,  ///< of new tokens, to where the cache of their sequences is
};
std::string_view name(Tensor tensor);

/// One collective, or `count` equal ones in a row (the hops of a ring). Bytes and times are sums over the `count`.
struct Collective {
  Op op{};
  Tensor tensor{};
  bool recomputed = false;  ///< repeats the forward during a full recompute
  bool overlapped = false;  ///< may hide behind compute
  int group = 1;
  int count = 1;
  Bytes message{};    ///< nccl-tests' size of one of them
  Bytes sent{};       ///< leaves the busiest GPU
  Bytes received{};   ///< enters the busiest GPU
  Bytes sent_mean{};  ///< over the group's ranks
  Bytes nic{};        ///< passes one NIC of the busiest node
  CollectiveCost cost{};
};

struct LayerTraffic {
  StaticVector<Collective, 28> collectives;
  Bytes sent{};
  Bytes sent_mean{};
  Bytes received{};
  Bytes nic{};
  Seconds time{};  ///< sum over the collectives, hidden or not
  Seconds bound{};

  /// What `make` returns, built in its place.
  template <class Make>
  void add_made(Make make) {
    const Collective& c = collectives.push_made(make);
    sent += c.sent;
    received += c.received;
    sent_mean += c.sent_mean;
    nic += c.nic;
    time += c.cost.total();
    bound += c.cost.bound;
  }
  void add(const Collective& collective) {
    add_made([&]() -> const Collective& { return collective; });
  }
};

/// Traffic of one layer for one micro-batch: the sequence split's and the tp group's, not ZeRO's.
/// Backward mirrors forward; a full recompute repeats the forward in front of it. With experts two more all-to-alls
/// each way send every token to its top_k and back.
struct TrainingTraffic {
  LayerTraffic forward, backward;
};
TrainingTraffic layer_traffic(const Transformer& model, const Workload& work, const Cluster& cluster,
                              const Layout& layout, const RankSplit& rank, const RankGroups& groups,
                              LayerKind kind = LayerKind::dense);
/// What a layer moves: `layer_traffic`, or a rule of one's own for a strategy that is not here. Of its layout it takes
/// the kernels, the memory and ZeRO's traffic.
using TrafficRule = decltype(&layer_traffic);

/// One micro-batch's hidden states (or their gradients) from one stage to the next. A tp rank sends its share, which
/// plain tensor parallelism gathers again over tp behind the wire.
Collective stage_message(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout,
                         const RankSplit& rank, const RankGroups& groups);

/// The papers' per-link count of one layer's forward for one sequence, in elements: Ulysses 4Nh/P and Megatron-SP 4Nh
/// (arXiv 2309.14509 section 3.2, h read as a*d in the all-to-all), a ring 2N a_kv d, USP the sum of its two parts.
double paper_elements(const Transformer& model, const Workload& work, const Layout& layout);

}  // namespace ithaca
