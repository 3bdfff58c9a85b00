#pragma once
// Published training runs: schema_version 1 with `sources`, `hardware`, `models` and `cases`. Units are in the keys, so
// that bare numbers are right. Such files are other people's: what this reader does not know becomes a notice, and
// words (a precision, a recompute policy) stay text for whoever asks the model.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "configs/reader/diagnostic.hpp"
#include "configs/reader/document.hpp"
#include "model/quantity.hpp"
#include "model/result.hpp"

namespace ithaca {

using MaybeCount = std::optional<std::int64_t>;

/// A machine as a source describes it; what it leaves out stays empty. Rates are one way.
struct RunHardware {
  std::string name;
  std::string gpu;      ///< in the source's words
  std::string cluster;  ///< a catalogue name or file that stands for the machine, where the file names one
  std::string kernels;  ///< a catalogue name or file of kernels timed on such a machine, instead of the profile's
  MaybeCount gpus_per_node, nics_per_node;
  std::optional<FlopPerSecond> peak_half, peak_fp8;
  std::optional<BytesPerSecond> memory_rate;
  std::optional<Bytes> memory;
  std::optional<BytesPerSecond> port;         ///< NVLink of a GPU
  std::optional<BytesPerSecond> uplink;       ///< of a whole node to the network
  std::optional<BytesPerSecond> config_port;  ///< a peer's setting for the links inside a node, no property of them
  std::optional<bool> nvswitch;
  std::string note;
};

/// A model's shape in a source's terms. Where the file only names it, `catalogue` is set and the rest is empty.
struct RunModel {
  std::string name, arch;
  std::int64_t hidden = 0, layers = 0, heads = 0;
  MaybeCount kv_heads, head_dim, ffn, vocab;
  std::optional<bool> gated_mlp, tied_embeddings, qkv_bias, qk_norm;
  MaybeCount experts, topk, moe_ffn, shared_expert_ffn, dense_layers;
  MaybeCount q_lora_rank, kv_lora_rank, qk_nope_head_dim, qk_rope_head_dim, v_head_dim;
  bool catalogue = false;
};

struct RunSource {
  std::string name, title, url, read_from;
};

/// Degrees of the job; ranks of `cp` share one sequence.
struct RunDegrees {
  int tp = 1, pp = 1, cp = 1, ep = 1;
  std::optional<int> dp, ulysses, ring;
};

struct RunMeasured {
  std::optional<Seconds> step;
  std::optional<FlopPerSecond> rate_per_gpu;
  std::optional<TokensPerSecond> tokens_per_gpu;
  std::optional<Seconds> whole;  ///< the time that the whole job would take for `whole_tokens`
  double whole_tokens = 0;
  std::optional<Bytes> allocated;  ///< by the framework's allocator at the peak
  std::optional<Bytes> reserved;   ///< by that allocator from the driver
  std::optional<Bytes> device;     ///< all that the driver counts
  bool out_of_memory = false;      ///< the run did not fit
};

struct TrainingRun {
  std::string id;
  RunSource source;
  RunHardware hardware;
  RunModel model;
  std::int64_t seq_len = 0;
  MaybeCount global_batch, micro_batch, micro_batches, gpus, virtual_pp;
  RunDegrees degrees;
  std::string strategy, cp_comm_type, recompute, dtype, overlap, framework, flop_count, attention_kernel, offload;
  std::optional<bool> megatron_sp, flash, causal, dropout, fused_loss, tiled_loss, tiled_mlp, fp32_gradients;
  MaybeCount recompute_every;
  std::optional<int> zero;
  RunMeasured measured;
  std::vector<std::string> unknown;  ///< what the file says that its source does not give
  std::string split;                 ///< "fit" or "held_out", where the file declares one
  std::string notes;
};

struct TrainingRuns {
  std::string file;
  std::vector<TrainingRun> runs;
  std::vector<std::string> notices;  ///< keys that were passed over, once each
};

/// `path` may be "-" for the standard input. One that ends in .csv is a table in the layout of vTrain's ground truth
/// (configs/reader/run_tables.hpp), measured on `cluster`.
Result<TrainingRuns, Diagnostics> load_runs(const std::string& path, const std::string& cluster = "");
Result<TrainingRuns, Diagnostics> read_runs(const Document& document);

}  // namespace ithaca
