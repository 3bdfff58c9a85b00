#include "model/inference_memory.hpp"

#include "model/inference_pass.hpp"
#include "model/kv_cache.hpp"
#include "model/memory_book.hpp"

namespace ithaca {
namespace {

constexpr std::string_view kCacheSource = "arXiv 2405.04434 table 1";
constexpr std::string_view kShapes = "operator shapes";

void add_weights(MemoryBook& b) {
  const LayerWeights w = stage_weights(b.rank, b.stage);
  const double ends = (b.stage.first ? b.rank.embedding_weights : 0) + (b.stage.last ? b.rank.head_weights : 0);
  const double layers = (w.shared - ends) / b.shards(3) + w.experts / std::max(1.0, b.shards(3) / b.layout.ep);
  b.add("weights", Bytes{weight_bytes(b.work.dtype) * layers + b.element() * ends / b.shards(3)},
        "(e, fp8: 1) * params/tp / (dp*sp if ZeRO-3)", kShapes);
}

void add_cache(MemoryBook& b, const Workload& work, const Inference& inference) {
  const double sequences = real(work.global_batch) / b.layout.dp;
  const double tokens = real(work.seq_len.count + inference.output_tokens);
  b.add("kv_cache",
        cache_bytes(b.model, b.layout, b.rank, sequences, tokens, real(b.stage.layers()), inference.cache_element),
        b.model.is_latent() ? "e * (latent + rope) * sequences * (N + output)/ring * layers"
                            : "e * 2*k*d * sequences * (N + output)/ring * layers, k: KV heads of the rank",
        kCacheSource);
}

/// What has to lie beside Q, K, V and the output: the all-to-all's copies, the ring's blocks or the gathered keys.
void add_exchange(MemoryBook& b) {
  const double e = b.element(), width = b.block(b.key_value_width());
  if (b.layout.ulysses > 1) {
    const std::int64_t key_value = b.model.head_dim + b.model.value_head();
    const double packed = b.rows(b.rank.heads * b.model.head_dim + b.rank.kv_heads * key_value);
    b.add("all_to_all_buffers", Bytes{e * packed}, "e * b*s_local*(Q,K,V): before the all-to-all", kShapes);
  }
  if (b.layout.ring == 1) return;
  if (b.layout.strategy == Strategy::cp_all_gather) {
    b.add("gathered_keys_values", Bytes{e * width * b.layout.ring}, "ring * e * (K,V)",
          "Llama 3, arXiv 2407.21783 section 3.3.2");
  } else {
    const double output = b.block(b.rank.split.max_query * b.model.value_head());
    b.add("ring_buffers", Bytes{2 * e * width + 4 * output}, "2 * e * (K,V) + fp32 accumulator",
          "Ring Attention, arXiv 2310.01889");
  }
}

void add_attention(MemoryBook& b) {
  const double output = b.block(b.rank.split.max_query * b.model.value_head());
  const double inputs = b.block(1) * b.query_width() + b.block(b.key_value_width());
  b.add("layer_workspace", Bytes{b.element() * (inputs + output)}, "e * (Q,K,V + output)", kShapes);
  add_exchange(b);
}

/// The widest FFN of the layer: up and gate and their product; with experts the routed tokens too.
void add_ffn(MemoryBook& b) {
  const double copies = b.model.gated_ffn ? 3 : 2;
  double elements = copies * b.rows(b.kind() == LayerKind::dense ? b.rank.ffn : b.rank.shared_ffn);
  if (b.work.tiled_mlp) elements /= std::max(1.0, std::ceil(b.rows(1) / real(b.model.hidden)));
  if (b.kind() == LayerKind::moe) {
    const double routed = real(b.rank.expert_rows * b.rank.experts);
    elements = std::max(elements, routed * (2 * real(b.model.hidden) + copies * real(b.rank.expert_ffn)));
  }
  b.add("layer_workspace", Bytes{b.element() * elements}, "e * b*s_local*f/tp * (3 gated, else 2), or routed tokens",
        kShapes);
}

MemoryLedger forward_at(Operator op, MemoryBook b, const Workload& work, const Inference& inference) {
  b.ledger.moment = Moment::forward;
  b.ledger.op = op;
  b.ledger.stage = b.stage.index;
  add_weights(b);
  add_cache(b, work, inference);
  add_fixed_buffers(b);
  if (inference.phase == Phase::prefill) add_rotary_tables(b);
  const std::size_t first = b.ledger.terms.size();
  b.add("hidden_states", Bytes{2 * b.element() * b.norm_rows()}, "2 * e*b*s_local*h: residual stream and its norm",
        kShapes);
  if (b.layout.tp > 1)
    b.add("gathered_activation", Bytes{b.element() * b.rows(b.model.hidden)}, "e*b*s*h of the tp group", kShapes);
  op == Operator::attention ? add_attention(b) : add_ffn(b);
  if (b.layout.zero == 3 && b.shards(3) > 1)
    b.add("gathered_parameters", Bytes{2 * weight_bytes(b.work.dtype) * weights(b.rank, b.kind()).total()},
          "2 layers * e * layer params/tp", "DeepSpeed ZeRO-3 prefetch, one layer ahead");
  if (b.stage.last) {
    const double rows = inference.phase == Phase::prefill ? real(work.micro_batch) : b.rows(1);
    b.add("logits", Bytes{(b.element() + 4) * rows * real(b.rank.vocab)}, "(e + 4) * sequences*V/tp", kShapes);
  }
  add_moving_share(b, first);
  return b.ledger;
}

}  // namespace

MemoryLedger inference_memory(const Transformer& model, const Workload& work, const Inference& inference,
                              const Cluster& cluster, const Layout& given) {
  const bool decodes = inference.phase == Phase::decode;
  const Layout layout = decodes ? decode_layout(given) : given;
  const Workload pass = decodes ? decode_workload(work) : work;
  const RankSplit rank = split_rank(model, pass, layout);
  MemoryLedger largest;
  for (int i = 0; i < layout.pp; ++i) {
    for (const Operator op : {Operator::attention, Operator::ffn}) {
      const MemoryBook book{model, pass, cluster.gpu, layout, rank, stage(model, layout, i)};
      const MemoryLedger ledger = forward_at(op, book, work, inference);
      if (largest.peak() < ledger.peak()) largest = ledger;
    }
  }
  largest.capacity = cluster.gpu.memory;
  largest.node_gpus = std::max(1, std::min(cluster.node_gpus, layout.gpus()));
  return largest;
}

}  // namespace ithaca
