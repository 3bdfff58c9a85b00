#include "model/layer_memory.hpp"

namespace ithaca {
namespace {

/// Slices of a tiled MLP: ALST cuts the tokens into ceil(tokens / h).
double tiles(const MemoryBook& b) {
  return b.work.tiled_mlp ? std::ceil(b.rows(1) / static_cast<double>(b.model.hidden)) : 1;
}

bool repeats(const MemoryBook& b) { return b.work.recompute == Recompute::full; }

/// The layer as its forward is run again, as far as `op`'s backward still needs it.
void add_recomputed(MemoryBook& b, Operator op) {
  LayerActivations all = b.layer;
  if (!repeats(b)) {
    if (b.work.recompute == Recompute::selective && !b.work.flash)
      b.add("recomputed_core", all.core, "scores of one layer", kKorthikantiSource);
    return;
  }
  const Bytes input{b.element() * b.norm_rows()};
  if (b.work.tiled_mlp) all.ffn = input + (all.ffn - input) / tiles(b);
  all.attention = all.attention / b.layout.chunks;
  const Bytes live = op == Operator::attention ? all.total() - freed_before(op, b) : all.total();
  b.add("recomputed_layer", live, "activations of one layer, as far as still needed", kKorthikantiSource);
}

/// Gradients of the residual stream: as it comes from the layer above and, under a recomputation, the layer's output
/// that PyTorch's checkpoint keeps until it returns.
void add_residual_gradients(MemoryBook& b) {
  const double stream = b.element() * b.norm_rows();
  const double copies = 1 + repeats(b);
  b.add("residual_gradients", Bytes{copies * stream}, "e*b*s_local*h, twice where the layer is recomputed",
        "PyTorch torch/utils/checkpoint.py");
}

/// Gradients of the FFN's inner tensors when those of its activation are made: of its output and of both inputs, while
/// its output is let go.
void add_ffn_gradients(MemoryBook& b) {
  const double width = b.kind() == LayerKind::dense ? b.rows(b.rank.ffn) : b.rows(b.rank.shared_ffn);
  b.add("gradient_workspace", Bytes{width * (b.model.gated_ffn ? 2 : 1) * b.element() / tiles(b)},
        "e*b*s_local*f/tp, twice where gated", "operator shapes");
}

void add_expert_gradients(MemoryBook& b) {
  const double routed = static_cast<double>(b.rank.expert_rows * b.rank.experts) * static_cast<double>(b.model.hidden);
  const double stream = b.norm_rows() * (b.layout.pp > 1 ? 2 : 1);
  b.add("gradient_workspace", Bytes{b.element() * (4 * routed + stream)},
        "e * (4 routed copies of h + stream): gradient as it comes, sorted, sent, received",
        "SimuMax@4dcaae5 B200 runs, stages and models compared");
}

/// dO, dQ, dK, dV, an fp32 sum of dQ, and dK, dV of each query head where heads share them.
void add_attention_gradients(MemoryBook& b) {
  const double e = b.element(), query = b.block(1) * b.query_width(), shared = b.block(b.key_value_width());
  const double expanded = b.rank.split.max_kv < b.rank.split.max_query ? 2 * query : 0;
  const double bytes = b.work.flash ? e * (2 * query + shared + expanded) + 4 * query : e * (2 * query + shared);
  b.add("gradient_workspace", Bytes{bytes / b.layout.chunks},
        "(e * (dO,dQ,dK,dV, dK,dV by query head) + fp32 dQ) / chunks",
        "FlashAttention 2.7 csrc/flash_attn/flash_api.cpp");
}

void add_ring_buffers(MemoryBook& b) {
  const double e = b.element(), width = b.block(b.key_value_width());
  const double gradient = b.work.ring_gradient == RingGradient::fp32 ? 4 : e;
  if (b.layout.strategy == Strategy::cp_all_gather) {
    b.add("gathered_keys_values", Bytes{width * b.layout.ring * 2 * e}, "ring * e * (K,V + dK,dV)",
          "Llama 3, arXiv 2407.21783 section 3.3.2");
  } else {
    b.add("ring_buffers", Bytes{width * 2 * (e + gradient) + b.block(1) * b.query_width() * 4},
          "2 * (K,V in e + dK,dV) + fp32 accumulator", "Ring Attention, arXiv 2310.01889");
  }
}

void add_sequence_exchange(MemoryBook& b) {
  const HeadSplit& s = b.rank.split;
  const double e = b.element();
  if (b.layout.ulysses > 1) {
    const std::int64_t wide = std::max(b.model.head_dim, b.model.value_head());
    const double sent = b.rows(std::max<std::int64_t>(b.rank.heads, s.kv_copies) * wide);
    const double received = b.block(std::max<std::int64_t>(s.max_query, s.max_kv) * wide);
    b.add("all_to_all_buffers", Bytes{e * (sent + received) / b.layout.chunks},
          "e*d * (tokens*max(a,K) sent + block*max(q,k) received) / chunks: Q, K, V one after the other",
          "DeepSpeed deepspeed/sequence/layer.py");
  }
  if (b.layout.chunks > 1)
    b.add("chunks", Bytes{2 * e * b.block(b.key_value_width()) / b.layout.chunks}, "2 * e * K,V of a chunk",
          kFpdtSource);
  if (b.layout.ring > 1) add_ring_buffers(b);
}

void add_gathered_parameters(MemoryBook& b) {
  const double layer = weights(b.rank, b.kind()).total();
  if (b.shards(3) > 1 || b.work.offload.parameters)
    b.add("gathered_parameters", Bytes{2 * b.element() * layer}, "2 layers * e * layer params/tp",
          "DeepSpeed ZeRO-3 prefetch, one layer ahead");
  if (b.layout.zero >= 2 && (b.shards(2) > 1 || b.work.offload.optimizer))
    b.add("unreduced_gradients", Bytes{b.gradient() * trained(b.rank, b.kind()).total()},
          "(e or 4) * trained layer params/tp", kZeroSource);
}

}  // namespace

Bytes freed_before(Operator op, const MemoryBook& b) {
  if (op != Operator::attention) return {};
  const LayerActivations& all = b.layer;
  const Bytes input{b.element() * b.norm_rows()};
  const Bytes ffn = repeats(b) && b.work.tiled_mlp ? input + (all.ffn - input) / tiles(b) : all.ffn;
  return ffn + all.norms / 2;
}

void add_layer_backward(MemoryBook& b, Operator op) {
  add_recomputed(b, op);
  add_residual_gradients(b);
  if (op == Operator::attention) {
    add_attention_gradients(b);
    add_sequence_exchange(b);
  } else {
    op == Operator::experts ? add_expert_gradients(b) : add_ffn_gradients(b);
    if (b.layout.tp > 1)
      b.add("gathered_activation", Bytes{2 * b.element() * b.rows(b.model.hidden)},
            "2 * e*b*s*h: gathered input and unreduced output", kKorthikantiSource);
  }
  add_gathered_parameters(b);
}

}  // namespace ithaca
