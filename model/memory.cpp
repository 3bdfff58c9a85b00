#include "model/memory.hpp"

#include "model/activations.hpp"
#include "model/layer_memory.hpp"
#include "model/memory_book.hpp"
#include "model/transformer_engine.hpp"

namespace ithaca {
namespace {

constexpr double kMiB = 1024.0 * 1024.0;
constexpr std::string_view kAssumed = "assumption";

/// Assumptions of the ledger, each overridable once a run has been measured.
constexpr Bytes kCudaContext{512 * kMiB};       // driver context and loaded modules
constexpr Bytes kCublasWorkspace{32 * kMiB};    // cuBLAS documentation: recommended workspace on Hopper
constexpr Bytes kNcclCommunicator{128 * kMiB};  // 16 channels x send and receive x 8 steps of 512 KiB
constexpr Bytes kLossTile{1024 * kMiB};         // fp32 logits of one slice of a tiled loss
constexpr double kUsable = 0.94;                // SimuMax@4dcaae5 mem_factor: the allocator's fragmentation

/// 16 bytes a parameter in all: half-precision weights and gradients, fp32 master weights and Adam's two moments. fp32
/// training has no separate master; fp32 gradients add two. An optimizer on the host takes sharded gradients with it.
/// Frozen weights have neither gradients nor states.
void add_model_states(MemoryBook& b) {
  const Offload& off = b.work.offload;
  const bool lora = b.work.lora_rank > 0;
  const auto put = [&](bool away, std::string_view name, Bytes bytes, std::string_view formula) {
    away ? b.add_to_host(name, bytes, formula, kZeroSource) : b.add(name, bytes, formula, kZeroSource);
  };
  put(off.parameters, "weights", b.weight_bytes(3),
      lora ? "e * (frozen + adapters)/tp / (dp*sp if ZeRO-3)" : "e * params/tp / (dp*sp if ZeRO-3)");
  put(off.optimizer && b.layout.zero >= 2, "gradients", Bytes{b.gradient() * b.owned_trained(2)},
      lora ? "(e or 4) * adapters/tp / (dp*sp if ZeRO >= 2)" : "(e or 4) * params/tp / (dp*sp if ZeRO >= 2)");
  put(off.optimizer, "optimizer_states", Bytes{(b.work.dtype == Dtype::fp32 ? 8 : 12) * b.owned_trained(1)},
      lora ? "12 * adapters/tp / (dp*sp if ZeRO >= 1)" : "12 * params/tp / (dp*sp if ZeRO >= 1)");
}

void add_workspaces(MemoryBook& b) {
  const Layout& l = b.layout;
  const int communicators =
      (l.tp > 1) + (l.ulysses > 1) + (l.ring > 1) + (l.dp * l.sequence() > 1) + (l.ep > 1) + (l.pp > 1);
  b.add("cuda_context", kCudaContext, "driver context and kernels, 512 MiB", kAssumed);
  b.add("nccl_buffers", kNcclCommunicator * communicators, "communicators * 16 channels * 2 * 8 * 512 KiB",
        "NCCL v2.28.9 src/include/comm.h, channels assumed");
  if (!b.work.transformer_engine) {
    b.add("cublas_workspace", kCublasWorkspace, "32 MiB", "cuBLAS documentation, recommended on Hopper");
    return;
  }
  b.add("cublas_workspace", gemm_workspaces(b.gpu, b.stage), "32 MiB, 4 more for experts, PyTorch's two",
        "Transformer Engine 2.11, PyTorch 2.10");
  b.add("placeholder_gradients", placeholder_gradients(b.model, b.work, b.layout, b.rank, b.stage),
        "e * elements of each shape that a weight has", "Transformer Engine 2.11 get_dummy_wgrad");
}

/// Sines and cosines of each position's angles, in fp32.
void add_rotary_table(MemoryBook& b) {
  if (b.model.learned_positions > 0) return;
  const std::int64_t width = b.model.is_latent() ? b.model.latent.rope_dim : b.model.head_dim;
  b.add("rotary_table", Bytes{4 * b.rows(width) / static_cast<double>(b.work.micro_batch)}, "4 * s_local*d",
        "Megatron-LM megatron/core/models/common/embeddings");
}

/// Of all layers in flight, less what the layer in its backward has let go.
void add_kept_activations(MemoryBook& b, Bytes freed) {
  const bool full = b.work.recompute == Recompute::full;
  Bytes kept;
  for (const LayerKind kind : {LayerKind::dense, LayerKind::moe}) {
    if (b.layers(kind) == 0) continue;
    const LayerActivations all = kind == b.kind() ? b.layer : layer_activations(b.model, b.work, b.rank, kind);
    kept += kept_activations(b.model, b.work, b.rank, all) * b.layers(kind);
  }
  kept = kept * b.in_flight();
  if (!full) kept = max(kept - freed, Bytes{});
  const std::string_view name = full ? "checkpoints" : "activations";
  const std::string_view formula = full ? "layers * micro-batches in flight * e*b*s_local*h"
                                        : "layers * micro-batches in flight * (attention + core + ffn + norms)";
  if (b.work.offload.checkpoints) {
    b.add_to_host(name, kept, formula, kAlstSource);
    b.add("checkpoints_in_transit", layer_input(b.model, b.work, b.rank) * 2, "2 * e*b*s_local*h", kAlstSource);
  } else {
    b.add(name, kept, formula, kKorthikantiSource);
  }
}

/// Bytes of one logit: a fused loss writes the gradient in its place; Megatron keeps the logit, its fp32 copy and its
/// exponential; PyTorch the logit, its log-softmax and the gradients of both in fp32.
double logit_bytes(const MemoryBook& b) {
  if (b.work.fused_loss) return b.element();
  return b.element() + (b.work.transformer_engine || has_tensor(b.layout.strategy) ? 8 : 12);
}

void add_logits(MemoryBook& b) {
  const Bytes whole{logit_bytes(b) * b.rows(b.rank.vocab)}, tile = kLossTile * (logit_bytes(b) / 4);
  b.add("logits", b.work.tiled_loss ? min(whole, tile) : whole,
        b.work.tiled_loss   ? "bytes of a logit * slice of 1 GiB fp32 logits"
        : b.work.fused_loss ? "e * b*s_local*V/tp: logits, then their gradient"
                            : "(e + 8 or 12) * b*s_local*V/tp: logits, fp32 copies, gradients",
        b.work.fused_loss ? "Transformer Engine 2.11 cross_entropy.py" : kAlstSource);
}

void add_loss(MemoryBook& b) {
  add_logits(b);
  b.add("head_activations", Bytes{3 * b.element() * b.norm_rows()}, "3 * e*b*s_local*h: final norm, its gradient",
        kKorthikantiSource);
  if (b.layout.tp > 1 && b.layout.tp_sequence)
    b.add("gathered_activation", Bytes{2 * b.element() * b.rows(b.model.hidden)},
          "2 * e*b*s*h: gathered input and unreduced gradient", kKorthikantiSource);
  if (b.shards(3) > 1) {
    const double head = static_cast<double>(b.rank.vocab) * static_cast<double>(b.model.hidden);
    b.add("gathered_head", Bytes{b.element() * head}, "e * V*h/tp", kZeroSource);
  }
}

/// Gradients in fp32, made for the update where they were kept in less; ZeRO-3 updates 10^9 parameters at a time.
void add_update(MemoryBook& b) {
  if (b.gradient() >= 4 || b.work.offload.optimizer) return;
  const double owned = b.owned_trained(1), together = b.layout.zero == 3 ? std::min(owned, 1e9) : owned;
  b.add("fp32_gradients", Bytes{4 * together}, "4 * params/tp / (dp*sp if ZeRO >= 1), in ZeRO-3 at most 10^9",
        "Megatron-LM megatron/core/optimizer/distrib_optimizer.py; DeepSpeed sub_group_size");
}

/// Fragmentation grows with what comes and goes, which is everything from term `first` on.
void add_fragmentation(MemoryBook& b, std::size_t first) {
  Bytes moving;
  for (std::size_t i = first; i < b.ledger.terms.size(); ++i) moving += b.ledger.terms[i].bytes;
  b.add("fragmentation", moving * (1 / kUsable - 1), "(1/0.94 - 1) * activations and buffers",
        "SimuMax@4dcaae5 mem_factor 0.94");
}

/// The gradient that went to the stage before lives on until the next one is made.
void add_sent_gradient(MemoryBook& b) {
  if (b.stage.index > 0)
    b.add("sent_gradient", Bytes{b.element() * b.norm_rows()}, "e*b*s_local*h of the micro-batch before",
          "Megatron-LM megatron/core/pipeline_parallel/schedules.py");
}

/// The ledger that needs most; the first of equals.
class LargestLedger {
 public:
  void take(const MemoryLedger& ledger) {
    const Bytes peak = ledger.peak();
    if (any_ && !(peak_ < peak)) return;
    ledger_ = ledger;
    peak_ = peak;
    any_ = true;
  }
  const MemoryLedger& get() const { return ledger_; }

