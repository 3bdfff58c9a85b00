#include "model/memory.hpp"

#include <algorithm>
#include <cmath>

#include "model/activations.hpp"
#include "model/stage.hpp"
#include "model/step_parts.hpp"

namespace ithaca {
namespace {

constexpr double kMiB = 1024.0 * 1024.0;

constexpr std::string_view kZero = "ZeRO, arXiv 1910.02054 section 3";
constexpr std::string_view kKorthikanti = "arXiv 2205.05198 section 4";
constexpr std::string_view kAlst = "ALST, arXiv 2506.13996 section 3";
constexpr std::string_view kFpdt = "FPDT, arXiv 2408.16978 section 4";
constexpr std::string_view kAssumed = "assumption";

/// Assumptions of the ledger, each overridable once a run has been measured.
constexpr Bytes kCudaContext{512 * kMiB};       // driver context and loaded modules
constexpr Bytes kCublasWorkspace{32 * kMiB};    // cuBLAS documentation: recommended workspace on Hopper
constexpr Bytes kNcclCommunicator{128 * kMiB};  // 16 channels x send and receive x 8 steps of 512 KiB
constexpr Bytes kLossTile{1024 * kMiB};         // fp32 logits of one slice of a tiled loss
constexpr double kUsable = 0.94;                // SimuMax@4dcaae5 mem_factor: the allocator's fragmentation

struct Book {
  const Transformer& model;
  const Workload& work;
  const Layout& layout;
  const RankSplit& rank;
  Stage stage;
  MemoryLedger ledger{};

  double element() const { return element_bytes(work.dtype); }
  double gradient() const { return work.fp32_gradients ? 4 : element(); }
  double layers(LayerKind kind) const { return static_cast<double>(stage.layers(kind)); }
  double in_flight() const { return micro_batches_in_flight(layout, stage.index, micro_batches(work, layout)); }
  LayerKind kind() const { return stage.moe > 0 ? LayerKind::moe : LayerKind::dense; }
  double shards(int from_stage) const { return layout.zero >= from_stage ? layout.dp * layout.sequence() : 1; }
  /// Parameters of the stage that are on this GPU when ZeRO shards them from a stage on.
  double owned(int from_stage) const {
    const LayerWeights w = stage_weights(rank, stage);
    return w.shared / shards(from_stage) + w.experts / std::max(1.0, shards(from_stage) / layout.ep);
  }
  /// Elements of `width` over the sequence block that the rank attends with.
  double block(std::int64_t width) const {
    return static_cast<double>(work.micro_batch * rank.block_tokens) * static_cast<double>(width);
  }
  double query_width() const { return static_cast<double>(rank.split.max_query * model.head_dim); }
  std::int64_t key_value_width() const { return rank.split.max_kv * (model.head_dim + model.value_head()); }
  double rows(std::int64_t width) const { return static_cast<double>(rank.tokens) * static_cast<double>(width); }

