#include "sim/layout_exchanges.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "model/step_parts.hpp"
#include "sim/schedule.hpp"
#include "sim/stage_messages.hpp"

namespace ithaca {
namespace {

using Share = std::function<Bytes(int from, int to)>;

class ExchangeWriter {
 public:
  ExchangeWriter(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout,
                 const RankSplit& rank, const DimensionOrder& order)
      : model_(model),
        work_(work),
        cluster_(cluster),
        layout_(layout),
        rank_(rank),
        order_(order),
        grid_(layout, order) {}

  void add_tensor_parallel() {
    if (layout_.tp == 1) return;
    const Bytes hidden = head_message(model_, work_, rank_);
    if (!layout_.tp_sequence) {
      x_.tp_reduce = add(Op::all_reduce, grid_.group(Dimension::tp), hidden);
      return;
    }
    x_.tp_gather = add(Op::all_gather, grid_.group(Dimension::tp), hidden);
    x_.tp_reduce = add(Op::reduce_scatter, grid_.group(Dimension::tp), hidden);
    if (!work_.overlap.tensor) return;
    const double one = 1.0 / layout_.tp, others = 1 - one;
    x_.tp_chunked = {add_part(x_.tp_gather, one), add_part(x_.tp_gather, others), add_part(x_.tp_reduce, one),
                     add_part(x_.tp_reduce, others)};
  }

  void add_all_to_alls() {
    if (layout_.ulysses == 1) return;
    x_.qkv = add_all_to_all(true, [this](int, int to) { return slices(to, true); });
    x_.output = add_all_to_all(false, [this](int from, int) { return slices(from, false); });
    x_.output_back = add_all_to_all(false, [this](int, int to) { return slices(to, false); });
    x_.qkv_back = add_all_to_all(true, [this](int from, int) { return slices(from, true); });
    if (rank_.heads % layout_.ulysses != 0) add_attention_load();
    if (layout_.chunks == 1) return;
    for (const Rounds& rounds : {x_.qkv, x_.output, x_.output_back, x_.qkv_back}) {
      for (const ExchangeRound& round : rounds) send_part(x_.exchanges[round.exchange], 1.0 / layout_.chunks);
    }
  }

  void add_ring() {
    if (layout_.ring == 1) return;
    const Group ring = grid_.group(Dimension::ring);
    const double element = element_bytes(work_.dtype);
    const double gradient = work_.ring_gradient == RingGradient::fp32 ? 4 : element;
    switch (layout_.strategy) {
      case Strategy::cp_all_gather:
        x_.kv_gather = add(Op::all_gather, ring, block(element, kv_width()) * ring.size);
        x_.kv_gradient_reduce = add(Op::reduce_scatter, ring, block(element, kv_width()) * ring.size);
        return;
      case Strategy::ring_self_attention:
        x_.tensor_hop = add(Op::send_recv, ring, block(element, model_.head_dim));
        x_.tensor_sum = add(Op::all_reduce, ring, block(element, model_.head_dim) * ring.size);
        return;
      default: break;
    }
    const int inner = layout_.inner_ring > 1 ? layout_.inner_ring : ring.size;
    x_.kv_hop = add_hop({inner, ring.stride}, element);
    x_.kv_gradient_hop = add_hop({inner, ring.stride}, gradient);
    if (inner == ring.size) return;
    const Group outer{ring.size / inner, ring.stride * inner};
    x_.outer_kv_hop = add_hop(outer, element);
    x_.outer_kv_gradient_hop = add_hop(outer, gradient);
  }

  /// The first of a group's ranks has the busiest experts, which get `imbalance` times the mean.
  void add_experts() {
    if (layout_.ep == 1 || !model_.is_moe()) return;
    const Experts& e = model_.experts;
    const Bytes message{element_bytes(work_.dtype) * real(rank_.norm_tokens * e.top_k * model_.hidden)};
    const double ranks = layout_.ep, busy = std::min(e.imbalance, ranks) / ranks, other = (1 - busy) / (ranks - 1);
    const auto part = [=](int expert) { return message * (expert == 0 ? busy : other); };
    const bool even = e.imbalance == 1;
    x_.dispatch = add_sharded(
        Op::all_to_all, 1, layout_.ep, message, even ? Share{} : [=](int, int to) { return part(to); });
    x_.combine = add_sharded(
        Op::all_to_all, 1, layout_.ep, message, even ? Share{} : [=](int from, int) { return part(from); });
  }

