// Tokens and prompts that others timed. Nothing was fitted to them; the tolerances are what the model reaches today,
// rounded up.

#include <gtest/gtest.h>

#include "configs/reader/load_hardware.hpp"
#include "configs/reader/load_model.hpp"
#include "model/inference.hpp"

namespace ithaca {
namespace {

InferenceEstimate estimate(Transformer model, const std::string& cluster, std::int64_t tokens, Dtype dtype,
                           const Layout& layout, Phase phase) {
  Workload work;
  work.seq_len = Tokens{tokens};
  work.dtype = dtype;
  const auto loaded = load_cluster(cluster);
  EXPECT_TRUE(loaded);
  const auto e = estimate_inference(model, work, {phase, 1, 2}, loaded->cluster, layout);
  EXPECT_TRUE(e);
  return *e;
}

Transformer model_named(const std::string& name) {
  auto model = load_model(name);
  EXPECT_TRUE(model);
  return model->model;
}

/// Llama 2 70B is Llama 3's with 32,000 words.
Transformer llama2_70b() {
  Transformer m = model_named("llama3-70b");
  m.vocab = 32000;
  return m;
}

TEST(PublishedInference, TokensASecondOfGptFast) {
  // pytorch-labs/gpt-fast@0f925b5 README.md and mixtral-moe/README.md: bf16, batch 1, some 200 tokens, 8x A100-80GB
  // (at 330 of 400 W), CUDA graphs, kernels fused by torch.compile, an all-reduce of its own that is faster than
  // NCCL's.
  struct Published {
    Transformer model;
    int tp;
    double tokens_per_s, tolerance;
  };
  const Published all[] = {{model_named("llama-7b"), 1, 104.9, 0.02},
                           {model_named("llama-7b"), 2, 168.84, 0.06},
                           {model_named("llama-7b"), 4, 254.02, 0.13},
                           {model_named("llama-7b"), 8, 328.43, 0.21},
                           {llama2_70b(), 2, 21.32, 0.03},
                           {llama2_70b(), 4, 38.01, 0.02},
                           {llama2_70b(), 8, 62.50, 0.08},
                           {model_named("mixtral-8x7b"), 2, 96.67, 0.03},
                           {model_named("mixtral-8x7b"), 4, 155.35, 0.15},
                           {model_named("mixtral-8x7b"), 8, 227.82, 0.32}};
  for (const Published& run : all) {
    const Layout layout{.strategy = Strategy::tensor_parallel, .tp = run.tp, .zero = 0, .tp_sequence = false};
    const auto e = estimate(run.model, "dgx-a100", 200, Dtype::bf16, layout, Phase::decode);
    EXPECT_NEAR(1 / e.decode->time.value() / run.tokens_per_s, 1, run.tolerance) << run.model.name << run.tp;
  }
}

Layout over_nodes(int nodes, bool ring) {
  return {.strategy = ring ? Strategy::ring : Strategy::tensor_parallel,
          .tp = ring ? 8 : 8 * nodes,
          .ring = ring ? nodes : 1,
          .zero = 0,
          .tp_sequence = false};
}

TEST(PublishedInference, LongPromptsOfLlama405B) {
  // arXiv 2411.01783 tables 6 and 7, section 4.2.1 and abstract: seconds to the first token on nodes of 8 H100s (96 GB
  // of 2.4 TB/s, held at 500 W), by a ring over nodes of tp 8 or by tensor parallelism over all. FFN weights are in
  // fp8, computed here in bf16. All but the shortest ring come out too short, as the GPUs are slower than the
  // profile's.
  struct Published {
    std::int64_t tokens;
    int nodes;
    bool ring;
    double seconds, off, tolerance;
  };
  const Published all[] = {{8'000, 1, false, 1.740, -0.06, 0.02},    {32'000, 1, false, 7.658, -0.08, 0.02},
                           {128'000, 1, false, 42.010, -0.11, 0.02}, {8'000, 2, true, 0.999, -0.12, 0.02},
                           {32'000, 2, true, 4.015, -0.10, 0.02},    {128'000, 2, true, 21.042, -0.10, 0.02},
                           {128'000, 4, true, 10.950, -0.12, 0.02},  {128'000, 8, true, 5.85, -0.13, 0.02},
                           {128'000, 16, true, 3.8, -0.25, 0.02},    {1'000'000, 16, true, 77, -0.17, 0.02},
                           {128'000, 2, false, 29.917, -0.26, 0.02}, {128'000, 4, false, 19.841, -0.18, 0.02}};
  const Transformer m = model_named("llama3.1-405b");
  const auto seconds = [&](std::int64_t tokens, int nodes, bool ring) {
    return estimate(m, "dgx-h100", tokens, Dtype::bf16, over_nodes(nodes, ring), Phase::prefill).prefill->time.value();
  };
  for (const Published& p : all)
    EXPECT_NEAR(seconds(p.tokens, p.nodes, p.ring) / p.seconds - 1, p.off, p.tolerance) << p.tokens << " " << p.nodes;
  // What the paper is about: the ring is the faster way over nodes, by 1.42 on two and 1.81 on four.
  EXPECT_NEAR(seconds(128'000, 2, false) / seconds(128'000, 2, true), 1.42, 0.27);
  EXPECT_NEAR(seconds(128'000, 4, false) / seconds(128'000, 4, true), 1.81, 0.25);
}

TEST(PublishedInference, TokensOfLlama405BOverNodes) {
  // The same tables, 128,000 tokens of context: a token takes 46.26 ms on one node, 39.52 by tensor parallelism over
  // two, 66.63 and 71.31 by the ring over two and four, which shares out the cache and not the weights. Kernels there
  // are slower than here (46 ms where the weights' bytes take 25), so only the order is held to.
  const Transformer m = model_named("llama3.1-405b");
  const auto seconds = [&](int nodes, bool ring) {
    return estimate(m, "dgx-h100", 128'000, Dtype::fp8, over_nodes(nodes, ring), Phase::decode).decode->time.value();
  };
  EXPECT_LT(seconds(2, false), seconds(1, false));
  EXPECT_LT(seconds(1, false), seconds(2, true));
  EXPECT_LT(seconds(2, true), seconds(4, true));
}

}  // namespace
}  // namespace ithaca