  /// In whole bytes.
  void add(std::string_view name, Bytes bytes, std::string_view formula, std::string_view source) {
    if (bytes > Bytes{}) ledger.terms.push_back({name, Bytes{std::ceil(bytes.value())}, formula, source});
  }
  void add_to_host(std::string_view name, Bytes bytes, std::string_view formula, std::string_view source) {
    if (bytes > Bytes{}) ledger.host_terms.push_back({name, Bytes{std::ceil(bytes.value())}, formula, source});
  }
};

/// 16 bytes a parameter in all: half-precision weights and gradients, fp32 master weights and Adam's two moments. fp32
/// training has no separate master; fp32 gradients add two.
void add_model_states(Book& b) {
  const Offload& off = b.work.offload;
  const Bytes weights{b.element() * b.owned(3)};
  const Bytes optimizer{(b.work.dtype == Dtype::fp32 ? 8 : 12) * b.owned(1)};
  constexpr std::string_view weight_formula = "e * params/tp / (dp*sp if ZeRO-3)";
  constexpr std::string_view optimizer_formula = "12 * params/tp / (dp*sp if ZeRO >= 1)";
  if (off.parameters) {
    b.add_to_host("weights", weights, weight_formula, kZero);
  } else {
    b.add("weights", weights, weight_formula, kZero);
  }
  b.add("gradients", Bytes{b.gradient() * b.owned(2)}, "(e or 4) * params/tp / (dp*sp if ZeRO >= 2)", kZero);
  if (off.optimizer) {
    b.add_to_host("optimizer_states", optimizer, optimizer_formula, kZero);
  } else {
    b.add("optimizer_states", optimizer, optimizer_formula, kZero);
  }
}

void add_workspaces(Book& b) {
  const Layout& l = b.layout;
  const int communicators =
      (l.tp > 1) + (l.ulysses > 1) + (l.ring > 1) + (l.dp * l.sequence() > 1) + (l.ep > 1) + (l.pp > 1);
  b.add("cuda_context", kCudaContext, "driver context and kernels, 512 MiB", kAssumed);
  b.add("cublas_workspace", kCublasWorkspace, "32 MiB", "cuBLAS documentation, recommended on Hopper");
  b.add("nccl_buffers", kNcclCommunicator * communicators, "communicators * 16 channels * 2 * 8 * 512 KiB",
        "NCCL v2.28.9 src/include/comm.h, channels assumed");
}

void add_kept_activations(Book& b) {
  const bool full = b.work.recompute == Recompute::full;
  Bytes kept;
  for (const LayerKind kind : {LayerKind::dense, LayerKind::moe}) {
    if (b.layers(kind) > 0) kept += kept_activations(b.model, b.work, b.rank, kind) * b.layers(kind);
  }
  kept = kept * b.in_flight();
  const std::string_view name = full ? "checkpoints" : "activations";
  const std::string_view formula = full ? "layers * micro-batches in flight * e*b*s_local*h"
                                        : "layers * micro-batches in flight * (attention + core + ffn + norms)";
  if (b.work.offload.checkpoints) {
    b.add_to_host(name, kept, formula, kAlst);
    b.add("checkpoints_in_transit", layer_input(b.model, b.work, b.rank) * 2, "2 * e*b*s_local*h", kAlst);
  } else {
    b.add(name, kept, formula, kKorthikanti);
  }
}

/// What the layer in its backward holds beside the kept activations.
void add_recomputed(Book& b) {
  LayerActivations all = layer_activations(b.model, b.work, b.rank, b.kind());
  const double tiles = b.work.tiled_mlp ? std::ceil(b.rows(1) / static_cast<double>(b.model.hidden)) : 1;
  all.ffn = all.ffn / tiles;
  all.attention = all.attention / b.layout.chunks;
  if (b.work.recompute == Recompute::full) {
    b.add("recomputed_layer", all.total(), "activations of one layer", kKorthikanti);
  } else if (b.work.recompute == Recompute::selective && !b.work.flash) {
    b.add("recomputed_core", all.core, "scores of one layer", kKorthikanti);
  }
  const double width = b.kind() == LayerKind::dense ? b.rows(b.rank.ffn) : b.rows(b.rank.shared_ffn);
  const double ffn = width * (b.model.gated_ffn ? 3 : 2) * b.element() / tiles;
  const double attention =
      (b.block(2 * b.key_value_width()) + 2 * b.block(1) * b.query_width()) * b.element() / b.layout.chunks +
      b.block(1) * b.query_width() * 4 / b.layout.chunks;
  b.add("gradient_workspace", Bytes{std::max(ffn, attention)},
        "max(e * ffn gradients, e * (dO,dQ,dK,dV) + fp32 dQ) of one layer", "operator shapes");
}

void add_ring_buffers(Book& b) {
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

void add_exchange_buffers(Book& b) {
  const HeadSplit& s = b.rank.split;
  const double e = b.element();
  if (b.layout.ulysses > 1) {
    const std::int64_t sent = b.rank.heads * b.model.head_dim + s.kv_copies * (b.model.head_dim + b.model.value_head());
    const double received = b.block(1) * b.query_width() + b.block(b.key_value_width());
    b.add("all_to_all_buffers", Bytes{e * (b.rows(sent) + received) / b.layout.chunks},
          "e*d * (tokens*(a+2K) sent + block*(q+2k) received) / chunks", "DeepSpeed-Ulysses, arXiv 2309.14509");
  }
  if (b.layout.chunks > 1) {
    b.add("chunks", Bytes{2 * e * b.block(b.key_value_width()) / b.layout.chunks}, "2 * e * K,V of a chunk", kFpdt);
  }
  if (b.layout.ring > 1) add_ring_buffers(b);
  if (b.layout.tp > 1) {
    b.add("gathered_activation", Bytes{2 * e * b.rows(b.model.hidden)},
          "2 * e*b*s*h: gathered input and unreduced output", kKorthikanti);
  }
}

void add_gathered_parameters(Book& b) {
  const double layer = weights(b.rank, b.kind()).total();
  if ((b.layout.zero == 3 && b.shards(3) > 1) || b.work.offload.parameters) {
    b.add("gathered_parameters", Bytes{2 * b.element() * layer}, "2 layers * e * layer params/tp",
          "DeepSpeed ZeRO-3 prefetch, one layer ahead");
  }
  if (b.layout.zero >= 2 && b.shards(2) > 1) {
    b.add("unreduced_gradients", Bytes{b.gradient() * layer}, "(e or 4) * layer params/tp", kZero);
  }
}

/// Logits, their fp32 copy and their gradient; a fused loss keeps the gradient in the logits' place.
void add_loss(Book& b) {
  const double per_logit = b.work.fused_loss ? 2 * b.element() : b.element() + 8;
  const Bytes whole{per_logit * b.rows(b.rank.vocab)}, tile = kLossTile * (per_logit / 4);
  b.add("logits", b.work.tiled_loss ? min(whole, tile) : whole,
        b.work.tiled_loss   ? "(e+4+4) * slice of 1 GiB fp32 logits"
        : b.work.fused_loss ? "2e * b*s_local*V/tp: logits and gradient"
                            : "(e + 4 + 4) * b*s_local*V/tp: logits, fp32 copy, gradient",
        kAlst);
  if (b.layout.zero == 3 && b.shards(3) > 1) {
    const double head = static_cast<double>(b.rank.vocab) * static_cast<double>(b.model.hidden);
    b.add("gathered_head", Bytes{b.element() * head}, "e * V*h/tp", kZero);
  }
}

/// Fragmentation grows with what comes and goes, which is everything from term `first` on.
void add_fragmentation(Book& b, std::size_t first) {
  Bytes moving;
  for (std::size_t i = first; i < b.ledger.terms.size(); ++i) moving += b.ledger.terms[i].bytes;
  b.add("fragmentation", moving * (1 / kUsable - 1), "(1/0.94 - 1) * activations and buffers",
        "SimuMax@4dcaae5 mem_factor 0.94");
}

MemoryLedger at(Moment moment, Book book) {
  book.ledger.moment = moment;
  book.ledger.stage = book.stage.index;
  add_model_states(book);
  add_workspaces(book);
  const std::size_t first = book.ledger.terms.size();
  add_kept_activations(book);
  if (moment == Moment::loss) {
    add_loss(book);
  } else {
    add_recomputed(book);
    add_exchange_buffers(book);
    add_gathered_parameters(book);
  }
  add_fragmentation(book, first);
  return book.ledger;
}

MemoryLedger stage_peak(const Book& book) {
  const MemoryLedger backward = at(Moment::backward, book);
  if (!book.stage.last) return backward;
  const MemoryLedger loss = at(Moment::loss, book);
  return backward.peak() < loss.peak() ? loss : backward;
}

Bytes sum(const MemoryTerm* first, const MemoryTerm* last) {
  Bytes total;
  for (; first != last; ++first) total += first->bytes;
  return total;
}

}  // namespace

std::string_view name(Moment moment) { return moment == Moment::loss ? "loss" : "backward"; }

Bytes MemoryLedger::peak() const { return sum(terms.begin(), terms.end()); }
Bytes MemoryLedger::host() const { return sum(host_terms.begin(), host_terms.end()); }

MemoryLedger peak_memory(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout,
                         const RankSplit& rank) {
  // Activations fall from stage to stage: only the first, the second (with other layers) and the last can hold most.
  MemoryLedger largest = stage_peak({model, work, layout, rank, stage(model, layout, 0)});
  for (const int i : {1, layout.pp - 1}) {
    if (i == 0 || i >= layout.pp) continue;
    const MemoryLedger other = stage_peak({model, work, layout, rank, stage(model, layout, i)});
    if (largest.peak() < other.peak()) largest = other;
  }
  largest.capacity = cluster.gpu.memory;
  return largest;
}

}  // namespace ithaca
