#include "model/inference.hpp"

#include <numeric>

#include "model/inference_memory.hpp"
#include "model/inference_pass.hpp"
#include "model/kv_cache.hpp"
#include "model/legality.hpp"
#include "model/model_flops.hpp"

namespace ithaca {
namespace {

/// A third of a training step's, less the logits of all tokens but the last.
Flop prefill_flops(const Transformer& model, const Workload& work) {
  const double unread = real(work.global_batch) * real(work.seq_len.count - 1);
  return model_step_flops(model, work, true) / 3 - Flop{2 * unread * real(model.hidden) * real(model.vocab)};
}

/// Of the fullest GPU: the first stage has the most layers.
Bytes fullest_cache(const Transformer& model, const Workload& work, const Inference& inference, const Layout& layout) {
  const double tokens = real(work.seq_len.count + inference.output_tokens);
  const double layers = real(stage(model, layout, 0).layers()), sequences = real(work.global_batch) / layout.dp;
  return cache_bytes(model, layout, split_rank(model, work, layout), sequences, tokens, layers,
                     inference.cache_element);
}

}  // namespace

const InferencePass& pass_of(const InferenceEstimate& e, Phase phase) {
  return phase == Phase::prefill ? *e.prefill : *e.decode;
}

Workload inference_workload(const Workload& work, const Layout& layout) {
  Workload one = work;
  one.recompute = Recompute::none;
  const std::int64_t sequences = work.global_batch / std::max(1, layout.dp);
  one.micro_batch = std::max<std::int64_t>(1, sequences / std::gcd(sequences, std::max(1, layout.pp)));
  return one;
}

Result<InferenceEstimate, Refusal> estimate_inference(const Transformer& model, const Workload& given,
                                                      const Inference& inference, const Cluster& cluster,
                                                      const Layout& layout) {
  const Workload work = inference_workload(given, layout);
  if (const auto refusal = check_layout(model, work, cluster, layout)) return *refusal;
  if (const auto refusal = check_phase(layout, inference.phase)) return *refusal;
  InferenceEstimate e;
  e.layout = layout;
  e.active_gpus = layout.gpus();
  e.padded_seq = Tokens{split_rank(model, work, layout).padded_seq};
  const double passes = micro_batches(work, layout);
  if (!check_phase(layout, Phase::prefill))
    e.prefill = run_pass(model, cluster, work, layout, prefill_costs(model, work, cluster, layout), passes);
  const Layout decodes = decode_layout(layout);
  if (!check_phase(decodes, Phase::decode)) {
    const double context = real(work.seq_len.count) + real(inference.output_tokens) / 2;
    e.decode = run_pass(model, cluster, work, decodes, decode_costs(model, work, inference, cluster, decodes, context),
                        passes);
  }
  e.cache = fullest_cache(model, work, inference, layout);
  const double tokens = real(work.seq_len.count + inference.output_tokens);
  e.cache_once = cache_bytes(model, real(work.global_batch), tokens, inference.cache_element);
  e.model_flops = prefill_flops(model, work);
  e.memory = inference_memory(model, work, inference, cluster, layout);
  return e;
}

}  // namespace ithaca
