#include "cli/launch_flags.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/text.hpp"
#include "model/framework_rules.hpp"

namespace ithaca {
namespace {

constexpr std::string_view kMegatron = "NVIDIA/Megatron-LM megatron/training/arguments.py, docs of Megatron-FSDP";
constexpr std::string_view kDeepSpeed =
    "deepspeed.ai tutorials ulysses-alst-sequence-parallelism and ulysses-offload, DeepSpeed configuration JSON";
constexpr std::string_view kAccelerate =
    "huggingface/accelerate docs concept_guides/sequence_parallelism and context_parallelism, commands/launch.py";
constexpr std::string_view kVerl = "verl-project/verl verl/trainer/config: sft_trainer_engine.yaml, engine/*.yaml";

struct Job {
  const Transformer& model;
  Workload work;  ///< with the framework that is asked
  const Cluster& cluster;
  const Layout& layout;

  std::int64_t micro_batches() const { return work.global_batch / (layout.dp * work.micro_batch); }
  /// The most processes a node that divide the job.
  int node_gpus() const {
    int most = std::max(1, std::min(layout.gpus(), cluster.node_gpus));
    while (layout.gpus() % most != 0) --most;
    return most;
  }
  int nodes() const { return layout.gpus() / node_gpus(); }
};

/// Words with a value each, as they come.
class Words {
 public:
  Words& add(std::string word) {
    words_.push_back(std::move(word));
    return *this;
  }
  template <class T>
  Words& add(std::string flag, const T& value) {
    return add(fmt::format("{} {}", flag, value));
  }
  /// Only where it is not what the framework does by itself.
  Words& degree(std::string flag, std::int64_t value) { return value > 1 ? add(std::move(flag), value) : *this; }
  std::vector<std::string> take() { return std::move(words_); }

