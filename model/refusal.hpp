#pragma once
// An illegal point is an answer: which rule it breaks, why, and what to ask instead.

#include <cstdint>
#include <string>
#include <string_view>

#include "model/layout.hpp"

namespace ithaca {

enum class Rule : std::uint8_t {
  degree,           ///< a degree below 1
  gpus,             ///< degrees multiply to more GPUs than there are
  cluster_size,     ///< more GPUs than the installation has
  strategy_degree,  ///< the degree is none of this strategy's (ring under ulysses, ulysses under megatron_sp, ...)
  ulysses_heads,    ///< tp x ulysses above the query heads
  tp_heads,         ///< tp does not divide the query heads
  tp_kv_heads,      ///< tp neither divides the KV heads nor is a multiple of them
  tp_ffn,           ///< tp does not divide the FFN
  sequence_short,   ///< fewer tokens than sequence ranks (twice that with zigzag)
  dp_batch,         ///< dp x micro-batch does not divide the global batch
  pipeline_layers,  ///< pp x virtual pp above the layers
  pipeline_zero,    ///< a pipeline keeps weights and gradients whole: ZeRO stage 0 or 1
  interleaving,     ///< virtual stages without a pipeline, or under GPipe
  experts,          ///< ep does not divide the experts
  expert_ranks,     ///< ep does not divide dp x ulysses x ring
  inner_ring,       ///< the inner ring does not divide the ring
  ring_scores,      ///< ring self-attention keeps whole score rows, without FlashAttention
  zero_stage,       ///< outside 0..3
  ring_flash,       ///< ring attention exists only blockwise, with FlashAttention
  phase_backward,   ///< inference by a strategy that arranges the backward pass
  phase_decode,     ///< one token a sequence under a strategy that splits or overlaps long sequences of queries
  phase_zero,       ///< inference with a ZeRO stage that shards gradients or optimizer states alone
  dtype,            ///< the GPU has no such arithmetic
  framework,        ///< the workload's framework cannot run it: `demand` says why
};

struct FrameworkRule;  // model/framework_rules.hpp

/// `given` broke the rule, `limit` is what it was held against; their meaning goes with the rule.
struct Refusal {
  Rule rule{};
  Layout layout{};
  std::int64_t given = 0;
  std::int64_t limit = 0;
  std::int64_t nearest = 0;               ///< that would do, for a framework's rule
  const FrameworkRule* demand = nullptr;  ///< for Rule::framework
  int version = 0;                        ///< of the framework
};

std::string_view name(Rule rule);  ///< "ulysses.heads"
std::string_view name(const Refusal& refusal);
std::string why(const Refusal& refusal);      ///< a sentence with the numbers
std::string instead(const Refusal& refusal);  ///< what to ask instead

}  // namespace ithaca
