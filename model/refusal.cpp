#include "model/refusal.hpp"

#include <algorithm>

#include "model/framework_rules.hpp"

namespace ithaca {
namespace {

using std::to_string;

std::string degrees(const Layout& l) {
  return "tp " + to_string(l.tp) + " x ulysses " + to_string(l.ulysses) + " x ring " + to_string(l.ring) + " x dp " +
         to_string(l.dp);
}

std::string foreign_degree(const Refusal& r) {
  const bool ring = r.layout.ring > 1;
  return std::string(name(r.layout.strategy)) + " has no " + (ring ? "ring" : "ulysses") + " degree, but " +
         to_string(r.given) + " was asked for";
}

/// Largest divisor of `whole` that is at most `limit`.
std::int64_t largest_divisor(std::int64_t whole, std::int64_t limit) {
  std::int64_t divisor = std::min(whole, limit);
  while (divisor > 1 && whole % divisor != 0) --divisor;
  return divisor;
}

std::string instead_of_heads(const Refusal& r) {
  const std::int64_t ring = (r.given + r.limit - 1) / r.limit;
  return "take --ulysses " + to_string(r.limit) + ", and use more GPUs through a ring around it (usp with --ulysses " +
         to_string(r.limit) + " --ring " + to_string(ring) + ") or dp with a larger --global-batch";
}

}  // namespace

std::string_view name(Rule rule) {
  switch (rule) {
    case Rule::degree: return "layout.degree";
    case Rule::gpus: return "layout.gpus";
    case Rule::cluster_size: return "cluster.size";
    case Rule::strategy_degree: return "strategy.degree";
    case Rule::ulysses_heads: return "ulysses.heads";
    case Rule::tp_heads: return "tp.heads";
    case Rule::tp_kv_heads: return "tp.kv_heads";
    case Rule::tp_ffn: return "tp.ffn";
    case Rule::sequence_short: return "sequence.short";
    case Rule::dp_batch: return "dp.batch";
    case Rule::pipeline_layers: return "pp.layers";
    case Rule::pipeline_zero: return "pp.zero";
    case Rule::interleaving: return "pp.interleaving";
    case Rule::experts: return "ep.experts";
    case Rule::expert_ranks: return "ep.ranks";
    case Rule::inner_ring: return "ring.inner";
    case Rule::ring_scores: return "ring.scores";
    case Rule::zero_stage: return "zero.stage";
    case Rule::ring_flash: return "ring.flash";
    case Rule::phase_backward: return "phase.backward";
    case Rule::phase_decode: return "phase.decode";
    case Rule::phase_zero: return "phase.zero";
    case Rule::dtype: return "gpu.dtype";
    case Rule::framework: break;
  }
  return "framework";
}

std::string_view name(const Refusal& r) { return r.demand != nullptr ? r.demand->name : name(r.rule); }

std::string why(const Refusal& r) {
  const std::string given = to_string(r.given), limit = to_string(r.limit);
  switch (r.rule) {
    case Rule::degree: return "a degree of " + given + " is no degree";
    case Rule::gpus: return degrees(r.layout) + " needs " + given + " GPUs, there are " + limit;
    case Rule::cluster_size: return given + " GPUs asked for, the installation has " + limit;
    case Rule::strategy_degree: return foreign_degree(r);
    case Rule::ulysses_heads:
      return "ulysses " + given + " is above the " + limit + " query heads" +
             (r.layout.tp > 1 ? " that tp " + to_string(r.layout.tp) + " leaves" : "") +
             ": an all-to-all cannot cut a head";
    case Rule::tp_heads: return "tp " + given + " does not divide the " + limit + " query heads";
    case Rule::tp_kv_heads:
      return "tp " + given + " neither divides the " + limit + " KV heads nor is a multiple of them";
    case Rule::tp_ffn: return "tp " + given + " does not divide the FFN's " + limit + " columns";
    case Rule::sequence_short:
      return given + (r.given == 1 ? " token" : " tokens") + " cannot be cut into " + limit + " parts";
    case Rule::dp_batch: return "dp x micro-batch = " + given + " does not divide the global batch of " + limit;
    case Rule::pipeline_layers: return "a pipeline of " + given + " chunks is longer than the " + limit + " layers";
    case Rule::pipeline_zero:
      return "ZeRO stage " + given + " would gather or reduce the weights for every micro-batch of a pipeline";
    case Rule::interleaving: return given + " chunks a stage exist only in an interleaved 1F1B pipeline";
    case Rule::experts:
      if (r.limit == 0) return "ep " + given + " splits experts, and the model has none";
      return "ep " + given + " does not divide the " + limit + " experts";
    case Rule::expert_ranks: return "ep " + given + " does not divide the " + limit + " ranks of dp x ulysses x ring";
    case Rule::inner_ring: return "an inner ring of " + given + " does not divide the ring of " + limit;
    case Rule::ring_scores: return "ring self-attention keeps whole rows of scores and has no FlashAttention";
    case Rule::zero_stage: return "ZeRO has stages 0 to 3, not " + given;
    case Rule::ring_flash: return "a ring works block by block and exists only with FlashAttention";
    case Rule::framework: return framework_why(r);
    case Rule::phase_backward:
      return std::string(name(r.layout.strategy)) +
             " arranges what waits for the backward pass, and inference has none";
    case Rule::phase_decode:
      return r.layout.strategy == Strategy::megatron_sp
                 ? "one token of each sequence leaves nothing to split over tp along the sequence"
                 : "a double ring hides its hops behind the attention of a long sequence, and one token has none";
    case Rule::phase_zero:
      return "ZeRO stage " + given + " shards gradients or optimizer states, and inference has neither";
    case Rule::dtype: break;
  }
  return "the GPU has no matrix arithmetic of this type";
}

std::string instead(const Refusal& r) {
  switch (r.rule) {
    case Rule::degree: return "give degrees of 1 or more";
    case Rule::gpus: return "lower a degree, or ask for --gpus " + to_string(r.given);
    case Rule::cluster_size: return "ask for at most --gpus " + to_string(r.limit) + ", or choose a larger cluster";
    case Rule::strategy_degree: return "leave the degree out, or take usp, which has both";
    case Rule::ulysses_heads: return instead_of_heads(r);
    case Rule::tp_heads:
    case Rule::tp_kv_heads:
    case Rule::tp_ffn: return "take --tp " + to_string(largest_divisor(r.limit, r.given));
    case Rule::sequence_short: return "split over fewer GPUs, or ask for a longer --seq";
    case Rule::dp_batch:
      return r.given > r.limit ? "ask for --global-batch " + to_string(r.given) + ", or a smaller --dp or --micro-batch"
                               : "choose a --global-batch that is a multiple of " + to_string(r.given);
    case Rule::pipeline_layers: return "take a --pp of at most " + to_string(r.limit);
    case Rule::pipeline_zero: return "take --zero 1, or --pp 1";
    case Rule::interleaving: return "take --pp 2 or more with the 1f1b schedule, or leave --virtual-pp out";
    case Rule::experts:
      if (r.limit == 0) return "take --ep 1";
      return "take a degree of " + to_string(largest_divisor(r.limit, r.given));
    case Rule::expert_ranks:
    case Rule::inner_ring: return "take a degree of " + to_string(largest_divisor(r.limit, r.given));
    case Rule::ring_scores: return "take --attention eager, or ring";
    case Rule::zero_stage: return "take --zero 0, 1, 2 or 3";
    case Rule::ring_flash: return "take --attention flash, or ulysses or megatron_sp";
    case Rule::framework: return framework_instead(r);
    case Rule::phase_backward: return r.layout.strategy == Strategy::fpdt ? "take ulysses" : "take ring";
    case Rule::phase_decode:
      return r.layout.strategy == Strategy::megatron_sp ? "take tensor_parallel, as which Megatron decodes too"
                                                        : "take usp";
    case Rule::phase_zero: return "take --zero 0, whole weights, or 3, which gathers them layer by layer";
    case Rule::dtype: break;
  }
  return "take --dtype fp16, or another GPU";
}

}  // namespace ithaca
