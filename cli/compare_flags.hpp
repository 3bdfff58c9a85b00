#pragma once
// The command line of `ithaca compare` as values.

#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/terminal.hpp"
#include "model/compare.hpp"

namespace ithaca {

/// What is asked about: the flags of `compare` and of every simulation of a layout.
inline constexpr Flag kJobFlags[] = {
    {"--model", "M", "the model: a name from 'ithaca inspect', a YAML file or a Hugging Face config.json", true},
    {"--cluster", "C", "the cluster: a name from 'ithaca inspect' or a YAML file", true},
    {"--gpus", "G", "number of GPUs to rent", true},
    {"--seq", "N", "sequence length in tokens: 1Mi (2^20), 1M (10^6), 131072", true},
    {"--profile", "FILE", "what 'ithaca calibrate' found on this machine, in place of NCCL's constants and old curves"},
    {"--global-batch", "B", "sequences per optimizer step [1, or the micro-batch]"},
    {"--micro-batch", "b", "sequences per replica and pass [1]"},
    {"--dtype", "T", "bf16, fp16, fp32 or fp8 (matrix products in fp8, the rest bf16) [bf16]"},
    {"--attention", "A",
     "comma list: flash (or one kernel: fa1, fa2, fa3, cudnn) or eager; causal or full [flash,causal]"},
    {"--recompute", "R", "none, selective or full [full]"},
    {"--recompute-every", "K", "with full: every K-th layer only [1]"},
    {"--zero", "Z", "ZeRO stage 0 to 3 [1 for megatron_sp and with a pipeline, 3 for the others]"},
    {"--tp", "T", "tensor-parallel degree [chosen]"},
    {"--pp", "P", "pipeline-parallel degree [1]"},
    {"--dp", "D", "data-parallel degree [chosen]"},
    {"--ulysses", "U", "Ulysses degree [chosen]"},
    {"--ring", "R", "ring degree [chosen]"},
    {"--ep", "E", "expert-parallel degree, part of dp x ulysses x ring [1]"},
    {"--virtual-pp", "V", "chunks of layers a pipeline stage (interleaved 1F1B) [1]"},
    {"--schedule", "S", "order of a pipeline: 1f1b or gpipe [1f1b]"},
    {"--inner-ring", "W", "loongtrain: ranks of an inner ring [1]"},
    {"--chunks", "C", "fpdt: chunks of a rank's sequence [1]"},
    {"--grad-dtype", "T", "gradients in the training type (same) or fp32 [same]"},
    {"--ring-grad", "T", "the ring sends dK and dV in fp32 or in half [fp32]"},
    {"--no-zigzag", "", "plain ring, without the causal load balance"},
    {"--dropout", "", "keep dropout masks"},
    {"--tiled-loss", "", "logits and loss by slices of the sequence"},
    {"--fused-loss", "", "cross entropy in one kernel, without an fp32 copy of the logits"},
    {"--tiled-mlp", "", "the MLP by slices of the sequence"},
    {"--offload", "WHAT", "comma list of what waits in host memory: checkpoints, optimizer, parameters"},
    {"--tp-overlap", "", "Megatron-SP's gathers and scatters run in chunks beside their GEMMs"},
    {"--pp-overlap", "", "messages between pipeline stages run beside compute"},
    {"--no-overlap", "WHAT", "comma list of traffic that compute waits for: gradients, parameters"},
    {"--lora", "R[:T]",
     "train adapters of this rank, everything else frozen; at attention, ffn or all matrices: 16, 16:attention"},
    {"--framework", "F[@V]",
     "refuse what it cannot run: deepspeed, megatron, accelerate or verl, of one release (deepspeed@0.17) or the "
     "newest [any]"},
};
/// What `compare` has beside them.
inline constexpr Flag kCompareOnlyFlags[] = {
    {"--strategies", "S",
     "comma list of ulysses, megatron_sp, ring, usp (the default), tensor_parallel, "
     "cp_all_gather, loongtrain, fpdt and ring_self_attention"},
    {"--engine", "E", "step times from the closed form (analytic) or from the event engine (event) [analytic]"},
    {"--price", "USD", "price of a GPU-hour, such as 2.50USD [the profile's]"},
    {"--batch-tokens", "T", "tokens of a global batch at most, in place of --global-batch: 4Mi"},
    {"--documents", "D",
     "documents packed into the sequences, which attention does not cross: 4Ki*8,32Ki, or a file "
     "of lengths [one a sequence]"},
    {"--explain", "", "every term: formula, numbers put in, result, source"},
};
inline constexpr Flag kOutputFlags[] = {
    {"--json", "", "JSON, SI base units, full precision"},
    {"--csv", "", "CSV, one line a row"},
    {"-o", "FILE", "write there instead of stdout"},
    {"--color", "WHEN", "auto, always or never [auto]"},
};

/// What inference is asked with, beside a job.
inline constexpr Flag kInferenceFlags[] = {
    {"--phase", "P", "inference instead of training, layouts chosen for its prefill or its decode"},
    {"--batch", "B", "with --phase: sequences served at once [1]"},
    {"--output-tokens", "K", "with --phase: tokens made for each sequence, kept in its KV cache [1]"},
    {"--kv-dtype", "T", "with --phase: the KV cache in the training type (same) or fp8 [same]"},
};

enum class Format { table, json, csv };
/// Where step times come from.
enum class Engine { analytic, event };

class FlagReader;

struct CompareRequest {
  std::string model, cluster;  ///< names or files
  int gpus = 0;
  Workload work;
  std::string attention_kernel;  ///< fa1, fa2, fa3 or cudnn; empty for the GPU's default
  Degrees degrees;
  std::shared_ptr<const Packing> packing;  ///< of --documents
  std::vector<Strategy> strategies{kStrategies.begin(), kStrategies.end()};
  Engine engine = Engine::analytic;
  std::optional<Dollars> price;  ///< per GPU-hour, instead of the profile's
  Format format = Format::table;
  bool explain = false;
  ColorWhen color = ColorWhen::automatic;
  std::string file;                   ///< -o
  std::vector<std::string> defaults;  ///< what was not given and is therefore chosen: "global batch 1"
  std::vector<std::string> notices;
};

extern const std::span<const Flag> kCompareFlags;

CompareRequest read_compare_flags(const Arguments& arguments, Diagnostics& problems);
/// All of it but the GPUs, for commands that offer several counts.
CompareRequest read_question_flags(FlagReader& flags);

std::string_view name(Engine engine);
std::string_view name(Dtype dtype);
std::string_view name(Recompute recompute);

}  // namespace ithaca
