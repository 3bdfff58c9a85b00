#include "validate/run_model.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

RunModel shape(const std::string& arch) {
  RunModel model;
  model.name = "x";
  model.arch = arch;
  model.hidden = 4096;
  model.layers = 4;
  model.heads = 32;
  model.ffn = 11008;
  model.vocab = 32000;
  return model;
}

TEST(RunModel, FamiliesMeanDifferentThings) {
  std::vector<std::string> assumed;
  const auto gpt = run_model(shape("gpt"), 2048, assumed), llama = run_model(shape("llama"), 2048, assumed);
  ASSERT_TRUE(gpt);
  ASSERT_TRUE(llama);
  EXPECT_TRUE(gpt->tied_embeddings && gpt->ffn_bias && !gpt->gated_ffn);
  EXPECT_EQ(gpt->learned_positions, 2048);
  EXPECT_TRUE(!llama->tied_embeddings && !llama->ffn_bias && llama->gated_ffn);
  EXPECT_EQ(llama->head_dim, 128);
  EXPECT_EQ(parameter_count(*llama),
            4 * (4 * 4096ll * 4096 + 3 * 4096ll * 11008 + 2 * 4096) + 2 * 32000ll * 4096 + 4096);
  EXPECT_TRUE(assumed.empty());
}

TEST(RunModel, DeepSeekIsLatentWithExperts) {
  RunModel given = shape("deepseek");
  given.kv_heads = 32;
  given.q_lora_rank = 1536;
  given.kv_lora_rank = 512;
  given.experts = 160;
  given.topk = 6;
  given.moe_ffn = 1536;
  given.shared_expert_ffn = 3072;
  given.dense_layers = 1;
  std::vector<std::string> assumed;
  const auto model = run_model(given, 4096, assumed);
  ASSERT_TRUE(model);
  EXPECT_EQ(model->head_dim, 192);
  EXPECT_EQ(model->value_head(), 128);
  EXPECT_EQ(model->latent.query_rank, 1536);
  EXPECT_EQ(model->latent.kv_rank, 512);
  EXPECT_EQ(model->latent.rope_dim, 64);
  EXPECT_EQ(model->experts.count, 160);
  EXPECT_EQ(model->experts.ffn, 1536);
  EXPECT_EQ(model->experts.dense_layers, 1);
  EXPECT_EQ(assumed.size(), 2u);  // head sizes and the even spread
}

TEST(RunModel, WhatIsMissingIsRefusedOrAssumed) {
  std::vector<std::string> assumed;
  RunModel given = shape("llama");
  given.ffn.reset();
  EXPECT_EQ(run_model(given, 1, assumed).error().rule, "run.model");
  given = shape("gpt");
  given.vocab.reset();
  given.ffn.reset();
  const auto gpt = run_model(given, 1, assumed);
  ASSERT_TRUE(gpt);
  EXPECT_EQ(gpt->ffn, 4 * 4096);
  EXPECT_EQ(gpt->vocab, 51200);
  ASSERT_EQ(assumed.size(), 1u);
  EXPECT_TRUE(run_model(shape("rwkv"), 1, assumed));
  EXPECT_EQ(assumed.back(), "model family 'rwkv' read as llama");
  given = {};
  given.name = "llama3-8b";
  given.catalogue = true;
  EXPECT_EQ(run_model(given, 1, assumed)->layers, 32);
}

}  // namespace
}  // namespace ithaca
