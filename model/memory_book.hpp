#pragma once
// What the parts of the memory ledger are written with: a stage of a rank, its sizes, and the terms so far.

#include <algorithm>
#include <cmath>
#include <string_view>

#include "model/activations.hpp"
#include "model/lora.hpp"
#include "model/memory.hpp"
#include "model/stage.hpp"
#include "model/step_parts.hpp"

namespace ithaca {

inline constexpr std::string_view kZeroSource = "ZeRO, arXiv 1910.02054 section 3";
inline constexpr std::string_view kKorthikantiSource = "arXiv 2205.05198 section 4";
inline constexpr std::string_view kAlstSource = "ALST, arXiv 2506.13996 section 3";
inline constexpr std::string_view kFpdtSource = "FPDT, arXiv 2408.16978 section 4";

struct MemoryBook {
  const Transformer& model;
  const Workload& work;
  const Gpu& gpu;
  const Layout& layout;
  const RankSplit& rank;
  Stage stage;
  MemoryLedger ledger{};
  LayerActivations layer = layer_activations(model, work, rank, kind());  ///< of one layer of kind()

  double element() const { return element_bytes(work.dtype); }
  double gradient() const { return work.fp32_gradients ? 4 : element(); }
  double layers(LayerKind kind) const { return static_cast<double>(stage.layers(kind)); }
  double in_flight() const { return micro_batches_in_flight(layout, stage.index, micro_batches(work, layout)); }
  LayerKind kind() const { return stage.moe > 0 ? LayerKind::moe : LayerKind::dense; }
  double shards(int from_stage) const { return layout.zero >= from_stage ? layout.dp * layout.sequence() : 1; }
  /// Parameters of the stage that are on this GPU when ZeRO shards them from a stage on.
  double owned(int from_stage) const { return owned(from_stage, stage_weights(rank, stage)); }
  double owned_trained(int from_stage) const { return owned(from_stage, stage_trained(rank, stage)); }
  /// Bytes of a share of the stage's weights: frozen layers may be kept in fewer.
  Bytes weight_bytes(int from_stage) const {
    Bytes all{element() * owned(from_stage)};
    if (work.lora_rank == 0) return all;
    const double saved = element() - frozen_bytes_kept(work, gpu.arch);
    Stage layers_alone = stage;
    layers_alone.first = layers_alone.last = false;
    return all - Bytes{saved * (owned(from_stage, stage_weights(rank, layers_alone)) - owned_trained(from_stage))};
  }
  /// Elements of `width` over the sequence block that the rank attends with, over its tokens, over those outside the
  /// tensor-parallel blocks.
  double block(std::int64_t width) const { return elements(work.micro_batch * rank.block_tokens, width); }
  double rows(std::int64_t width) const { return elements(rank.tokens, width); }
  double norm_rows() const { return elements(rank.norm_tokens, model.hidden); }
  double query_width() const { return static_cast<double>(rank.split.max_query * model.head_dim); }
  std::int64_t key_value_width() const { return rank.split.max_kv * (model.head_dim + model.value_head()); }

  /// In whole bytes.
  void add(std::string_view name, Bytes bytes, std::string_view formula, std::string_view source) {
    if (bytes > Bytes{}) ledger.terms.emplace_back(name, Bytes{std::ceil(bytes.value())}, formula, source);
  }
  void add_to_host(std::string_view name, Bytes bytes, std::string_view formula, std::string_view source) {
    if (bytes > Bytes{}) ledger.host_terms.emplace_back(name, Bytes{std::ceil(bytes.value())}, formula, source);
  }

 private:
  double owned(int from_stage, const LayerWeights& w) const {
    return w.shared / shards(from_stage) + w.experts / std::max(1.0, shards(from_stage) / layout.ep);
  }
  static double elements(std::int64_t count, std::int64_t width) {
    return static_cast<double>(count) * static_cast<double>(width);
  }
};

/// Driver context, communicators' and libraries' workspaces.
void add_fixed_buffers(MemoryBook& book);
/// Sines and cosines of the positions.
void add_rotary_tables(MemoryBook& book);
/// The allocator's fragmentation by what comes and goes, which is everything from term `first` on.
void add_moving_share(MemoryBook& book, std::size_t first);

}  // namespace ithaca