 private:
  MemoryLedger ledger_;
  Bytes peak_{};
  bool any_ = false;
};

/// One moment, on top of what a book has at all of them; leaves the book as it was.
void take_moment(LargestLedger& largest, Moment moment, Operator op, MemoryBook& book) {
  MemoryLedger& ledger = book.ledger;
  ledger.moment = moment;
  ledger.op = op;
  const std::size_t first = ledger.terms.size(), first_of_host = ledger.host_terms.size();
  if (moment == Moment::optimizer) {
    add_update(book);
  } else {
    add_kept_activations(book, moment == Moment::backward ? freed_before(op, book) : Bytes{});
    add_sent_gradient(book);
    moment == Moment::loss ? add_loss(book) : add_layer_backward(book, op);
  }
  add_fragmentation(book, first);
  largest.take(ledger);
  ledger.terms.shrink(first);
  ledger.host_terms.shrink(first_of_host);
}

void take_stage(LargestLedger& largest, MemoryBook book) {
  book.ledger.stage = book.stage.index;
  add_model_states(book);
  add_workspaces(book);
  add_rotary_table(book);
  const Operator widest = book.kind() == LayerKind::moe ? Operator::experts : Operator::ffn;
  take_moment(largest, Moment::backward, widest, book);
  take_moment(largest, Moment::backward, Operator::attention, book);
  if (book.stage.last) take_moment(largest, Moment::loss, Operator::head, book);
  take_moment(largest, Moment::optimizer, Operator::update, book);
}

/// The ledger with what it is held against.
MemoryLedger on_machine(const LargestLedger& largest, const Cluster& cluster, const Layout& layout) {
  MemoryLedger ledger = largest.get();
  ledger.capacity = cluster.gpu.memory;
  ledger.host_capacity = cluster.host_memory;
  ledger.node_gpus = std::max(1, std::min(cluster.node_gpus, layout.gpus()));
  return ledger;
}

Bytes sum(const MemoryTerm* first, const MemoryTerm* last) {
  Bytes total;
  for (; first != last; ++first) total += first->bytes;
  return total;
}

}  // namespace

std::string_view name(Moment moment) {
  switch (moment) {
    case Moment::loss: return "loss";
    case Moment::backward: return "backward";
    case Moment::optimizer: return "optimizer";
    case Moment::forward: break;
  }
  return "forward";
}

std::string_view name(Operator op) {
  switch (op) {
    case Operator::head: return "head";
    case Operator::ffn: return "ffn";
    case Operator::experts: return "experts";
    case Operator::attention: return "attention";
    case Operator::update: break;
  }
  return "update";
}

Bytes MemoryLedger::peak() const { return sum(terms.begin(), terms.end()); }
Bytes MemoryLedger::host() const { return sum(host_terms.begin(), host_terms.end()); }

MemoryLedger stage_memory(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout,
                          const RankSplit& rank, int index) {
  LargestLedger largest;
  take_stage(largest, {model, work, cluster.gpu, layout, rank, stage(model, layout, index)});
  return on_machine(largest, cluster, layout);
}

MemoryLedger peak_memory(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout,
                         const RankSplit& rank) {
  // Activations fall from stage to stage: only the first, the second (with other layers) and the last can hold most.
  LargestLedger largest;
  int last = -1;
  for (const int i : {0, 1, layout.pp - 1}) {
    if (i >= layout.pp || i <= last) continue;
    take_stage(largest, {model, work, cluster.gpu, layout, rank, stage(model, layout, i)});
    last = i;
  }
  return on_machine(largest, cluster, layout);
}

void add_fixed_buffers(MemoryBook& book) { add_workspaces(book); }
void add_rotary_tables(MemoryBook& book) { add_rotary_table(book); }
void add_moving_share(MemoryBook& book, std::size_t first) { add_fragmentation(book, first); }

}  // namespace ithaca
