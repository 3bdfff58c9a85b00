#include "sim/step_program.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "model/legality.hpp"
#include "model/refusal.hpp"
#include "model/stage_time.hpp"
#include "model/step_parts.hpp"
#include "sim/task_list.hpp"

namespace ithaca {
namespace {

constexpr std::array kKinds{LayerKind::dense, LayerKind::moe};
constexpr std::size_t index(LayerKind kind) { return static_cast<std::size_t>(kind); }

struct KindKernels {
  LayerKernels kernels;
  GemmTimes forward, backward;
};

/// One micro-batch of a pipeline of one stage.
StageTime closed_form(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout,
                      const RankSplit& rank) {
  const RankGroups groups = place_groups(cluster, layout);
  const Stage whole = stage(model, layout, 0);
  const LayerCosts costs = layer_costs(model, work, cluster, layout, rank, groups);
  LayerTraffic traffic;
  const ShardTimes shard = add_sharding(model, work, cluster, layout, rank, groups, stage_weights(rank, whole),
                                        stage_trained(rank, whole), whole, traffic);
  return stage_time(model, work, cluster, layout, rank, groups, costs, shard, whole);
}

/// Writes the layers and steps of one layout.
class StepWriter {
 public:
  StepWriter(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout,
             const RankSplit& rank, LayoutExchanges exchanges)
      : model_(model),
        work_(work),
        cluster_(cluster),
        layout_(layout),
        rank_(rank),
        x_(std::move(exchanges)),
        host_(closed_form(model, work, cluster, layout, rank)),
        tasks_(static_cast<std::uint32_t>(layout.gpus())),
        heads_(tasks_.even_load_or(x_.attention_load)) {
    for (const LayerKind kind : kKinds) {
      if (layers_of(model, kind) == 0) continue;
      kernels_[index(kind)] = {layer_kernels(model, work, cluster.gpu, layout, rank, kind),
                               forward_gemms(model, work, cluster.gpu, rank, kind),
                               backward_gemms(model, work, cluster.gpu, rank, kind)};
    }
    take_up(main_kind(model));
  }

  void write_layer() {
    forward(false);
    backward(repeats(work_.recompute_every));
  }

  void write_step() {
    const auto micro = static_cast<std::int64_t>(micro_batches(work_, layout_));
    for (std::int64_t m = 0; m < micro; ++m) write_micro_batch(m + 1 == micro);
    tasks_.compute("optimizer",
                   optimizer_time(work_, cluster_.gpu, layout_, stage_weights(rank_, stage(model_, layout_, 0))));
    tasks_.wait_for(tasks_.beside("gather updated weights", x_.gather_all, kSharding));
  }

  Program take() { return tasks_.take(std::move(x_.exchanges)); }

 private:
  using MaybeTask = std::optional<std::uint32_t>;

  void write_micro_batch(bool last);
  LayerKind kind_of(std::int64_t layer) const {
    return model_.is_moe() && layer > model_.experts.dense_layers ? LayerKind::moe : LayerKind::dense;
  }
  void take_up(LayerKind kind) {
    kind_ = kind;
    k_ = &kernels_[index(kind)];
  }
  bool has_experts() const { return kind_ == LayerKind::moe; }
  const Rounds& gather_of(std::int64_t layer) const { return x_.gather[index(kind_of(layer))]; }
  void ends();
  void forward(bool again);
  void backward(bool repeat);
  bool repeats(std::int64_t layer) const {
    return work_.recompute == Recompute::full && layer % work_.recompute_every == 0;
  }
  void mlp_backward();
  void attention_backward();
  void ring_forward(const std::string& attention, const std::string& hop);
  void ring_backward();
  void all_hops(const std::string& what);
  bool gathers() const { return !x_.kv_gather.empty() || !x_.tensor_hop.empty(); }
  /// Hop s of the ring; of two rings, the outer one's after every round of the inner one.
  const Rounds& kv_hop(int s) const {
    return x_.outer_kv_hop.empty() || s % layout_.inner_ring != 0 ? x_.kv_hop : x_.outer_kv_hop;
  }
  const Rounds& gradient_hop(int s) const {
    return x_.outer_kv_hop.empty() || s % layout_.inner_ring != 0 ? x_.kv_gradient_hop : x_.outer_kv_gradient_hop;
  }
  Seconds own_block(const KernelTimes& k) const { return k.attention - k.attention_hop * (layout_.ring - 1); }

