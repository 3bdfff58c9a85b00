#include "model/memory.hpp"

#include <algorithm>
#include <cmath>

#include "model/activations.hpp"

namespace ithaca {
namespace {

constexpr double kMiB = 1024.0 * 1024.0;

constexpr std::string_view kZero = "ZeRO, arXiv 1910.02054 section 3";
constexpr std::string_view kKorthikanti = "arXiv 2205.05198 section 4";
constexpr std::string_view kAlst = "ALST, arXiv 2506.13996 section 3";
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
  MemoryLedger ledger{};

  double element() const { return element_bytes(work.dtype); }
  double layers() const { return static_cast<double>(model.layers); }
  double parameters() const { return layers() * rank.layer_weights + rank.other_weights; }
  double shards(int from_stage) const { return layout.zero >= from_stage ? layout.dp * layout.sequence() : 1; }
  /// Elements of `heads` heads over the sequence block that the rank attends with.
  double block(std::int64_t heads) const {
    return static_cast<double>(work.micro_batch * rank.block_tokens) * static_cast<double>(heads * model.head_dim);
  }
  double rows(std::int64_t width) const { return static_cast<double>(rank.tokens) * static_cast<double>(width); }

  /// In whole bytes.
  void add(std::string_view name, Bytes bytes, std::string_view formula, std::string_view source) {
    if (bytes > Bytes{}) ledger.terms.push_back({name, Bytes{std::ceil(bytes.value())}, formula, source});
  }
};

/// 16 bytes a parameter in all: half-precision weights and gradients, fp32 master weights and Adam's two moments. fp32
/// training has no separate master; fp32 gradients add two.
void add_model_states(Book& b) {
  const double p = b.parameters(), e = b.element();
  const double gradient = b.work.fp32_gradients ? 4 : e;
  const double optimizer = b.work.dtype == Dtype::fp32 ? 8 : 12;
  b.add("weights", Bytes{e * p / b.shards(3)}, "e * params/tp / (dp*sp if ZeRO-3)", kZero);
  b.add("gradients", Bytes{gradient * p / b.shards(2)}, "(e or 4) * params/tp / (dp*sp if ZeRO >= 2)", kZero);
  b.add("optimizer_states", Bytes{optimizer * p / b.shards(1)}, "12 * params/tp / (dp*sp if ZeRO >= 1)", kZero);
}

void add_workspaces(Book& b) {
  const Layout& l = b.layout;
  const int communicators = (l.tp > 1) + (l.ulysses > 1) + (l.ring > 1) + (l.dp * l.sequence() > 1);
  b.add("cuda_context", kCudaContext, "driver context and kernels, 512 MiB", kAssumed);
  b.add("cublas_workspace", kCublasWorkspace, "32 MiB", "cuBLAS documentation, recommended on Hopper");
  b.add("nccl_buffers", kNcclCommunicator * communicators, "communicators * 16 channels * 2 * 8 * 512 KiB",
        "NCCL v2.28.9 src/include/comm.h, channels assumed");
}

void add_kept_activations(Book& b) {
  const bool full = b.work.recompute == Recompute::full;
  b.add(full ? "checkpoints" : "activations", kept_activations(b.model, b.work, b.rank) * b.layers(),
        full ? "L * e*b*s_local*h" : "L * per-layer activations (attention + core + ffn + norms)", kKorthikanti);
}

/// What the layer in its backward holds beside the kept activations.
void add_recomputed(Book& b) {
  const LayerActivations all = layer_activations(b.model, b.work, b.rank);
  if (b.work.recompute == Recompute::full) {
    b.add("recomputed_layer", all.total(), "activations of one layer", kKorthikanti);
  } else if (b.work.recompute == Recompute::selective && !b.work.flash) {
    b.add("recomputed_core", all.core, "scores of one layer", kKorthikanti);
  }
  const double ffn = b.rows(b.rank.ffn) * (b.model.gated_ffn ? 3 : 2) * b.element();
  const HeadSplit& s = b.rank.split;
  const double attention = b.block(2 * s.max_query + 2 * s.max_kv) * b.element() + b.block(s.max_query) * 4;
  b.add("gradient_workspace", Bytes{std::max(ffn, attention)},
        "max(e * ffn gradients, e * (dO,dQ,dK,dV) + fp32 dQ) of one layer", "operator shapes");
}

void add_exchange_buffers(Book& b) {
  const HeadSplit& s = b.rank.split;
  const double e = b.element();
  if (b.layout.ulysses > 1) {
    const double sent = static_cast<double>(b.rank.tokens * (b.rank.heads + 2 * s.kv_copies) * b.model.head_dim);
    b.add("all_to_all_buffers", Bytes{e * (sent + b.block(s.max_query + 2 * s.max_kv))},
          "e*d * (tokens*(a+2K) sent + block*(q+2k) received)", "DeepSpeed-Ulysses, arXiv 2309.14509");
  }
  if (b.layout.ring > 1) {
    const double gradient = b.work.ring_gradient == RingGradient::fp32 ? 4 : e;
    b.add("ring_buffers", Bytes{b.block(2 * s.max_kv) * 2 * (e + gradient) + b.block(s.max_query) * 4},
          "2 * (K,V in e + dK,dV) + fp32 accumulator", "Ring Attention, arXiv 2310.01889");
  }
  if (b.layout.tp > 1) {
    b.add("gathered_activation", Bytes{2 * e * b.rows(b.model.hidden)},
          "2 * e*b*s*h: gathered input and unreduced output", kKorthikanti);
  }
}

void add_gathered_parameters(Book& b) {
  if (b.layout.zero == 3 && b.shards(3) > 1) {
    b.add("gathered_parameters", Bytes{2 * b.element() * b.rank.layer_weights}, "2 layers * e * layer params/tp",
          "DeepSpeed ZeRO-3 prefetch, one layer ahead");
  }
  if (b.layout.zero >= 2 && b.shards(2) > 1) {
    const double gradient = b.work.fp32_gradients ? 4 : b.element();
    b.add("unreduced_gradients", Bytes{gradient * b.rank.layer_weights}, "(e or 4) * layer params/tp", kZero);
  }
}

void add_loss(Book& b) {
  const double per_logit = b.element() + 8;
  const double logits = b.rows(b.rank.vocab);
  const Bytes whole{per_logit * logits}, tile = kLossTile * (per_logit / 4);
  b.add("logits", b.work.tiled_loss ? min(whole, tile) : whole,
        b.work.tiled_loss ? "(e+4+4) * slice of 1 GiB fp32 logits"
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

}  // namespace

std::string_view name(Moment moment) { return moment == Moment::loss ? "loss" : "backward"; }

Bytes MemoryLedger::peak() const {
  Bytes sum;
  for (const MemoryTerm& term : terms) sum += term.bytes;
  return sum;
}

MemoryLedger peak_memory(const Transformer& model, const Workload& work, const Cluster& cluster, const Layout& layout,
                         const RankSplit& rank) {
  const Book book{model, work, layout, rank};
  MemoryLedger loss = at(Moment::loss, book), backward = at(Moment::backward, book);
  MemoryLedger& larger = backward.peak() < loss.peak() ? loss : backward;
  larger.capacity = cluster.gpu.memory;
  return larger;
}

}  // namespace ithaca