  /// As add_sharding() of model/stage_time.hpp, for each stage by itself.
  void add_sharding() {
    const int ranks = layout_.dp * layout_.sequence();
    for (const LayerKind kind : {LayerKind::dense, LayerKind::moe}) {
      const double layers = real(layers_of(model_, kind));
      if (layers == 0 || layout_.zero < 2) continue;
      const auto k = static_cast<std::size_t>(kind);
      for (const bool expert : {false, true}) {
        const double all = expert ? weights(rank_, kind).experts : weights(rank_, kind).shared;
        const double own = expert ? trained(rank_, kind).experts : trained(rank_, kind).shared;
        const ShardCalls calls =
            shard_calls(work_, layout_, ranks / (expert ? layout_.ep : 1), {all, 0, all, layers, own, 0, own});
        add_shard(x_.gather[k], calls.gather, expert);
        add_shard(x_.reduce[k], calls.reduce, expert);
      }
    }
    const double ends = rank_.embedding_weights + rank_.head_weights, trained_ends = rank_.ends_trained ? ends : 0;
    const ShardCalls calls = shard_calls(work_, layout_, ranks, {0, ends, ends, 0, 0, trained_ends, trained_ends});
    add_shard(x_.gather_ends, calls.gather_ends, false);
    add_shard(x_.reduce_ends, calls.reduce_ends, false);
    for (int s = 0; s < layout_.pp; ++s) add_stage(stage(model_, layout_, s));
  }

  /// Messages between stages as one hop of a ring of all stages, of which they take a part.
  void add_pipeline() {
    if (layout_.pp == 1) return;
    const Bytes hidden = head_message(model_, work_, rank_);
    Rounds hop = add(Op::send_recv, grid_.group(Dimension::pp), hidden / layout_.tp);
    if (problem_) return;
    const Exchange like = x_.exchanges[hop.front().exchange];
    const Bytes message = hidden / layout_.tp;
    x_.exchanges.pop_back();
    x_.to_next = add_stage_message(like, message, 1, false);
    x_.to_previous = add_stage_message(like, message, -1, false);
    x_.to_next_around = add_stage_message(like, message, 1, true);
    x_.to_previous_around = add_stage_message(like, message, -1, true);
    if (layout_.tp > 1 && !layout_.tp_sequence)
      x_.gather_stage_input = add(Op::all_gather, grid_.group(Dimension::tp), hidden);
    if (model_.tied_embeddings && work_.lora_rank == 0) add_tied_embedding();
  }

  Result<LayoutExchanges, std::string> take() {
    if (problem_) return *problem_;
    return std::move(x_);
  }

 private:
  RankHeads heads_of(int ulysses_rank) const {
    return rank_heads(rank_.heads, rank_.kv_heads, layout_.ulysses, ulysses_rank);
  }
  std::int64_t kv_width() const { return model_.head_dim + model_.value_head(); }
  /// Bytes of a rank's block in all its KV heads, `width` elements a head.
  Bytes block(double element, std::int64_t width) const {
    return Bytes{element * real(work_.micro_batch * rank_.block_tokens) * real(rank_.split.max_kv * width)};
  }
  /// Bytes of one rank's tokens in the heads of another: of Q, K and V, or of the output.
  Bytes slices(int owner, bool with_kv) const {
    const RankHeads heads = heads_of(owner);
    const std::int64_t width =
        with_kv ? heads.query * model_.head_dim + heads.kv * kv_width() : heads.query * model_.value_head();
    return Bytes{element_bytes(work_.dtype) * real(rank_.tokens) * real(width)};
  }