 private:
  std::vector<std::string> words_;
};

void add_context_parallel(Words& w, const Layout& l) {
  if (l.sequence() == 1) return;
  w.add("--context-parallel-size", l.sequence());
  if (l.strategy == Strategy::cp_all_gather) {
    w.add("--cp-comm-type allgather");
  } else if (l.ulysses > 1 && l.ring > 1) {
    w.add("--cp-comm-type a2a+p2p").add(fmt::format("--hierarchical-context-parallel-sizes {} {}", l.ulysses, l.ring));
  } else {
    w.add(l.ulysses > 1 ? "--cp-comm-type a2a" : "--cp-comm-type p2p");
  }
}

void add_megatron_sharding(Words& w, const Layout& l, int version) {
  if (l.zero > 0) w.add("--use-distributed-optimizer");
  if (l.zero >= 2) {
    w.add(version < release(0, 14) ? "--use-custom-fsdp" : "--use-megatron-fsdp");  // CHANGELOG.md, 0.14
    w.add("--data-parallel-sharding-strategy", l.zero == 2 ? "optim_grads" : "optim_grads_params");
    w.add("--no-gradient-accumulation-fusion").add("--ckpt-format fsdp_dtensor");
  }
  if (l.dp * l.sequence() > 1) w.add("--overlap-grad-reduce");
  if (l.zero > 0 && l.dp * l.sequence() > 1) w.add("--overlap-param-gather");
}

void add_megatron_recompute(Words& w, const Job& j) {
  if (j.work.recompute == Recompute::selective) w.add("--recompute-granularity selective");
  if (j.work.recompute != Recompute::full) return;
  w.add("--recompute-granularity full");
  if (j.work.recompute_every == 1) {
    w.add("--recompute-method uniform").add("--recompute-num-layers 1");
  } else {
    const std::int64_t chunk = j.model.layers / j.layout.pp / j.layout.virtual_pp;
    w.add("--recompute-method block").add("--recompute-num-layers", chunk / j.work.recompute_every);
  }
}

/// With the reason why the framework cannot, if it cannot.
LaunchCommand command_of(const Job& j, std::string_view source) {
  const auto refusal = check_framework(j.model, j.work, j.layout);
  return {std::string(display_name(j.work.framework.framework)),
          {},
          "",
          refusal ? why_fragment(*refusal) : "",
          std::string(source)};
}

LaunchCommand megatron(const Job& j) {
  LaunchCommand launch = command_of(j, kMegatron);
  if (!launch.why_not.empty()) return launch;
  const Layout& l = j.layout;
  Words w;
  w.add(fmt::format("torchrun --nnodes {} --nproc-per-node {} pretrain_gpt.py", j.nodes(), j.node_gpus()));
  w.degree("--tensor-model-parallel-size", l.tp);
  if (l.tp > 1 && l.tp_sequence) w.add("--sequence-parallel");
  if (l.tp > 1 && l.tp_sequence && j.work.overlap.tensor) w.add("--tp-comm-overlap");
  add_context_parallel(w, l);
  w.degree("--pipeline-model-parallel-size", l.pp);
  w.degree("--num-virtual-stages-per-pipeline-rank", l.virtual_pp);
  w.degree("--expert-model-parallel-size", l.ep);
  add_megatron_sharding(w, l, j.work.framework.version);
  add_megatron_recompute(w, j);
  w.add("--micro-batch-size", j.work.micro_batch).add("--global-batch-size", j.work.global_batch);
  w.add("--seq-length", j.work.seq_len.count).add("--max-position-embeddings", j.work.seq_len.count);
  if (j.work.dtype != Dtype::fp32) w.add(j.work.dtype == Dtype::fp16 ? "--fp16" : "--bf16");
  if (j.work.dtype == Dtype::fp8) w.add("--fp8-format hybrid");
  if (j.work.flash) w.add("--attention-backend flash");
  if (j.work.fused_loss) w.add("--cross-entropy-loss-fusion");
  if (j.work.offload.optimizer) w.add("--optimizer-cpu-offload").add("--use-precision-aware-optimizer");
  launch.words = w.take();
  return launch;
}

std::string deepspeed_json(const Job& j) {
  std::string offload;
  if (j.work.offload.optimizer) offload += R"(, "offload_optimizer": {"device": "cpu", "pin_memory": true})";
  if (j.work.offload.parameters) offload += R"(, "offload_param": {"device": "cpu", "pin_memory": true})";
  const char* precision = j.work.dtype == Dtype::fp16 ? "fp16" : "bf16";
  return fmt::format(
      "{{\"train_micro_batch_size_per_gpu\": {}, \"gradient_accumulation_steps\": {}, \"sequence_parallel_size\": {}, "
      "{}\"zero_optimization\": {{\"stage\": {}{}}}, \"{}\": {{\"enabled\": {}}}}}",
      j.work.micro_batch, j.micro_batches(), j.layout.ulysses,
      j.layout.tp > 1 ? fmt::format(R"("tensor_parallel": {{"autotp_size": {}}}, )", j.layout.tp) : "", j.layout.zero,
      offload, precision, j.work.dtype != Dtype::fp32);
}

LaunchCommand deepspeed(const Job& j) {
  LaunchCommand launch = command_of(j, kDeepSpeed);
  if (!launch.why_not.empty()) return launch;
  const Layout& l = j.layout;
  Words w;
  const bool fpdt = l.strategy == Strategy::fpdt;
  w.add(fmt::format("deepspeed --num_nodes {} --num_gpus {} {}", j.nodes(), j.node_gpus(),
                    fpdt ? "pretrain_gpt.py" : "train.py"));
  w.add("--deepspeed").add("--deepspeed_config ds_config.json");
  if (fpdt) {
    w.add("--ds-sequence-parallel-size", l.ulysses).add("--ds-sequence-parallel-fpdt");
    w.add("--ds-sequence-parallel-fpdt-chunk-size", j.work.seq_len.count / l.chunks);
    w.add("--ds-sequence-parallel-fpdt-offloading").add("--use-flash-attn-v2");
  }
  launch.words = w.take();
  launch.settings = deepspeed_json(j);
  return launch;
}

void add_accelerate_ulysses(Words& w, const Job& j) {
  w.add("--use_deepspeed").add("--zero_stage", j.layout.zero);
  if (j.work.offload.optimizer) w.add("--offload_optimizer_device cpu");
  if (j.work.offload.parameters) w.add("--offload_param_device cpu");
  w.add("--use_parallelism_config").add("--parallelism_config_dp_replicate_size", j.layout.dp);
  w.add("--parallelism_config_dp_shard_size 1").add("--parallelism_config_sp_size", j.layout.ulysses);
  w.add("--parallelism_config_sp_backend deepspeed");
  w.add("--parallelism_config_sp_attn_implementation", j.work.flash ? "flash_attention_2" : "sdpa");
}

void add_accelerate_fsdp(Words& w, const Job& j) {
  const Layout& l = j.layout;
  if (l.zero < 2) {
    if (l.gpus() > 1) w.add("--multi_gpu");
    return;
  }
  w.add("--use_fsdp").add("--fsdp_version 2");
  w.add("--fsdp_reshard_after_forward", l.zero == 3 ? "true" : "false");
  w.add("--fsdp_auto_wrap_policy TRANSFORMER_BASED_WRAP");
  if (j.work.recompute == Recompute::full) w.add("--fsdp_activation_checkpointing true");
  if (j.work.offload.parameters) w.add("--fsdp_offload_params true");
  if (l.ring == 1 && l.tp == 1) return;
  w.add("--use_parallelism_config").add("--parallelism_config_dp_shard_size", l.dp);
  w.degree("--parallelism_config_tp_size", l.tp);
  if (l.ring == 1) return;
  w.add("--parallelism_config_cp_size", l.ring);
  w.add("--parallelism_config_cp_comm_strategy", l.strategy == Strategy::cp_all_gather ? "allgather" : "alltoall");
}

LaunchCommand accelerate(const Job& j) {
  LaunchCommand launch = command_of(j, kAccelerate);
  if (!launch.why_not.empty()) return launch;
  Words w;
  w.add(fmt::format("accelerate launch --num_machines {} --num_processes {}", j.nodes(), j.layout.gpus()));
  w.add("--mixed_precision", j.work.dtype == Dtype::fp16   ? "fp16"
                             : j.work.dtype == Dtype::fp32 ? "no"
                             : j.work.dtype == Dtype::fp8  ? "fp8"
                                                           : "bf16");
  w.degree("--gradient_accumulation_steps", j.micro_batches());
  if (j.layout.ulysses > 1) {
    add_accelerate_ulysses(w, j);
  } else {
    add_accelerate_fsdp(w, j);
  }
  launch.words = w.add("train.py").take();
  return launch;
}

void add_verl_fsdp(Words& w, const Job& j) {
  w.add("engine=fsdp engine.strategy=fsdp2");
  w.add(fmt::format("engine.ulysses_sequence_parallel_size={}", j.layout.ulysses));
  w.add(j.layout.zero == 3 ? "engine.reshard_after_forward=true" : "engine.reshard_after_forward=false");
  if (j.work.offload.parameters || j.work.offload.optimizer) w.add("engine.offload_policy=true");
}

void add_verl_megatron(Words& w, const Job& j) {
  const Layout& l = j.layout;
  w.add("engine=megatron").add(fmt::format("engine.tensor_model_parallel_size={}", l.tp));
  w.add(fmt::format("engine.sequence_parallel={}", l.tp > 1 && l.tp_sequence));
  w.add(fmt::format("engine.context_parallel_size={}", l.ring));
  w.add(fmt::format("engine.pipeline_model_parallel_size={}", l.pp));
  if (l.virtual_pp > 1) w.add(fmt::format("engine.virtual_pipeline_model_parallel_size={}", l.virtual_pp));
  if (l.ep > 1) w.add(fmt::format("engine.expert_model_parallel_size={}", l.ep));
  if (l.zero == 3) w.add("engine.use_megatron_fsdp=true");
  if (j.work.recompute != Recompute::none)
    w.add(fmt::format("engine.override_transformer_config.recompute_granularity={}",
                      j.work.recompute == Recompute::full ? "full" : "selective"));
}

LaunchCommand verl(const Job& j) {
  LaunchCommand launch = command_of(j, kVerl);
  if (!launch.why_not.empty()) return launch;
  Words w;
  w.add(fmt::format("torchrun --nnodes {} --nproc-per-node {} -m verl.trainer.sft_trainer", j.nodes(), j.node_gpus()));
  has_ulysses(j.layout.strategy) ? add_verl_fsdp(w, j) : add_verl_megatron(w, j);
  w.add("model.use_remove_padding=true");
  w.add(fmt::format("model.enable_gradient_checkpointing={}", j.work.recompute == Recompute::full));
  if (j.work.lora_rank > 0) w.add(fmt::format("model.lora_rank={}", j.work.lora_rank));
  w.add(fmt::format("data.train_batch_size={}", j.work.global_batch));
  w.add(fmt::format("data.micro_batch_size_per_gpu={}", j.work.micro_batch));
  w.add(fmt::format("data.max_length={}", j.work.seq_len.count));
  launch.words = w.take();
  return launch;
}

LaunchCommand launch_in(const FrameworkRelease& framework, const Transformer& model, Workload work,
                        const Cluster& cluster, const Layout& layout) {
  work.framework = framework;
  const Job job{model, work, cluster, layout};
  switch (framework.framework) {
    case Framework::megatron: return megatron(job);
    case Framework::deepspeed: return deepspeed(job);
    case Framework::accelerate: return accelerate(job);
    case Framework::verl:
    case Framework::any: break;
  }
  return verl(job);
}

}  // namespace

std::vector<LaunchCommand> launches(const Transformer& model, const Workload& work, const Cluster& cluster,
                                    const Layout& layout) {
  if (work.framework.framework != Framework::any) return {launch_in(work.framework, model, work, cluster, layout)};
  std::vector<LaunchCommand> all;
  for (const Framework f : {Framework::megatron, Framework::deepspeed, Framework::accelerate})
    all.push_back(launch_in({f}, model, work, cluster, layout));
  return all;
}

}  // namespace ithaca
