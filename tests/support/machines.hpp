#pragma once
// Models and machines with round figures, written out so that a test can derive its expectation by hand.

#include "model/cluster.hpp"
#include "model/transformer.hpp"
#include "model/workload.hpp"

namespace ithaca::test {

/// LLaMA-7B, arXiv 2302.13971 table 2 and the released config.json.
inline Transformer llama_7b() {
  Transformer m;
  m.name = "llama-7b";
  m.hidden = 4096;
  m.layers = 32;
  m.heads = m.kv_heads = 32;
  m.head_dim = 128;
  m.ffn = 11008;
  m.vocab = 32000;
  return m;
}

/// Llama 3 8B, released config.json.
inline Transformer llama3_8b() {
  Transformer m = llama_7b();
  m.name = "llama3-8b";
  m.kv_heads = 8;
  m.ffn = 14336;
  m.vocab = 128256;
  return m;
}

/// Qwen2.5-14B, released config.json.
inline Transformer qwen25_14b() {
  Transformer m;
  m.name = "qwen2.5-14b";
  m.hidden = 5120;
  m.layers = 48;
  m.heads = 40;
  m.kv_heads = 8;
  m.head_dim = 128;
  m.ffn = 13824;
  m.vocab = 152064;
  m.qkv_bias = true;
  return m;
}

/// A GPT of Megatron's kind: f = 4h, layer norms and biases.
inline Transformer gpt(std::int64_t hidden, std::int64_t layers, std::int64_t heads, std::int64_t vocab = 51200) {
  Transformer m;
  m.name = "gpt";
  m.hidden = hidden;
  m.layers = layers;
  m.heads = m.kv_heads = heads;
  m.head_dim = hidden / heads;
  m.ffn = 4 * hidden;
  m.vocab = vocab;
  m.learned_positions = 2048;
  m.norm = Norm::layer;
  m.gated_ffn = false;
  m.tied_embeddings = true;
  m.qkv_bias = m.output_bias = m.ffn_bias = true;
  return m;
}

/// 1000 TFLOPS, 80 GB at 3 TB/s of which 90 % is reached; every tile runs at 800 TFLOPS, attention at 500 and 400.
inline Gpu round_gpu() {
  Gpu g;
  g.name = "round";
  g.memory = Bytes{80e9};
  g.memory_rate = BytesPerSecond{3e12};
  g.memory_efficiency = 0.9;
  g.sms = 128;
  g.peak = {FlopPerSecond{1000e12}, FlopPerSecond{1000e12}, FlopPerSecond{500e12}};
  g.sustained = {FlopPerSecond{800e12}, FlopPerSecond{800e12}, FlopPerSecond{400e12}};
  g.arch = 90;
  g.gemm.launch = Seconds{3e-6};
  g.gemm.half.tile.fill(FlopPerSecond{800e12});
  g.gemm.fp32.tile.fill(FlopPerSecond{400e12});
  g.attention.launch = Seconds{5e-6};
  for (auto* points : {&g.attention.forward.full, &g.attention.forward.causal}) {
    points->push_back({128, FlopPerSecond{500e12}, 0});
  }
  for (auto* points : {&g.attention.backward.full, &g.attention.backward.causal}) {
    points->push_back({128, FlopPerSecond{400e12}, 0});
  }
  return g;
}

/// Nodes of 8 with 400 of 450 GB/s a port (all-to-all 300), eight NICs of 50 GB/s each of which rings reach 48 and
/// all-to-alls 40.
inline Cluster round_cluster() {
  Cluster c;
  c.name = "round";
  c.gpu = round_gpu();
  c.node_gpus = 8;
  c.port_peak = BytesPerSecond{450e9};
  c.port_achieved = BytesPerSecond{400e9};
  c.port_achieved_all_to_all = BytesPerSecond{300e9};
  Domain node;
  node.gpus = 8;
  node.ports = 8;
  node.peak = BytesPerSecond{400e9};
  node.achieved = BytesPerSecond{384e9};
  node.achieved_all_to_all = BytesPerSecond{320e9};
  c.domains.push_back(node);
  c.price_per_gpu_hour = Dollars{2};
  return c;
}

inline Workload sequence(std::int64_t tokens) {
  Workload w;
  w.seq_len = Tokens{tokens};
  return w;
}

}  // namespace ithaca::test
