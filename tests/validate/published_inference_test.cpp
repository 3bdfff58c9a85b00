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

TEST(PublishedInference, MillionTokenPromptsOfLlama405B) {
  // arXiv 2411.01783 abstract: 10^6 tokens in 77 s and 128,000 in 3.8 s on 128 H100s, a ring over 16 nodes of tp 8, FFN
  // in fp8. Their GPUs have 2.4 TB/s and 500 W, which makes them slower than the profile's.
  Layout layout{.strategy = Strategy::ring, .tp = 8, .ring = 16, .zero = 0, .tp_sequence = false};
  const Transformer m = model_named("llama3.1-405b");
  const auto seconds = [&](std::int64_t tokens, Dtype dtype) {
    return estimate(m, "dgx-h100", tokens, dtype, layout, Phase::prefill).prefill->time.value();
  };
  EXPECT_NEAR(seconds(1'000'000, Dtype::bf16) / 77, 1, 0.20);
  EXPECT_NEAR(seconds(128'000, Dtype::bf16) / 3.8, 1, 0.30);
}

}  // namespace
}  // namespace ithaca
