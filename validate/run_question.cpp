#include "validate/run_question.hpp"

#include <fmt/format.h>

#include <numeric>

#include "validate/run_model.hpp"

namespace ithaca {
namespace {

using Refused = std::optional<RunRefusal>;

bool holds(std::string_view text, std::string_view word) { return text.find(word) != std::string_view::npos; }

std::string_view words(RunFramework framework) {
  switch (framework) {
    case RunFramework::megatron_2021: return "Megatron-LM of 2021 to 2022";
    case RunFramework::megatron_core: return "Megatron-Core";
    case RunFramework::deepspeed: break;
  }
  return "DeepSpeed";
}

class Asker {
 public:
  Asker(const TrainingRun& run, RunProfiles& profiles)
      : run_(run), profiles_(profiles), framework_(run_framework(run)) {}

  Result<RunQuestion, RunRefusal> ask() {
    auto model = run_model(run_.model, run_.seq_len, q_.assumed);
    if (!model) return model.error();
    q_.model = std::move(model).value();
    if (run_.framework.empty())
      assume(fmt::format("conventions of {} (by precision, attention and ZeRO stage)", words(framework_)));
    for (const auto step :
         {&Asker::put_batch, &Asker::put_precision, &Asker::put_recompute, &Asker::put_strategy, &Asker::put_machine}) {
      if (auto refused = (this->*step)()) return *refused;
    }
    put_switches();
    put_overlap();
    pad_vocabulary();
    say_unknown();
    return q_;
  }

 private:
  void assume(std::string text) { q_.assumed.push_back(std::move(text)); }
  bool core() const { return framework_ == RunFramework::megatron_core; }
  bool old() const { return framework_ == RunFramework::megatron_2021; }
  bool deepspeed() const { return framework_ == RunFramework::deepspeed; }

  /// A setting that the case gives, or the default, which is then listed.
  bool setting(const std::optional<bool>& given, bool otherwise, std::string_view yes, std::string_view no) {
    if (!given) assume(std::string(otherwise ? yes : no));
    return given.value_or(otherwise);
  }

  Refused put_batch() {
    const RunDegrees& d = run_.degrees;
    const std::int64_t others = std::int64_t{d.tp} * d.pp * d.cp;
    const std::int64_t gpus = run_.gpus.value_or(others * d.dp.value_or(1));
    const std::int64_t dp = d.dp ? *d.dp : std::max<std::int64_t>(1, gpus / others);
    if (others * dp != gpus) {
      return RunRefusal{"layout.gpus",
                        fmt::format("tp {} x pp {} x cp {} x dp {} = {} is not the {} GPUs of the case", d.tp, d.pp,
                                    d.cp, dp, others * dp, gpus),
                        "mend the degrees or num_gpus"};
    }
    Layout& l = q_.layout;
    l.tp = d.tp, l.pp = d.pp, l.dp = static_cast<int>(dp), l.ep = d.ep;
    l.virtual_pp = static_cast<int>(run_.virtual_pp.value_or(1));
    if (!run_.virtual_pp && l.pp > 1) assume("one chunk of layers a stage (virtual_pp 1)");
    return put_micro_batches();
  }

  Refused put_micro_batches() {
    Workload& w = q_.work;
    const std::int64_t dp = q_.layout.dp;
    w.seq_len = Tokens{run_.seq_len};
    if (run_.micro_batch) {
      w.micro_batch = *run_.micro_batch;
    } else if (run_.global_batch && run_.micro_batches) {
      w.micro_batch = std::max<std::int64_t>(1, *run_.global_batch / (dp * *run_.micro_batches));
    } else {
      assume("micro-batch 1");
    }
    w.global_batch = run_.global_batch.value_or(w.micro_batch * dp * run_.micro_batches.value_or(1));
    if (!run_.global_batch && !run_.micro_batches) assume("one micro-batch a step");
    if (!run_.micro_batches || w.global_batch == w.micro_batch * dp * *run_.micro_batches) return {};
    return RunRefusal{"run.micro_batches",
                      fmt::format("{} micro-batches of {} on dp {} are no global batch of {}", *run_.micro_batches,
                                  w.micro_batch, dp, w.global_batch),
                      "mend the batch sizes of the case"};
  }

  Refused put_precision() {
    const std::string& type = run_.dtype;
    if (type.empty()) assume("bf16");
    if (type.empty() || holds(type, "bf16") || holds(type, "bfloat16")) {
      q_.work.dtype = Dtype::bf16;
    } else if (holds(type, "fp8")) {
      q_.work.dtype = Dtype::fp8;
    } else if (holds(type, "fp16") || holds(type, "float16")) {
      q_.work.dtype = Dtype::fp16;
    } else if (holds(type, "fp32") || holds(type, "float32")) {
      q_.work.dtype = Dtype::fp32;
    } else {
      return RunRefusal{"run.dtype", fmt::format("there is no model of dtype '{}'", type),
                        "write bf16, fp16, fp32 or fp8"};
    }
    return {};
  }

