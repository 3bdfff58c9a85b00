#pragma once
// Inference of (model, workload, cluster, layout): the pass over a prompt (prefill), which leaves its keys and values
// on the GPUs, and the passes that make one token of each sequence (decode). Pure and free of allocation.

#include <optional>

#include "model/memory.hpp"
#include "model/phase.hpp"
#include "model/refusal.hpp"
#include "model/result.hpp"
#include "model/step.hpp"
#include "model/traffic.hpp"

namespace ithaca {

/// What is asked beside the workload, whose seq_len is the prompt and whose global_batch the sequences served at once.
struct Inference {
  Phase phase = Phase::prefill;    ///< what layouts are judged by
  std::int64_t output_tokens = 1;  ///< of each sequence; the cache has room for them
  double cache_element = 2;        ///< bytes of an element of the KV cache
};

/// One pass of the whole batch. time = compute + exposed communication, along all stages of a pipeline.
struct InferencePass {
  LayerTraffic layer;  ///< one layer of the main kind, one pass of a micro-batch
  Seconds time{}, compute{}, comm{}, exposed{};
  Seconds bound{};  ///< the longest of weights and cache at the memory's peak rate, FLOPs and wires at theirs
  Bytes read{};     ///< weights and cache that are read on the way, one GPU a stage
  ComputeParts parts;
};

struct InferenceEstimate {
  Layout layout{};
  int active_gpus = 0;
  Tokens padded_seq{};
  /// To the first token; of megatron_sp, which decodes as plain tensor parallelism, and of the others alike. `decode`
  /// is a token of each sequence in the middle of the output; nothing where the strategy has no such pass.
  std::optional<InferencePass> prefill, decode;
  Bytes cache{};       ///< KV cache of a GPU for prompt and output
  Bytes cache_once{};  ///< of the whole batch, each token once
  Flop model_flops{};  ///< of the prefill, whole job: causal attention halved, logits of the last token alone
  MemoryLedger memory;
};
const InferencePass& pass_of(const InferenceEstimate& estimate, Phase phase);

/// The workload of one replica: all its sequences at once, or a share for each stage of a pipeline if they divide.
Workload inference_workload(const Workload& work, const Layout& layout);

/// `work.micro_batch` is chosen by inference_workload.
Result<InferenceEstimate, Refusal> estimate_inference(const Transformer& model, const Workload& work,
                                                      const Inference& inference, const Cluster& cluster,
                                                      const Layout& layout);

}  // namespace ithaca