  Rounds add_all_to_all(bool with_kv, const Share& share) {
    const std::int64_t width = with_kv ? rank_.heads * model_.head_dim + rank_.split.kv_copies * kv_width()
                                       : rank_.heads * model_.value_head();
    const Bytes message{element_bytes(work_.dtype) * real(rank_.tokens) * real(width)};
    const Group group = grid_.group(Dimension::ulysses);
    if (!uneven()) return add(Op::all_to_all, group, message);
    std::vector<std::vector<Bytes>> bytes(static_cast<std::size_t>(group.size));  // by pair: `share` asks this object
    for (int from = 0; from < group.size; ++from) {
      for (int to = 0; to < group.size; ++to) bytes[static_cast<std::size_t>(from)].push_back(share(from, to));
    }
    return add(Op::all_to_all, group, message, [bytes](int from, int to) {
      return bytes[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
    });
  }

  bool uneven() const {
    for (int r = 0; r < layout_.ulysses; ++r) {
      const RankHeads own = heads_of(r);
      if (own.query != rank_.split.max_query || own.kv != rank_.split.max_kv) return true;
    }
    return false;
  }

  void add_attention_load() {
    for (int r = 0; r < layout_.gpus(); ++r) {
      const RankHeads own = heads_of(grid_.coordinate(static_cast<std::uint32_t>(r), Dimension::ulysses));
      x_.attention_load.push_back(static_cast<double>(own.query) / static_cast<double>(rank_.split.max_query));
    }
  }

  /// K and V of a rank's block, in elements of `element` bytes.
  Rounds add_hop(Group group, double element) {
    Rounds hop = add(Op::send_recv, group, block(element, kv_width()));
    if (!uneven()) return hop;
    std::vector<double> share;
    share.reserve(static_cast<std::size_t>(layout_.ulysses));
    for (int r = 0; r < layout_.ulysses; ++r) {
      share.push_back(static_cast<double>(heads_of(r).kv) / static_cast<double>(rank_.split.max_kv));
    }
    for (const ExchangeRound& round : hop) {
      x_.exchanges[round.exchange].likeness = {};
      auto& sends = x_.exchanges[round.exchange].sends;
      sends = [all = std::move(sends), share, grid = grid_](std::uint32_t rank, std::vector<Message>& messages) {
        const std::size_t first = messages.size();
        all(rank, messages);
        const double part = share[static_cast<std::size_t>(grid.coordinate(rank, Dimension::ulysses))];
        for (std::size_t i = first; i < messages.size(); ++i) messages[i].bytes = messages[i].bytes * part;
      };
    }
    return hop;
  }

  Rounds add_part(const Rounds& whole, double part) {
    Rounds rounds;
    for (const ExchangeRound& round : whole) {
      rounds.push_back({static_cast<std::uint32_t>(x_.exchanges.size()), round.repeat});
      x_.exchanges.push_back(part_of(x_.exchanges[round.exchange], part));
    }
    return rounds;
  }

  /// What is sharded over all, or over the ranks that have the same experts.
  void add_shard(Rounds& rounds, const ShardCall& call, bool expert) {
    if (call.count == 0) return;
    const int ranks = layout_.dp * layout_.sequence(), apart = expert ? layout_.ep : 1;
    auto same = std::find_if(sharded_.begin(), sharded_.end(), [&](const Sharded& s) {
      return s.op == call.op && s.message == call.message && s.apart == apart;
    });
    if (same == sharded_.end()) {
      Rounds made = add_sharded(call.op, apart, ranks / apart, call.message, {});
      same = sharded_.insert(same, {call.op, call.message, apart, std::move(made)});
    }
    const Rounds& more = same->rounds;
    rounds.insert(rounds.end(), more.begin(), more.end());
  }
  void add_stage(const Stage& stage) {
    const int ranks = layout_.dp * layout_.sequence();
    const LayerWeights w = stage_weights(rank_, stage), t = stage_trained(rank_, stage);
    const double layers = real(std::max<std::int64_t>(1, stage.layers()));
    LayoutExchanges::OfStage& of = x_.stages.emplace_back();
    for (const bool expert : {false, true}) {
      const double all = expert ? w.experts : w.shared, own = expert ? t.experts : t.shared;
      const ShardCalls calls =
          shard_calls(work_, layout_, ranks / (expert ? layout_.ep : 1), {0, 0, all, 0, 0, 0, own});
      ShardCall bucket = calls.reduce_all;
      bucket.message = bucket.message / layers;
      if (work_.overlap.gradients) add_shard(of.reduce_bucket, bucket, expert);
      if (!work_.overlap.gradients) add_shard(of.reduce_all, calls.reduce_all, expert);
      add_shard(of.gather_all, calls.gather_all, expert);
    }
  }

  Rounds add_stage_message(const Exchange& like, Bytes message, int step, bool around) {
    x_.exchanges.push_back(stage_message(like, grid_, message, step, around));
    return {{static_cast<std::uint32_t>(x_.exchanges.size() - 1), 1}};
  }

  /// An all-reduce between pairs of the first and the last stage, with all stages on the outside.
  void add_tied_embedding() {
    const RankGrid plain(layout_, tp_first(order_));
    const int apart = plain.group(Dimension::pp).stride * (layout_.pp - 1);
    const double element = work_.fp32_gradients ? 4 : element_bytes(work_.dtype);
    const double weights = real(model_.vocab) * real(model_.hidden) / layout_.tp;
    x_.tied_embedding = add(Op::all_reduce, {2, apart}, Bytes{element * weights}, {}, 2 * apart);
    for (const ExchangeRound& round : x_.tied_embedding) keep_end_stages(x_.exchanges[round.exchange], plain);
    rename_ranks(x_.tied_embedding, plain);
  }

  /// In groups of `size` among the ranks of ZeRO, `apart` of them apart.
  Rounds add_sharded(Op op, int apart, int size, Bytes message, Share share) {
    const ShardSpace space = shard_space(layout_, grid_, order_);
    Rounds rounds = add(op, {size, space.group.stride * apart}, message, std::move(share));
    if (space.renamed) rename_ranks(rounds, RankGrid(layout_, tp_first(order_)));
    return rounds;
  }

  /// What is written for ranks as `plain` has them, for the layout's own.
  void rename_ranks(const Rounds& rounds, const RankGrid& plain) {
    for (const ExchangeRound& round : rounds) rename_ranks_of(x_.exchanges[round.exchange], plain, grid_);
  }

  Rounds add(Op op, Group group, Bytes message, Share share = {}, int ranks = 0) {
    CollectiveCall call;
    call.op = op;
    call.group = group;
    call.ranks = ranks > 0 ? ranks : layout_.gpus();
    call.message = message;
    call.share = std::move(share);
    auto rounds = schedule(cluster_, call);
    if (!rounds) {
      if (!problem_) problem_ = rounds.error();
      return {};
    }
    Rounds added;
    for (Round& round : rounds.value()) {
      added.push_back({static_cast<std::uint32_t>(x_.exchanges.size()), round.repeat});
      x_.exchanges.push_back(std::move(round.exchange));
    }
    return added;
  }

  const Transformer& model_;
  const Workload& work_;
  const Cluster& cluster_;
  const Layout& layout_;
  const RankSplit& rank_;
  const DimensionOrder& order_;
  RankGrid grid_;
  struct Sharded {
    Op op{};
    Bytes message{};
    int apart = 1;
    Rounds rounds;
  };
  std::vector<Sharded> sharded_;  ///< stages share what is alike
  LayoutExchanges x_;
  std::optional<std::string> problem_;
};

}  // namespace

Result<LayoutExchanges, std::string> layout_exchanges(const Transformer& model, const Workload& work,
                                                      const Cluster& cluster, const Layout& layout,
                                                      const RankSplit& rank, const DimensionOrder& order,
                                                      bool whole_step) {
  ExchangeWriter writer(model, work, cluster, layout, rank, order);
  writer.add_tensor_parallel();
  writer.add_all_to_alls();
  writer.add_ring();
  writer.add_experts();
  if (whole_step) writer.add_sharding();
  if (whole_step) writer.add_pipeline();
  return writer.take();
}

}  // namespace ithaca
