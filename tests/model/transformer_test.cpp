// Parameters of one layer and of what surrounds the layers, switch by switch. Whole models against their released
// checkpoints: tests/configs/load_model_test.cpp.

#include "model/transformer.hpp"

#include <gtest/gtest.h>

#include <tuple>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

TEST(Transformer, LlamaLayerByHand) {
  // attention 4 x 4096^2 = 67108864; FFN 3 x 4096 x 11008 = 135266304; two RMSNorms 2 x 4096 = 8192.
  EXPECT_EQ(layer_parameters(test::llama_7b()), 67108864 + 135266304 + 8192);
  // Word table and head 2 x 32000 x 4096 = 262144000, final norm 4096.
  EXPECT_EQ(embedding_parameters(test::llama_7b()), 262144000 + 4096);
  // 32 x 202383360 + 262148096 = 6738415616, the checkpoint's count.
  EXPECT_EQ(parameter_count(test::llama_7b()), 6738415616);
}

TEST(Transformer, FewerKeyValueHeadsNarrowTheirProjections) {
  // 8 of 32 heads: K and V shrink from 4096 x 4096 to 4096 x 1024 each, 2 x 4096 x 3072 = 25165824 fewer.
  Transformer mha = test::llama3_8b();
  mha.kv_heads = 32;
  EXPECT_EQ(layer_parameters(mha) - layer_parameters(test::llama3_8b()), 25165824);
}

TEST(Transformer, HeadSizeIsIndependentOfHidden) {
  // Qwen3-32B: 64 heads of 128 = 8192 over hidden 5120. Q and O 2 x 5120 x 8192 = 83886080,
  // K and V 2 x 5120 x 1024 = 10485760.
  Transformer m;
  m.hidden = 5120;
  m.heads = 64;
  m.kv_heads = 8;
  m.head_dim = 128;
  // No FFN, so that what remains is attention and two norms of 5120.
  EXPECT_EQ(layer_parameters(m), 83886080 + 10485760 + 2 * 5120);
}

TEST(Transformer, GptMeetsNarayanansFormula) {
  // arXiv 2104.04473 equation 2, without its rounding: 12 L h^2 + 13 L h + (V + s) h; it counts no final norm.
  for (const auto& [h, L, a] : {std::tuple<std::int64_t, std::int64_t, std::int64_t>{6144, 48, 64},
                                {12288, 96, 96},
                                {20480, 105, 128},
                                {25600, 128, 160}}) {
    Transformer m = test::gpt(h, L, a);
    m.final_norm = false;
    EXPECT_EQ(parameter_count(m), 12 * L * h * h + 13 * L * h + (51200 + 2048) * h) << "h = " << h;
    m.final_norm = true;
    EXPECT_EQ(parameter_count(m), 12 * L * h * h + 13 * L * h + (51200 + 2048) * h + 2 * h) << "h = " << h;
  }
}

struct Switch {
  const char* name;
  void (*set)(Transformer&);
  std::int64_t layer;  ///< more parameters in each layer
  std::int64_t rest;   ///< and around the layers
};

// On hidden 8, 4 heads and 2 KV heads of 3, FFN 10, vocabulary 100: query width 12, KV width 6.
const Switch kSwitches[] = {
    {"Q, K and V biases: 12 + 6 + 6", [](Transformer& m) { m.qkv_bias = true; }, 24, 0},
    {"output bias: hidden", [](Transformer& m) { m.output_bias = true; }, 8, 0},
    {"gated FFN biases: gate, up and down 10 + 10 + 8", [](Transformer& m) { m.ffn_bias = true; }, 28, 0},
    {"Q and K norms: 3 + 3", [](Transformer& m) { m.qk_norm = true; }, 6, 0},
    {"layer norms have a bias: 2 x 8 a layer, 8 at the end", [](Transformer& m) { m.norm = Norm::layer; }, 16, 8},
    {"a plain FFN has no gate: -8 x 10", [](Transformer& m) { m.gated_ffn = false; }, -80, 0},
    {"tied embeddings share 100 x 8", [](Transformer& m) { m.tied_embeddings = true; }, 0, -800},
    {"16 learned positions of 8", [](Transformer& m) { m.learned_positions = 16; }, 0, 128},
    {"no final norm", [](Transformer& m) { m.final_norm = false; }, 0, -8},
};

TEST(Transformer, EachSwitchAddsItsOwnParameters) {
  Transformer plain;
  plain.hidden = 8;
  plain.layers = 5;
  plain.heads = 4;
  plain.kv_heads = 2;
  plain.head_dim = 3;
  plain.ffn = 10;
  plain.vocab = 100;
  // Q and O 2 x 8 x 12 = 192, K and V 2 x 8 x 6 = 96, FFN 3 x 8 x 10 = 240, norms 16.
  EXPECT_EQ(layer_parameters(plain), 192 + 96 + 240 + 16);
  EXPECT_EQ(embedding_parameters(plain), 2 * 800 + 8);
  for (const Switch& s : kSwitches) {
    Transformer changed = plain;
    s.set(changed);
    EXPECT_EQ(layer_parameters(changed) - layer_parameters(plain), s.layer) << s.name;
    EXPECT_EQ(embedding_parameters(changed) - embedding_parameters(plain), s.rest) << s.name;
    EXPECT_EQ(parameter_count(changed) - parameter_count(plain), 5 * s.layer + s.rest) << s.name;
  }
}

TEST(Transformer, ATokenLeavesTheExpertsAloneThatItIsNotRoutedTo) {
  // 6 of 8 experts in each of 32 layers, of three matrices of 4096 x 14336.
  Transformer m = test::llama3_8b();
  m.experts = {8, 2, 14336, 0, 0, 1};
  EXPECT_EQ(parameter_count(m) - active_parameter_count(m), std::int64_t{32} * 6 * 3 * 4096 * 14336);
  EXPECT_EQ(active_parameter_count(test::llama3_8b()), parameter_count(test::llama3_8b()));
}

}  // namespace
}  // namespace ithaca
