#include "sim/layer_tasks.hpp"

namespace ithaca {

LayerTasks::LayerTasks(const StepInputs& in, const LayoutExchanges& exchanges, std::uint32_t heads)
    : in_(in), x_(exchanges), heads_(heads) {
  for (const LayerKind kind : {LayerKind::dense, LayerKind::moe}) {
    if (layers_of(in.model, kind) == 0) continue;
    kernels_[static_cast<std::size_t>(kind)] = {
        layer_kernels(in.model, in.work, in.cluster.gpu, in.layout, in.rank, kind),
        forward_gemms(in.model, in.work, in.cluster.gpu, in.rank, kind),
        backward_gemms(in.model, in.work, in.cluster.gpu, in.rank, kind)};
  }
}

/// Streaming kernels and adapters are shared evenly by the attention and the MLP block.
void LayerTasks::forward(TaskList& tasks, LayerKind kind, bool again) const {
  const auto named = [again](const std::string& what) { return again ? what + ", recomputed" : what; };
  const Kernels& k = kernels(kind);
  const bool experts = kind == LayerKind::moe;
  const Seconds shared = (k.layer.forward.memory_bound + k.forward.adapters) * 0.5;
  gather_into(tasks, named("gather attention input"), {named("qkv projection"), k.forward.qkv, k.forward.qkv + shared});
  if (in_.layout.chunks > 1) {
    by_chunks(tasks, named("all-to-all qkv"), named("attention"), named("all-to-all attention output"), x_.qkv,
              x_.output, k.layer.forward.attention);
  } else {
    tasks.blocking(named("all-to-all qkv"), x_.qkv);
    ring_forward(tasks, k, named("attention"), named("kv hop"));
    tasks.blocking(named("all-to-all attention output"), x_.output);
  }
  reduce_behind(tasks, {named("output projection"), k.forward.output, k.forward.output},
                named("reduce attention output"));
  if (experts) tasks.blocking(named("tokens to experts"), x_.dispatch);
  mlp_forward(tasks, k, shared, again ? ", recomputed" : "");
  if (experts) tasks.blocking(named("tokens from experts"), x_.combine);
}

void LayerTasks::mlp_forward(TaskList& tasks, const Kernels& k, Seconds shared, const std::string& suffix) const {
  const std::string gather = "gather mlp input" + suffix, reduce = "reduce mlp output" + suffix,
                    last = std::string(kLastOfForward) + suffix;
  const auto& [qkv, output, up, down, adapters] = k.forward;
  if (in_chunks()) {
    gather_into(tasks, gather, {"mlp up projection" + suffix, up, up + shared});
    reduce_behind(tasks, {last, down, down}, reduce);
  } else {
    tasks.blocking(gather, x_.tp_gather);
    reduce_behind(tasks, {last, up + down, up + down + shared}, reduce);
  }
}

/// In chunks a product runs beside the gather of what comes after it (Transformer Engine's user buffers). They are as
/// many as the tp group has ranks and all alike, so those after the first are one.
void LayerTasks::gather_into(TaskList& tasks, const std::string& gather, const Product& p) const {
  if (!in_chunks()) {
    tasks.blocking(gather, x_.tp_gather);
    tasks.compute(p.what, p.whole);
    return;
  }
  tasks.blocking(gather, x_.tp_chunked.gather);
  const auto others = tasks.beside(gather, x_.tp_chunked.gather_others, kOverlap);
  tasks.compute(p.what, p.product * other_chunks());
  tasks.wait_for(others);
  tasks.compute(p.what, p.product * one_chunk() + (p.whole - p.product));
}

/// What was gathered once before, beside a product that does not need it.
void LayerTasks::gather_again_beside(TaskList& tasks, const std::string& gather, const Product& p) const {
  if (in_chunks()) return gather_into(tasks, gather, p);
  const auto input = tasks.beside(gather, x_.tp_gather, kOverlap);
  tasks.compute(p.what, p.whole);
  tasks.wait_for(input);
}

/// In chunks the reduction of each but the last runs beside the product of the next.
void LayerTasks::reduce_behind(TaskList& tasks, const Product& p, const std::string& reduce) const {
  if (!in_chunks()) {
    tasks.compute(p.what, p.whole);
    tasks.blocking(reduce, x_.tp_reduce);
    return;
  }
  tasks.compute(p.what + ", first chunk", p.product * one_chunk() + (p.whole - p.product));
  const auto others = tasks.beside(reduce, x_.tp_chunked.reduce_others, kOverlap);
  tasks.compute(p.what, p.product * other_chunks());
  tasks.wait_for(others);
  tasks.blocking(reduce, x_.tp_chunked.reduce);
}

/// One of K and V to everybody.
void LayerTasks::all_hops(TaskList& tasks, const std::string& what) const {
  for (int s = 1; s < in_.layout.ring; ++s) tasks.blocking(what, x_.tensor_hop);
}

/// Hop s + 1 runs beside the attention over the block of hop s; the next block waits for both. Nothing runs beside what
/// brings the keys and values of all at once.
void LayerTasks::ring_forward(TaskList& tasks, const Kernels& k, const std::string& attention,
                              const std::string& hop) const {
  const KernelTimes& times = k.layer.forward;
  if (gathers()) {
    tasks.blocking(hop, x_.kv_gather);
    all_hops(tasks, hop);
    tasks.compute(attention, times.attention, heads_);
    all_hops(tasks, hop);
    return;
  }
  for (int s = 0; s < in_.layout.ring; ++s) {
    TaskList::MaybeTask next;
    if (s + 1 < in_.layout.ring) next = tasks.beside(hop, kv_hop(s + 1), kOverlap);
    tasks.compute(attention, s == 0 ? own_block(times) : times.attention_hop, heads_);
    tasks.wait_for(next);
  }
}

/// FPDT: a chunk of the sequence to the heads, its attention, and back. A causal chunk attends to itself by half and to
/// all before it: 1, 3, 5 ... parts. What waits in host memory is fetched beside it.
void LayerTasks::by_chunks(TaskList& tasks, const std::string& in, const std::string& what, const std::string& out,
                           const Rounds& there, const Rounds& back, Seconds attention) const {
  const double chunks = in_.layout.chunks;
  for (int c = 0; c < in_.layout.chunks; ++c) {
    tasks.blocking(in, there);
    tasks.compute(what, attention * (in_.work.causal ? (2.0 * c + 1) / (chunks * chunks) : 1 / chunks), heads_);
    tasks.blocking(out, back);
  }
}

void LayerTasks::backward(TaskList& tasks, LayerKind kind, bool repeat) const {
  if (repeat) forward(tasks, kind, true);
  mlp_backward(tasks, kind);
  attention_backward(tasks, kernels(kind));
}

/// The MLP's input is gathered once more for the weight gradient of its first product, beside the input gradient of
/// that product and the weight gradient of the second one.
void LayerTasks::mlp_backward(TaskList& tasks, LayerKind kind) const {
  const Kernels& k = kernels(kind);
  const auto& [qkv, output, up, down, adapters] = k.backward;
  const bool experts = kind == LayerKind::moe;
  if (experts) tasks.blocking("gradients to experts", x_.dispatch);
  const std::string back = "mlp, backward", last = "mlp weight gradient";
  gather_into(tasks, "gather mlp output, backward",
              {back, down * 0.5, down * 0.5 + adapters * 0.25 + k.layer.backward.memory_bound * 0.5});
  gather_again_beside(tasks, "gather mlp input, backward",
                      {back, (up + down) * 0.5, (up + down) * 0.5 + adapters * 0.25});
  reduce_behind(tasks, {last, up * 0.5, up * 0.5}, "reduce mlp input, backward");
  if (experts) tasks.blocking("gradients from experts", x_.combine);
}

/// Likewise; the output projection's weight gradient waits until there is something to hide behind it.
void LayerTasks::attention_backward(TaskList& tasks, const Kernels& k) const {
  const auto& [qkv, output, up, down, adapters] = k.backward;
  gather_into(tasks, "gather attention output, backward",
              {"output projection, backward", output * 0.5,
               output * 0.5 + adapters * 0.25 + k.layer.backward.memory_bound * 0.5});
  const std::string output_back = "all-to-all attention output, backward", qkv_back = "all-to-all qkv, backward";
  if (in_.layout.chunks == 1) tasks.blocking(output_back, x_.output_back);
  if (in_.work.recompute == Recompute::selective) {
    tasks.compute("attention, recomputed", k.layer.repeated.attention, heads_);
  }
  if (in_.layout.chunks == 1) {
    ring_backward(tasks, k);
    tasks.blocking(qkv_back, x_.qkv_back);
  } else {
    by_chunks(tasks, output_back, "attention, backward", qkv_back, x_.output_back, x_.qkv_back,
              k.layer.backward.attention);
  }
  gather_again_beside(tasks, "gather attention input, backward",
                      {"qkv projection, backward", (qkv + output) * 0.5, (qkv + output) * 0.5 + adapters * 0.25});
  reduce_behind(tasks, {std::string(kLastOfBackward), qkv * 0.5, qkv * 0.5}, "reduce attention input, backward");
}

/// The gradients of a block follow it one step behind: they leave when the block's attention is done. In fp32 they go
/// one hop further, home, which nothing hides.
void LayerTasks::ring_backward(TaskList& tasks, const Kernels& k) const {
  const std::string hop = "kv hop, backward", home = "kv gradient hop", attention = "attention, backward";
  const KernelTimes& times = k.layer.backward;
  if (gathers()) {
    tasks.blocking(hop, x_.kv_gather);
    all_hops(tasks, hop);
    tasks.blocking(home, x_.tensor_sum);
    tasks.compute(attention, times.attention, heads_);
    tasks.blocking(home, x_.kv_gradient_reduce);
    all_hops(tasks, hop);
    tasks.blocking(home, x_.tensor_sum);
    return;
  }
  const int ring = in_.layout.ring;
  TaskList::MaybeTask gradient, next;
  for (int s = 0; s < ring; ++s) {
    if (s > 0) gradient = tasks.beside(home, gradient_hop(s), kOverlap);
    next = s + 1 < ring ? tasks.beside(hop, kv_hop(s + 1), kOverlap) : std::nullopt;
    tasks.compute(attention, s == 0 ? own_block(times) : times.attention_hop, heads_);
    tasks.wait_for(next);
  }
  if (in_.work.ring_gradient == RingGradient::fp32) gradient = tasks.beside(home, gradient_hop(ring), kOverlap);
  tasks.wait_for(gradient);
}

}  // namespace ithaca
