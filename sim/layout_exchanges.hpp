#pragma once
// The collectives that a layout's training step repeats, each once, in all groups of the layout at the same time.

#include <array>
#include <string>
#include <vector>

#include "model/cluster.hpp"
#include "model/layout.hpp"
#include "model/result.hpp"
#include "model/split.hpp"
#include "model/transformer.hpp"
#include "model/workload.hpp"
#include "sim/program.hpp"
#include "sim/rank_grid.hpp"

namespace ithaca {

/// A collective as indices of its rounds among the exchanges; empty where the layout has none.
struct ExchangeRound {
  std::uint32_t exchange = 0;
  int repeat = 1;
};
using Rounds = std::vector<ExchangeRound>;

struct LayoutExchanges {
  std::vector<Exchange> exchanges;
  Rounds tp_gather, tp_reduce;  ///< hidden states; whole activations are only reduced, to all
  /// Those of a chunk, and of all other chunks; empty where they do not run beside their products.
  struct Chunked {
    Rounds gather, gather_others, reduce, reduce_others;
  };
  Chunked tp_chunked;
  Rounds qkv, output, output_back, qkv_back;   ///< all-to-all, forward and backward
  Rounds kv_hop, kv_gradient_hop;              ///< one hop of the ring, or of the inner ring of two
  Rounds outer_kv_hop, outer_kv_gradient_hop;  ///< of the outer one
  Rounds kv_gather, kv_gradient_reduce;        ///< cp_all_gather
  Rounds tensor_hop, tensor_sum;               ///< ring_self_attention: one of K and V, its gradient of all tokens
  Rounds dispatch, combine;                    ///< tokens to the ranks of their experts and back
  std::array<Rounds, 2> gather, reduce;        ///< weights of a layer and its gradients, by LayerKind
  Rounds gather_ends, reduce_ends;             ///< weights of embedding and head and their gradients
  /// Once a step, of all that a stage of the pipeline holds. A bucket is an equal part of all for each layer.
  struct OfStage {
    Rounds reduce_bucket, reduce_all, gather_all;
  };
  std::vector<OfStage> stages;
  /// Hidden states to the next stage and their gradients to the one before; `around` from the last to the first and
  /// back, between chunks. A rank of a tensor-parallel group sends its part: gathered where they are to be whole.
  Rounds to_next, to_previous, to_next_around, to_previous_around, gather_stage_input;
  Rounds tied_embedding;               ///< gradients of the one that the first and the last stage share
  std::vector<double> attention_load;  ///< by rank, heads over the most of any; empty: all the same
};

/// With ZeRO's collectives and the pipeline's if `whole_step`. Uneven heads have their own bytes by pair of ranks. The
/// reason where a collective cannot be scheduled.
Result<LayoutExchanges, std::string> layout_exchanges(const Transformer& model, const Workload& work,
                                                      const Cluster& cluster, const Layout& layout,
                                                      const RankSplit& rank, const DimensionOrder& order,
                                                      bool whole_step);

}  // namespace ithaca
