#pragma once
// The collectives that a layout's training step repeats, each once, in all groups of the layout at the same time.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/cluster.hpp"
#include "model/layout.hpp"
#include "model/result.hpp"
#include "model/split.hpp"
#include "model/transformer.hpp"
#include "model/workload.hpp"
#include "sim/program.hpp"

namespace ithaca {

enum class Dimension : std::uint8_t { tp, ulysses, ring, dp, pp };
std::string_view name(Dimension dimension);

/// How ranks are laid out on the GPUs, innermost first.
using DimensionOrder = std::array<Dimension, 5>;
inline constexpr DimensionOrder kFrameworkOrder{Dimension::tp, Dimension::ulysses, Dimension::ring, Dimension::dp,
                                                Dimension::pp};

/// Where the ranks 0 to layout.gpus() - 1 stand in the layout's groups.
class RankGrid {
 public:
  RankGrid(const Layout& layout, const DimensionOrder& order);
  Group group(Dimension dimension) const { return groups_[static_cast<std::size_t>(dimension)]; }
  int coordinate(std::uint32_t rank, Dimension dimension) const {
    const auto [size, stride] = group(dimension);
    return static_cast<int>(rank) / stride % size;
  }
  std::uint32_t rank(const std::array<int, 5>& coordinates) const;

 private:
  std::array<Group, 5> groups_;
};

/// A collective as indices of its rounds among the exchanges; empty where the layout has none.
struct ExchangeRound {
  std::uint32_t exchange = 0;
  int repeat = 1;
};
using Rounds = std::vector<ExchangeRound>;

struct LayoutExchanges {
  std::vector<Exchange> exchanges;
  Rounds tp_gather, tp_reduce;                 ///< hidden states; whole activations are only reduced, to all
  Rounds qkv, output, output_back, qkv_back;   ///< all-to-all, forward and backward
  Rounds kv_hop, kv_gradient_hop;              ///< one hop of the ring, or of the inner ring of two
  Rounds outer_kv_hop, outer_kv_gradient_hop;  ///< of the outer one
  Rounds kv_gather, kv_gradient_reduce;        ///< cp_all_gather
  Rounds tensor_hop, tensor_sum;               ///< ring_self_attention: one of K and V, its gradient of all tokens
  Rounds dispatch, combine;                    ///< tokens to the ranks of their experts and back
  std::array<Rounds, 2> gather, reduce;        ///< weights of a layer and its gradients, by LayerKind
  Rounds gather_ends, gather_all;              ///< weights of embedding and head, of all
  Rounds reduce_ends, reduce_bucket;           ///< gradients; a bucket is an equal part of all for each layer
  std::vector<double> attention_load;          ///< by rank, heads over the most of any; empty: all the same
};

/// With ZeRO's collectives if `sharded`. Uneven heads have their own bytes by pair of ranks. The reason where a
/// collective cannot be scheduled.
Result<LayoutExchanges, std::string> layout_exchanges(const Transformer& model, const Workload& work,
                                                      const Cluster& cluster, const Layout& layout,
                                                      const RankSplit& rank, const DimensionOrder& order, bool sharded);

}  // namespace ithaca