  Refused put_recompute() {
    const std::string& policy = run_.recompute;
    if (policy.empty()) assume("nothing recomputed");
    if (policy.empty() || policy == "none") {
      q_.work.recompute = Recompute::none;
    } else if (policy == "full") {
      q_.work.recompute = Recompute::full;
      q_.work.recompute_every = static_cast<int>(run_.recompute_every.value_or(1));
    } else if (policy.starts_with("selective")) {
      q_.work.recompute = Recompute::selective;
    } else {
      return RunRefusal{"run.recompute", fmt::format("there is no model of recompute '{}'", policy),
                        "write full, selective_attention or none"};
    }
    return {};
  }

  Refused put_strategy() {
    Layout& l = q_.layout;
    const int cp = run_.degrees.cp;
    const bool sharded = cp > 1 ? run_.megatron_sp.value_or(l.tp > 1) : run_.megatron_sp.value_or(core());
    if (!run_.megatron_sp && l.tp > 1)
      assume(sharded ? "Megatron's sequence parallelism over tp" : "no sequence parallelism over tp");
    l.tp_sequence = sharded;
    l.zero = run_.zero.value_or(deepspeed() ? 3 : core() ? 1 : 0);
    if (!run_.zero) assume(fmt::format("ZeRO stage {}", l.zero));
    if (cp == 1) {
      l.strategy = sharded ? Strategy::megatron_sp : Strategy::tensor_parallel;
      return {};
    }
    return put_context(cp);
  }

  /// The strategy that the case's cp_comm_type means, or else names.
  std::optional<Strategy> context_strategy() {
    const std::string& type = run_.cp_comm_type;
    if (type == "a2a") return Strategy::ulysses;
    if (type == "p2p") return Strategy::ring;
    if (type == "all_gather") return Strategy::cp_all_gather;
    if (type == "a2a+p2p") return Strategy::usp;
    if (!type.empty()) return std::nullopt;
    bool tensor = false;  // megatron_sp says nothing of cp
    for (const Strategy strategy : kAllStrategies) {
      if (name(strategy) != run_.strategy) continue;
      if (!has_tensor(strategy)) return strategy;
      tensor = true;
    }
    if (!run_.strategy.empty() && !tensor) return std::nullopt;
    assume("context parallelism by a ring (Megatron's default, p2p)");
    return Strategy::ring;
  }

  Refused put_context(int cp) {
    Layout& l = q_.layout;
    const auto strategy = context_strategy();
    if (!strategy) {
      return RunRefusal{
          "run.cp_comm_type",
          fmt::format("there is no model of '{}'", run_.cp_comm_type.empty() ? run_.strategy : run_.cp_comm_type),
          "write a2a, p2p, all_gather or a2a+p2p"};
    }
    l.strategy = *strategy;
    if (!deepspeed()) q_.work.ring_gradient = RingGradient::half;
    if (has_ulysses(l.strategy) && has_ring(l.strategy)) {
      split_hybrid(cp);
    } else {
      (has_ulysses(l.strategy) ? l.ulysses : l.ring) = cp;
    }
    if (l.ulysses * l.ring == cp) return {};
    return RunRefusal{"layout.gpus", fmt::format("ulysses {} x ring {} is not cp {}", l.ulysses, l.ring, cp),
                      "mend the degrees of the case"};
  }

  /// All-to-all inside, ring outside; where the case does not say, as much all-to-all as node and heads allow.
  void split_hybrid(int cp) {
    Layout& l = q_.layout;
    if (run_.degrees.ulysses || run_.degrees.ring) {
      l.ulysses = run_.degrees.ulysses.value_or(cp / std::max(1, run_.degrees.ring.value_or(1)));
      l.ring = run_.degrees.ring.value_or(cp / std::max(1, l.ulysses));
      return;
    }
    const auto node = std::max<std::int64_t>(1, run_.hardware.gpus_per_node.value_or(8) / l.tp);
    l.ulysses = static_cast<int>(std::gcd(std::gcd<std::int64_t>(cp, node), q_.model.kv_heads / std::max(1, l.tp)));
    l.ulysses = std::max(1, l.ulysses == cp ? cp / 2 : l.ulysses);
    l.ring = cp / l.ulysses;
    assume(fmt::format("ulysses {} x ring {} of cp {}", l.ulysses, l.ring, cp));
  }