  const Transformer& model_;
  const Workload& work_;
  const Cluster& cluster_;
  const Layout& layout_;
  const RankSplit& rank_;
  LayoutExchanges x_;
  std::array<KindKernels, kKinds.size()> kernels_;
  LayerKind kind_{};                ///< of the layer that is written
  const KindKernels* k_ = nullptr;  ///< its kernels
  StageTime host_;                  ///< of one micro-batch in the closed form
  TaskList tasks_;
  std::uint32_t heads_;  ///< load of attention
};

void StepWriter::write_micro_batch(bool last) {
  const std::string gather = "gather weights", reduce = "reduce gradients", host = "wait for the host";
  const auto gradients = [&](std::int64_t layer) -> const Rounds& {
    const Rounds& own = x_.reduce[index(kind_of(layer))];
    return own.empty() && last ? x_.reduce_bucket : own;
  };
  MaybeTask weights;
  tasks_.wait_for(tasks_.beside(gather, x_.gather_ends, kSharding));
  tasks_.wait_for(tasks_.beside(gather, gather_of(1), kSharding));
  for (std::int64_t l = 1; l <= model_.layers; ++l) {
    tasks_.wait_for(weights);
    tasks_.put_aside(gather, l < model_.layers ? gather_of(l + 1) : x_.gather_ends, &weights);
    take_up(kind_of(l));
    forward(false);
  }
  tasks_.compute(host, host_.host_forward);
  tasks_.wait_for(weights);
  tasks_.put_aside(gather, gather_of(model_.layers), &weights);
  ends();
  for (std::int64_t l = model_.layers; l >= 1; --l) {
    tasks_.wait_for(weights);
    if (l < model_.layers) tasks_.put_aside(reduce, gradients(l + 1));
    if (l > 1) tasks_.put_aside(gather, gather_of(l - 1), &weights);
    take_up(kind_of(l));
    backward(repeats(l));
  }
  tasks_.compute(host, host_.host_backward);
  tasks_.wait_for(tasks_.beside(reduce, gradients(1), kSharding));
  tasks_.wait_for(tasks_.beside(reduce, x_.reduce_ends, kSharding));
}

void StepWriter::ends() {
  tasks_.blocking("hidden states of the head", x_.tp_gather);
  tasks_.compute("embedding, head and loss", embedding_both_ways(model_, work_, cluster_.gpu, rank_).total() +
                                                 head_and_loss_both_ways(model_, work_, cluster_.gpu, rank_).total());
  tasks_.blocking("hidden states of the head", x_.tp_gather);
  tasks_.blocking("hidden states of the head", x_.tp_reduce);
  tasks_.blocking("hidden states of the embedding", x_.tp_reduce);
  tasks_.blocking("hidden states of the embedding", x_.tp_gather);
}

/// Streaming kernels are shared evenly by the attention and the MLP block.
void StepWriter::forward(bool again) {
  const auto named = [again](std::string what) { return again ? what + ", recomputed" : what; };
  const Seconds streaming = k_->kernels.forward.memory_bound * 0.5;
  tasks_.blocking(named("gather attention input"), x_.tp_gather);
  tasks_.compute(named("qkv projection"), k_->forward.qkv + streaming);
  tasks_.blocking(named("all-to-all qkv"), x_.qkv);
  ring_forward(named("attention"), named("kv hop"));
  tasks_.blocking(named("all-to-all attention output"), x_.output);
  tasks_.compute(named("output projection"), k_->forward.output);
  tasks_.blocking(named("reduce attention output"), x_.tp_reduce);
  if (has_experts()) tasks_.blocking(named("tokens to experts"), x_.dispatch);
  tasks_.blocking(named("gather mlp input"), x_.tp_gather);
  tasks_.compute(named(std::string(kLastOfForward)), k_->forward.up + k_->forward.down + streaming);
  tasks_.blocking(named("reduce mlp output"), x_.tp_reduce);
  if (has_experts()) tasks_.blocking(named("tokens from experts"), x_.combine);
}

/// One of K and V to everybody.
void StepWriter::all_hops(const std::string& what) {
  for (int s = 1; s < layout_.ring; ++s) tasks_.blocking(what, x_.tensor_hop);
}

/// Hop s + 1 runs beside the attention over the block of hop s; the next block waits for both. Nothing runs beside what
/// brings the keys and values of all at once.
void StepWriter::ring_forward(const std::string& attention, const std::string& hop) {
  if (gathers()) {
    tasks_.blocking(hop, x_.kv_gather);
    all_hops(hop);
    tasks_.compute(attention, k_->kernels.forward.attention, heads_);
    all_hops(hop);
    return;
  }
  for (int s = 0; s < layout_.ring; ++s) {
    const MaybeTask next = s + 1 < layout_.ring ? tasks_.beside(hop, kv_hop(s + 1), kOverlap) : MaybeTask{};
    tasks_.compute(attention, s == 0 ? own_block(k_->kernels.forward) : k_->kernels.forward.attention_hop, heads_);
    tasks_.wait_for(next);
  }
}

void StepWriter::backward(bool repeat) {
  if (repeat) forward(true);
  mlp_backward();
  attention_backward();
}

/// The MLP's input is gathered once more for the weight gradient of its first product, beside the input gradient of
/// that product and the weight gradient of the second one.
void StepWriter::mlp_backward() {
  const auto& [qkv, output, up, down, adapters] = k_->backward;
  if (has_experts()) tasks_.blocking("gradients to experts", x_.dispatch);
  tasks_.blocking("gather mlp output, backward", x_.tp_gather);
  tasks_.compute("mlp, backward", down * 0.5 + k_->kernels.backward.memory_bound * 0.5);
  const MaybeTask input = tasks_.beside("gather mlp input, backward", x_.tp_gather, kOverlap);
  tasks_.compute("mlp, backward", (up + down) * 0.5);
  tasks_.wait_for(input);
  tasks_.compute("mlp weight gradient", up * 0.5);
  tasks_.blocking("reduce mlp input, backward", x_.tp_reduce);
  if (has_experts()) tasks_.blocking("gradients from experts", x_.combine);
}

/// Likewise; the output projection's weight gradient waits until there is something to hide behind it.
void StepWriter::attention_backward() {
  const auto& [qkv, output, up, down, adapters] = k_->backward;
  tasks_.blocking("gather attention output, backward", x_.tp_gather);
  tasks_.compute("output projection, backward", output * 0.5 + k_->kernels.backward.memory_bound * 0.5);
  tasks_.blocking("all-to-all attention output, backward", x_.output_back);
  if (work_.recompute == Recompute::selective) {
    tasks_.compute("attention, recomputed", k_->kernels.repeated.attention, heads_);
  }
  ring_backward();
  tasks_.blocking("all-to-all qkv, backward", x_.qkv_back);
  const MaybeTask input = tasks_.beside("gather attention input, backward", x_.tp_gather, kOverlap);
  tasks_.compute("qkv projection, backward", (qkv + output) * 0.5);
  tasks_.wait_for(input);
  tasks_.compute(std::string(kLastOfBackward), qkv * 0.5);
  tasks_.blocking("reduce attention input, backward", x_.tp_reduce);
}

/// The gradients of a block follow it one step behind: they leave when the block's attention is done. In fp32 they go
/// one hop further, home, which nothing hides.
void StepWriter::ring_backward() {
  const std::string hop = "kv hop, backward", home = "kv gradient hop";
  if (gathers()) {
    tasks_.blocking(hop, x_.kv_gather);
    all_hops(hop);
    tasks_.blocking(home, x_.tensor_sum);
    tasks_.compute("attention, backward", k_->kernels.backward.attention, heads_);
    tasks_.blocking(home, x_.kv_gradient_reduce);
    all_hops(hop);
    tasks_.blocking(home, x_.tensor_sum);
    return;
  }
  MaybeTask gradient;
  for (int s = 0; s < layout_.ring; ++s) {
    if (s > 0) gradient = tasks_.beside(home, gradient_hop(s), kOverlap);
    const MaybeTask next = s + 1 < layout_.ring ? tasks_.beside(hop, kv_hop(s + 1), kOverlap) : MaybeTask{};
    tasks_.compute("attention, backward", s == 0 ? own_block(k_->kernels.backward) : k_->kernels.backward.attention_hop,
                   heads_);
    tasks_.wait_for(next);
  }
  if (work_.ring_gradient == RingGradient::fp32) gradient = tasks_.beside(home, gradient_hop(layout_.ring), kOverlap);
  tasks_.wait_for(gradient);
}

Result<Program, std::string> write_program(const Transformer& model, const Workload& work, const Cluster& cluster,
                                           const Layout& layout, const StepProgramOptions& options, bool whole_step) {
  if (const auto refusal = check_layout(model, work, cluster, layout)) return why(*refusal);
  const RankSplit rank = split_rank(model, work, layout);
  auto exchanges = layout_exchanges(model, work, cluster, layout, rank, options.order, whole_step);
  if (!exchanges) return exchanges.error();
  StepWriter writer(model, work, cluster, layout, rank, std::move(exchanges).value());
  for (int step = 0; step < options.steps; ++step) whole_step ? writer.write_step() : writer.write_layer();
  return writer.take();
}

}  // namespace

Result<Program, std::string> step_program(const Transformer& model, const Workload& work, const Cluster& cluster,
                                          const Layout& layout, const StepProgramOptions& options) {
  return write_program(model, work, cluster, layout, options, true);
}

Result<Program, std::string> layer_program(const Transformer& model, const Workload& work, const Cluster& cluster,
                                           const Layout& layout, const StepProgramOptions& options) {
  return write_program(model, work, cluster, layout, options, false);
}

}  // namespace ithaca
