#include "model/framework_rules.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "model/split.hpp"

namespace ithaca {
namespace {

using std::to_string;
using Broken = std::optional<BrokenDemand>;
using Model = const Transformer&;
using Work = const Workload&;
using Split = const Layout&;

constexpr Broken broken_if(bool breaks, std::int64_t given = 0, std::int64_t limit = 0, std::int64_t nearest = 0) {
  return breaks ? Broken(BrokenDemand{given, limit, nearest}) : std::nullopt;
}

std::int64_t heads_of_tp(Model m, Split l) { return m.heads / l.tp; }
bool even_heads(Model m, Split l, int ulysses) { return heads_of_tp(m, l) % ulysses == 0; }
bool even_kv(Model m, Split l, int ulysses) { return m.kv_heads % (std::int64_t{l.tp} * ulysses) == 0; }
bool kv_or_copies(Model m, Split l, int ulysses) { return even_kv(m, l, ulysses) || ulysses % m.kv_heads == 0; }

/// The largest Ulysses degree up to the layout's that deals heads as `legal` says.
template <class Legal>
std::int64_t nearest_ulysses(Model m, Split l, Legal legal) {
  for (int u = l.ulysses; u > 1; --u) {
    if (legal(m, l, u)) return u;
  }
  return 1;
}

bool alst_deals(Model m, Split l, int u) { return even_heads(m, l, u) && kv_or_copies(m, l, u); }
bool deals_evenly(Model m, Split l, int u) { return even_heads(m, l, u) && even_kv(m, l, u); }

Broken uneven_heads(Model m, Work, Split l) {
  return broken_if(!even_heads(m, l, l.ulysses), l.ulysses, heads_of_tp(m, l), nearest_ulysses(m, l, alst_deals));
}
Broken uneven_kv_copies(Model m, Work, Split l) {
  return broken_if(!kv_or_copies(m, l, l.ulysses), l.ulysses, m.kv_heads, nearest_ulysses(m, l, alst_deals));
}
Broken uneven_both(Model m, Work, Split l) {
  return broken_if(l.ulysses > 1 && !deals_evenly(m, l, l.ulysses), std::int64_t{l.tp} * l.ulysses, m.kv_heads,
                   nearest_ulysses(m, l, deals_evenly));
}
Broken uneven_fpdt(Model m, Work w, Split l) {
  return l.strategy == Strategy::fpdt ? uneven_both(m, w, l) : std::nullopt;
}

template <Strategy... known>
Broken other_strategy(Model, Work, Split l) {
  return broken_if(((l.strategy != known) && ...));
}
template <Strategy... unknown>
Broken is_strategy(Model, Work, Split l) {
  return broken_if(((l.strategy == unknown) || ...));
}

Broken pipeline(Model, Work, Split l) { return broken_if(l.pp > 1, l.pp); }
Broken expert_parallel(Model, Work, Split l) { return broken_if(l.ep > 1, l.ep); }
Broken ulysses_over_tp(Model, Work, Split l) { return broken_if(has_ulysses(l.strategy) && l.tp > 1, l.tp); }
Broken ulysses_pipeline(Model, Work, Split l) { return broken_if(has_ulysses(l.strategy) && l.pp > 1, l.pp); }
Broken eager_ulysses(Model, Work w, Split l) { return broken_if(l.ulysses > 1 && !w.flash, l.ulysses); }
Broken tp_zero3(Model, Work, Split l) { return broken_if(l.tp > 1 && l.zero == 3, l.zero); }

/// What the framework cuts sequences by without padding them: context parallelism into two chunks a rank, then tp what
/// a rank holds.
std::int64_t unpadded_multiple(Work w, Split l) {
  const std::int64_t cp = l.sequence(), tp = l.tp_sequence ? l.tp : 1;
  const Framework framework = w.framework.framework;
  if (framework == Framework::megatron) return cp * std::lcm<std::int64_t>(cp > 1 ? 2 : 1, tp);
  return framework == Framework::accelerate && l.ring > 1 ? 2 * cp : 1;
}
Broken sequence_rest(Model, Work w, Split l) {
  const std::int64_t multiple = unpadded_multiple(w, l), n = w.seq_len.count;
  return broken_if(n % multiple != 0, n, multiple, (n + multiple - 1) / multiple * multiple);
}

// ---- DeepSpeed

Broken deepspeed_zero(Model, Work, Split l) { return broken_if(l.ulysses > 1 && l.zero == 0, l.zero); }

// ---- Megatron

Broken kv_by_tp(Model m, Work, Split l) {
  return broken_if(m.kv_heads % l.tp != 0, l.tp, m.kv_heads, std::gcd<std::int64_t>(m.kv_heads, l.tp));
}
Broken plain_ring(Model, Work w, Split l) {
  return broken_if(w.causal && !l.zigzag && l.ring > 1 && l.strategy != Strategy::cp_all_gather, l.ring);
}
Broken uneven_layers(Model m, Work, Split l) {
  const std::int64_t chunks = std::int64_t{l.pp} * l.virtual_pp;
  return broken_if(m.layers % chunks != 0, chunks, m.layers);
}
Broken gpipe(Model, Work, Split l) { return broken_if(l.pp > 1 && l.schedule == Schedule::gpipe, l.pp); }
Broken offloads_layers(Model, Work w, Split) { return broken_if(w.offload.checkpoints || w.offload.parameters); }
Broken offloads_optimizer(Model, Work w, Split) { return broken_if(w.offload.optimizer); }
Broken fsdp(Model, Work, Split l) { return broken_if(l.zero >= 2, l.zero); }
Broken experts_context(Model m, Work, Split l) { return broken_if(m.is_moe() && l.sequence() > 1, l.sequence()); }
Broken experts_plain_tp(Model m, Work, Split l) { return broken_if(m.is_moe() && l.tp > 1 && !l.tp_sequence, l.tp); }
Broken latent(Model m, Work, Split) { return broken_if(m.is_latent()); }
Broken adapters(Model, Work w, Split) { return broken_if(w.lora_rank > 0, w.lora_rank); }

// ---- Accelerate

Broken tp_splits_sequence(Model, Work, Split l) { return broken_if(l.tp > 1 && l.tp_sequence, l.tp); }
Broken ulysses_zero(Model, Work, Split l) { return broken_if(l.ulysses > 1 && l.zero < 2, l.zero); }
/// Plain data parallelism aside.
Broken unsharded(Model, Work, Split l) {
  return broken_if(l.ulysses == 1 && l.gpus() > 1 && l.zero < 2 && !(l.zero == 0 && l.dp == l.gpus()), l.zero);
}

// ---- verl

bool by_fsdp(Split l) { return has_ulysses(l.strategy); }
Broken fsdp_zero(Model, Work, Split l) { return broken_if(by_fsdp(l) && l.zero < 2, l.zero); }
Broken engine_zero2(Model, Work, Split l) { return broken_if(!by_fsdp(l) && l.zero == 2, l.zero); }
Broken kv_only(Model m, Work, Split l) {
  return broken_if(l.ulysses > 1 && !even_kv(m, l, l.ulysses), l.ulysses, m.kv_heads,
                   nearest_ulysses(m, l, deals_evenly));
}

constexpr std::string_view kTakeUlysses = "take --ulysses {nearest}";
constexpr std::string_view kAlst = "deepspeedai/DeepSpeed deepspeed/runtime/sequence_parallel/ulysses_sp.py";
constexpr std::string_view kUnevenHeads = "deepspeedai/DeepSpeed PR 6392, merged in October 2024";
constexpr std::string_view kAutoTp = "deepspeedai/DeepSpeed docs/_pages/config-json.md, Tensor Parallel (AutoTP)";
constexpr std::string_view kMegatronArguments = "NVIDIA/Megatron-LM megatron/training/arguments.py validate_args";
constexpr std::string_view kMegatronConfig = "NVIDIA/Megatron-LM megatron/core/transformer/transformer_config.py";
constexpr std::string_view kMegatronLog = "NVIDIA/Megatron-LM CHANGELOG.md";
constexpr std::string_view kAccelerateUlysses =
    "huggingface/accelerate docs/source/concept_guides/sequence_parallelism.md";
constexpr std::string_view kAccelerateRing = "huggingface/accelerate docs/source/concept_guides/context_parallelism.md";
constexpr std::string_view kAccelerateConfig = "huggingface/accelerate src/accelerate/parallelism_config.py";
constexpr std::string_view kVerlPatch = "verl-project/verl verl/models/transformers/monkey_patch.py";
constexpr std::string_view kVerlFsdp = "verl-project/verl verl/trainer/config/engine/fsdp.yaml";
constexpr std::string_view kVerlMegatron = "verl-project/verl verl/trainer/config/engine/megatron.yaml";

constexpr int kFirst = 0, kAll = kNewest + 1;
using enum Strategy;

constexpr FrameworkRule kRules[] = {
    // clang-format off
    {"deepspeed.strategy", Framework::deepspeed, kFirst, kAll, true, other_strategy<ulysses, fpdt, tensor_parallel>,
     "splits sequences by Ulysses and has no {strategy}", "take --strategies ulysses, or --framework megatron",
     "deepspeed.ai tutorials ds-sequence, ulysses-alst-sequence-parallelism and ulysses-offload"},
    {"deepspeed.autotp", Framework::deepspeed, kFirst, release(0, 16, 4), true, is_strategy<tensor_parallel>,
     "trains with tensor parallelism since 0.16.4 (AutoTP)", "take deepspeed@0.16.4 or later, or --strategies ulysses",
     "deepspeedai/DeepSpeed blogs/huggingface-tp, axolotl-ai-cloud/axolotl issue 2491"},
    {"deepspeed.pipeline", Framework::deepspeed, kFirst, kAll, false, pipeline,
     "pipelines only models that are rewritten as a PipelineModule", "take --pp 1",
     "deepspeed.ai tutorials/pipeline, deepspeedai/DeepSpeed issue 7147"},
    {"deepspeed.tp", Framework::deepspeed, kFirst, kAll, false, ulysses_over_tp,
     "does not join Ulysses to a tp group that splits the sequence too (tp {given})", "take --tp 1",
     "deepspeedai/Megatron-DeepSpeed megatron/initialize.py"},
    {"deepspeed.tp_zero", Framework::deepspeed, kFirst, kAll, false, tp_zero3,
     "trains with tensor parallelism under ZeRO 0, 1 and 2, not {given}", "take --zero 2", kAutoTp},
    {"deepspeed.zero", Framework::deepspeed, kFirst, kAll, false, deepspeed_zero,
     "runs Ulysses under ZeRO 1 to 3 and crashes under 0", "take --zero 1, 2 or 3",
     "deepspeedai/DeepSpeed issue 7833"},
    {"deepspeed.fpdt_heads", Framework::deepspeed, kFirst, kAll, false, uneven_fpdt,
     "wants query and KV heads divisible by ulysses {given} for FPDT; there are {limit} KV heads", kTakeUlysses,
     "FPDT, arXiv 2408.16978; deepspeedai/DeepSpeed deepspeed/sequence/fpdt_layer.py"},
    {"deepspeed.heads", Framework::deepspeed, release(0, 17), kAll, false, uneven_heads,
     "wants {limit} query heads divisible by ulysses {given} (ALST)",
     "take --ulysses {nearest}, or deepspeed.sequence.layer.DistributedAttention, which takes uneven heads", kAlst},
    {"deepspeed.kv_heads", Framework::deepspeed, release(0, 17), kAll, false, uneven_kv_copies,
     "wants {limit} KV heads divisible by ulysses {given} or dividing it (ALST)", kTakeUlysses, kAlst},
    {"deepspeed.heads", Framework::deepspeed, kFirst, release(0, 15, 4), false, uneven_heads,
     "deals {limit} query heads over ulysses {given} unevenly since 0.15.4 only",
     "take --ulysses {nearest}, or deepspeed@0.15.4 or later", kUnevenHeads},
    {"deepspeed.experts", Framework::deepspeed, kFirst, kAll, false, expert_parallel,
     "spreads only experts that are rewritten as deepspeed.moe layers", "take --ep 1",
     "deepspeed.ai tutorials/mixture-of-experts"},

    {"megatron.strategy", Framework::megatron, kFirst, kAll, true, is_strategy<loongtrain, fpdt, ring_self_attention>,
     "has no {strategy}", "take --strategies ulysses,megatron_sp,ring,usp", kMegatronArguments},
    {"megatron.latent", Framework::megatron, kFirst, release(0, 10), true, latent,
     "has latent attention since 0.10", "take megatron@0.10 or later", kMegatronLog},
    {"megatron.lora", Framework::megatron, kFirst, kAll, true, adapters,
     "trains no adapters itself; Megatron-Bridge does", "leave --lora out, or train with Megatron-Bridge",
     "NVIDIA-NeMo/Megatron-Bridge src/megatron/bridge/peft"},
    {"megatron.experts_cp", Framework::megatron, kFirst, release(0, 8), false, experts_context,
     "joins experts and context parallelism (cp {given}) since 0.8", "take megatron@0.8 or later", kMegatronLog},
    {"megatron.heads", Framework::megatron, kFirst, kAll, false, uneven_both,
     "wants query and KV heads divisible by tp x ulysses = {given}",
     "take --ulysses {nearest}, with --ring for more", "NVIDIA/TransformerEngine transformer_engine/pytorch/attention "
     "context_parallel.py, a2a"},
    {"megatron.kv_heads", Framework::megatron, kFirst, release(0, 16), false, kv_by_tp,
     "wants {limit} KV heads divisible by tp {given} before 0.16", "take --tp {nearest}, or megatron@0.16 or later",
     "NVIDIA/Megatron-LM megatron/core/transformer/transformer_config.py; modelscope/ms-swift issue 8219"},
    {"megatron.sequence", Framework::megatron, kFirst, kAll, false, sequence_rest,
     "wants sequences that are a multiple of {limit} (2 x context parallel size, and tp); {given} are not",
     "take --seq {nearest}", kMegatronArguments},
    {"megatron.zigzag", Framework::megatron, kFirst, kAll, false, plain_ring,
     "always balances a causal ring by zigzag", "leave --no-zigzag out", kMegatronArguments},
    {"megatron.layers", Framework::megatron, kFirst, kAll, false, uneven_layers,
     "wants {limit} layers divisible by {given} chunks, or a --pipeline-model-parallel-layout",
     "take another --pp or --virtual-pp", kMegatronArguments},
    {"megatron.schedule", Framework::megatron, kFirst, kAll, false, gpipe, "has no GPipe", "take --schedule 1f1b",
     "NVIDIA/Megatron-LM megatron/core/pipeline_parallel/schedules.py"},
    {"megatron.fsdp", Framework::megatron, kFirst, release(0, 12), false, fsdp,
     "shards gradients and weights (ZeRO {given}) since its custom FSDP of 0.12", "take --zero 1", kMegatronLog},
    {"megatron.offload", Framework::megatron, kFirst, kAll, false, offloads_layers,
     "offloads neither weights nor inputs of recomputed layers", "leave checkpoints and parameters out of --offload",
     kMegatronConfig},
    {"megatron.optimizer_offload", Framework::megatron, kFirst, release(0, 11), false, offloads_optimizer,
     "offloads the optimizer since 0.11", "take megatron@0.11 or later", kMegatronLog},
    {"megatron.experts_tp", Framework::megatron, kFirst, kAll, false, experts_plain_tp,
     "trains experts under tp {given} with sequence parallelism only", "take --strategies megatron_sp",
     "NVIDIA/Megatron-LM megatron/core/transformer/moe/moe_layer.py, issue 1587"},

    {"accelerate.strategy", Framework::accelerate, kFirst, kAll, true,
     other_strategy<ulysses, ring, cp_all_gather, tensor_parallel, usp, megatron_sp>, "has no {strategy}",
     "take --strategies ulysses,ring,cp_all_gather", kAccelerateConfig},
    {"accelerate.usp", Framework::accelerate, kFirst, kAll, true, is_strategy<usp>, "does not join Ulysses and ring yet",
     "take --strategies ulysses or ring", kAccelerateUlysses},
    {"accelerate.tp", Framework::accelerate, kFirst, kAll, true, is_strategy<megatron_sp>,
     "does not split the sequence over its tensor-parallel ranks", "take --strategies tensor_parallel or ulysses",
     kAccelerateConfig},
    {"accelerate.ulysses", Framework::accelerate, kFirst, release(1, 12), true, is_strategy<ulysses>,
     "has Ulysses since 1.12", "take accelerate@1.12 or later", "huggingface/accelerate PR 3817, docs of v1.12.0"},
    {"accelerate.context", Framework::accelerate, kFirst, release(1, 10), true,
     is_strategy<ring, cp_all_gather, tensor_parallel>, "has ParallelismConfig since 1.10",
     "take accelerate@1.10 or later", kAccelerateConfig},
    {"accelerate.pipeline", Framework::accelerate, kFirst, kAll, false, pipeline, "has no pipeline", "take --pp 1",
     kAccelerateConfig},
    {"accelerate.experts", Framework::accelerate, kFirst, kAll, false, expert_parallel, "has no expert parallelism",
     "take --ep 1", kAccelerateConfig},
    {"accelerate.ulysses_tp", Framework::accelerate, kFirst, kAll, false, ulysses_over_tp,
     "joins no tensor parallelism to DeepSpeed's Ulysses (tp {given})", "take --tp 1", kAccelerateUlysses},
    {"accelerate.ring_tp", Framework::accelerate, kFirst, kAll, false, tp_splits_sequence,
     "does not split the sequence over its tensor-parallel ranks (tp {given})", "take --tp 1", kAccelerateConfig},
    {"accelerate.heads", Framework::accelerate, kFirst, kAll, false, uneven_heads,
     "goes through DeepSpeed, which wants {limit} query heads divisible by ulysses {given}", kTakeUlysses, kAlst},
    {"accelerate.kv_heads", Framework::accelerate, kFirst, kAll, false, uneven_kv_copies,
     "goes through DeepSpeed, which wants {limit} KV heads divisible by ulysses {given} or dividing it", kTakeUlysses,
     kAlst},
    {"accelerate.eager", Framework::accelerate, kFirst, kAll, false, eager_ulysses,
     "runs Ulysses with sdpa and FlashAttention, not with eager attention", "take --attention flash",
     kAccelerateUlysses},
    {"accelerate.zero", Framework::accelerate, kFirst, kAll, false, ulysses_zero,
     "is tested with Ulysses under ZeRO 2 and 3, not {given}", "take --zero 3", kAccelerateUlysses},
    {"accelerate.fsdp", Framework::accelerate, kFirst, kAll, false, unsharded, "shards by FSDP2: ZeRO 2 or 3",
     "take --zero 3", kAccelerateRing},
    {"accelerate.sequence", Framework::accelerate, kFirst, kAll, false, sequence_rest,
     "wants sequences that are a multiple of {limit} (2 x context parallel size); {given} are not",
     "take --seq {nearest}", "pytorch/torchtitan torchtitan/distributed/parallel_dims.py seq_len_divisor"},

    {"verl.strategy", Framework::verl, kFirst, kAll, true, other_strategy<ulysses, megatron_sp, tensor_parallel, ring>,
     "splits sequences by Ulysses (FSDP engine) or by Megatron's tp and ring (Megatron engine) and has no {strategy}",
     "take --strategies ulysses,megatron_sp,ring", kVerlMegatron},
    {"verl.tp", Framework::verl, kFirst, kAll, false, ulysses_over_tp,
     "has no tensor parallelism in its FSDP engine (tp {given})", "take --tp 1, or --strategies megatron_sp",
     "verl-project/verl issue 4329"},
    {"verl.pipeline", Framework::verl, kFirst, kAll, false, ulysses_pipeline, "has no pipeline in its FSDP engine",
     "take --pp 1, or --strategies megatron_sp", kVerlFsdp},
    {"verl.heads", Framework::verl, kFirst, kAll, false, uneven_heads,
     "wants {limit} query heads divisible by ulysses {given}", kTakeUlysses, kVerlPatch},
    {"verl.kv_heads", Framework::verl, kFirst, release(0, 3), false, kv_only,
     "copies KV heads ({limit}, fewer than or uneven over ulysses {given}) since 0.3 only",
     "take --ulysses {nearest}, or verl@0.3 or later", "verl-project/verl PR 850"},
    {"verl.kv_heads", Framework::verl, release(0, 3), kAll, false, uneven_kv_copies,
     "wants {limit} KV heads divisible by ulysses {given} or dividing it", kTakeUlysses, kVerlPatch},
    {"verl.eager", Framework::verl, kFirst, kAll, false, eager_ulysses,
     "wants use_remove_padding for Ulysses, which eager attention cannot do", "take --attention flash",
     "verl-project/verl PR 6502"},
    {"verl.zero", Framework::verl, kFirst, kAll, false, fsdp_zero, "shards by FSDP: ZeRO 2 or 3, not {given}",
     "take --zero 3", kVerlFsdp},
    {"verl.engine_zero", Framework::verl, kFirst, kAll, false, engine_zero2,
     "shards by Megatron's distributed optimizer (ZeRO 1) or Megatron-FSDP (ZeRO 3), not ZeRO {given}",
     "take --zero 1", kVerlMegatron},
    {"verl.layers", Framework::verl, kFirst, kAll, false, uneven_layers,
     "wants {limit} layers divisible by {given} chunks in its Megatron engine", "take another --pp or --virtual-pp",
     kMegatronArguments},
    {"verl.schedule", Framework::verl, kFirst, kAll, false, gpipe, "has no GPipe", "take --schedule 1f1b",
     "NVIDIA/Megatron-LM megatron/core/pipeline_parallel/schedules.py"},
    {"verl.zigzag", Framework::verl, kFirst, kAll, false, plain_ring, "always balances a causal ring by zigzag",
     "leave --no-zigzag out", kMegatronArguments},
    // clang-format on
};

std::string value_of(const Refusal& r, std::string_view key) {
  const Layout& l = r.layout;
  if (key == "given") return to_string(r.given);
  if (key == "limit") return to_string(r.limit);
  if (key == "nearest") return to_string(r.nearest);
  if (key == "strategy") return std::string(name(l.strategy));
  return std::string(key);
}

std::string fill_in(const Refusal& refusal, std::string_view pattern) {
  std::string text;
  while (!pattern.empty()) {
    const std::size_t open = pattern.find('{'), close = pattern.find('}');
    text += pattern.substr(0, open);
    if (open == std::string_view::npos) break;
    text += value_of(refusal, pattern.substr(open + 1, close - open - 1));
    pattern.remove_prefix(close + 1);
  }
  return text;
}

}  // namespace

std::span<const FrameworkRule> framework_rules() { return kRules; }

std::optional<Refusal> check_framework(const Transformer& model, const Workload& work, const Layout& layout) {
  const auto& [framework, version] = work.framework;
  if (framework == Framework::any) return std::nullopt;
  for (const FrameworkRule& rule : kRules) {
    if (rule.framework != framework || version < rule.since || version >= rule.before) continue;
    const auto broken = rule.check(model, work, layout);
    if (!broken) continue;
    return Refusal{Rule::framework, layout, broken->given, broken->limit, broken->nearest, &rule, version};
  }
  return std::nullopt;
}

std::int64_t sequence_multiple(const Workload& work, const Layout& layout) {
  return std::lcm(sequence_multiple(layout, work.causal), unpadded_multiple(work, layout));
}

std::string why_fragment(const Refusal& refusal) { return fill_in(refusal, refusal.demand->why); }

std::string framework_why(const Refusal& refusal) {
  const FrameworkRule& rule = *refusal.demand;
  const std::string version = version_text(refusal.version);
  return std::string(display_name(rule.framework)) + (version.empty() ? " " : " " + version + " ") +
         why_fragment(refusal) + " (" + std::string(rule.source) + ")";
}

std::string framework_instead(const Refusal& refusal) { return fill_in(refusal, refusal.demand->instead); }

}  // namespace ithaca