  Refused put_machine() {
    auto machine = run_machine(run_.hardware, q_.layout.gpus(), profiles_);
    if (!machine) return machine.error();
    q_.cluster = machine->loaded.cluster;
    for (const std::string& text : machine->assumed) assume(text);
    if (run_.attention_kernel.empty()) return {};
    for (const AttentionChoice& choice : machine->loaded.attention) {
      if (choice.kernel != run_.attention_kernel) continue;
      q_.cluster.gpu.attention = choice.curve;
      return {};
    }
    assume(fmt::format("attention kernel of the profile: it has no curve of '{}'", run_.attention_kernel));
    return {};
  }

  void put_switches() {
    Workload& w = q_.work;
    w.flash = setting(run_.flash, !old(), "FlashAttention", "no FlashAttention");
    w.causal = setting(run_.causal, true, "causal attention", "");
    const bool drops = old() && q_.model.norm == Norm::layer;
    w.dropout = setting(run_.dropout, drops, "dropout as Megatron-LM's GPT has it", "no dropout");
    w.fused_loss = setting(run_.fused_loss, false, "", "cross entropy in separate kernels");
    const bool wide = !deepspeed() && w.dtype != Dtype::fp16;  // Megatron's default wherever it is not fp16
    w.fp32_gradients = setting(run_.fp32_gradients, wide, "gradients kept and reduced in fp32",
                               "gradients kept and reduced in the training type");
    w.transformer_engine = core();
    w.tiled_loss = run_.tiled_loss.value_or(false);
    w.tiled_mlp = run_.tiled_mlp.value_or(false);
    w.offload = {holds(run_.offload, "checkpoints"), holds(run_.offload, "optimizer"),
                 holds(run_.offload, "parameters")};
  }

  void put_overlap() {
    Overlap& o = q_.work.overlap;
    const std::string& given = run_.overlap;
    o = {!old(), !old(), false, false};
    if (given == "none" || given == "false") {
      o = {false, false, false, false};
    } else if (given == "all" || given == "full" || given == "true") {
      o = {true, true, true, true};
    } else if (!given.empty()) {
      o = {holds(given, "grad"), holds(given, "param"), holds(given, "pipeline") || holds(given, "p2p"),
           holds(given, "tensor") || holds(given, "tp_comm")};
    } else {
      assume(old() ? "nothing overlapped"
                   : "gradient reduction and weight gathering overlapped, pipeline messages not");
    }
  }

  /// Megatron's tokenizer pads to a multiple of 128 x tp (--make-vocab-size-divisible-by).
  void pad_vocabulary() {
    const std::int64_t multiple = 128 * std::int64_t{q_.layout.tp};
    const std::int64_t padded = (q_.model.vocab + multiple - 1) / multiple * multiple;
    if (deepspeed() || padded == q_.model.vocab) return;
    assume(fmt::format("vocabulary padded from {} to {}, a multiple of 128 x tp, as Megatron does", q_.model.vocab,
                       padded));
    q_.model.vocab = padded;
  }

  /// What was taken for a setting that the file says its source does not give; empty where it is no such setting.
  std::string taken(std::string_view key) const {
    const Workload& w = q_.work;
    if (key == "virtual_pp") return std::to_string(q_.layout.virtual_pp);
    if (key == "zero_stage") return std::to_string(q_.layout.zero);
    if (key == "vocab") return std::to_string(q_.model.vocab);
    if (key == "micro_batch") return std::to_string(w.micro_batch);
    if (key == "global_batch") return std::to_string(w.global_batch);
    if (key == "flash_attention") return w.flash ? "true" : "false";
    if (key == "causal") return w.causal ? "true" : "false";
    if (key == "dtype") return run_.dtype;
    if (key == "recompute") return run_.recompute;
    return "";
  }

  void say_unknown() {
    for (const std::string& text : run_.unknown) {
      const std::string value = taken(std::string_view(text).substr(0, text.find(' ')));
      assume("not given by the source: " + text + (value.empty() ? "" : "; taken: " + value));
    }
  }

  const TrainingRun& run_;
  RunProfiles& profiles_;
  RunFramework framework_;
  RunQuestion q_;
};

}  // namespace

RunFramework run_framework(const TrainingRun& run) {
  if (holds(run.framework, "deepspeed") || holds(run.framework, "DeepSpeed")) return RunFramework::deepspeed;
  if (holds(run.framework, "core") || holds(run.framework, "nemo")) return RunFramework::megatron_core;
  if (!run.framework.empty()) return RunFramework::megatron_2021;
  if (run.zero.value_or(0) >= 2) return RunFramework::deepspeed;
  const bool old = run.dtype == "fp16" || (run.flash.has_value() && !*run.flash);
  return old ? RunFramework::megatron_2021 : RunFramework::megatron_core;
}

Result<RunQuestion, RunRefusal> run_question(const TrainingRun& run, RunProfiles& profiles) {
  return Asker(run, profiles).ask();
}

}  // namespace ithaca
