#include "model/kv_cache.hpp"

#include <gtest/gtest.h>

#include "model/layout.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

constexpr double kOneToken = 1;

Transformer latent_model() {
  Transformer m = test::llama_7b();
  m.layers = 61;
  m.heads = m.kv_heads = 128;
  m.head_dim = 192;
  m.value_dim = 128;
  m.latent = {1536, 512, 64};
  return m;
}

TEST(KvCache, OfOneTokenAsPublished) {
  // arXiv 2505.09343 table 1, bytes a token in bf16: Llama 3.1 405B 516,096 (126 layers, 8 KV heads of 128), Qwen 2.5
  // 72B 327,680 (80 layers), DeepSeek-V3 70,272 (61 layers, latent 512 and 64 of the rotary key).
  Transformer m = test::llama3_8b();
  m.layers = 126;
  EXPECT_EQ(cache_bytes(m, 1, kOneToken, 2).value(), 516096);
  m.layers = 80;
  EXPECT_EQ(cache_bytes(m, 1, kOneToken, 2).value(), 327680);
  EXPECT_EQ(cache_bytes(latent_model(), 1, kOneToken, 2).value(), 70272);
}

Bytes per_gpu(const Transformer& m, const Layout& layout, double tokens) {
  return cache_bytes(m, layout, split_rank(m, test::sequence(65536), layout), 1, tokens, static_cast<double>(m.layers),
                     2);
}

TEST(KvCache, HeadsAndRingsDivideIt) {
  // Llama 3 8B: 32 layers x 2 x 8 heads x 128 x 2 bytes = 131,072 bytes a token.
  const Transformer m = test::llama3_8b();
  const double whole = 131072.0 * 65536;
  EXPECT_EQ(per_gpu(m, {.tp = 8}, 65536).value(), whole / 8);
  EXPECT_EQ(per_gpu(m, {.ulysses = 4}, 65536).value(), whole / 4);
  EXPECT_EQ(per_gpu(m, {.tp = 2, .ulysses = 4}, 65536).value(), whole / 8);
  EXPECT_EQ(per_gpu(m, {.strategy = Strategy::ring, .ring = 4}, 65536).value(), whole / 4);
  EXPECT_EQ(per_gpu(m, {.strategy = Strategy::usp, .ulysses = 4, .ring = 4}, 65536).value(), whole / 16);
  // 16 ranks share 8 KV heads: each keeps one, which two keep.
  EXPECT_EQ(per_gpu(m, {.tp = 16}, 65536).value(), whole / 8);
  EXPECT_EQ(per_gpu(m, {.ulysses = 32}, 65536).value(), whole / 8);
}

TEST(KvCache, NoHeadsDivideLatents) {
  const Transformer m = latent_model();
  const double whole = 70272.0 * 65536;
  EXPECT_EQ(per_gpu(m, {.tp = 8}, 65536).value(), whole);
  EXPECT_EQ(per_gpu(m, {.ulysses = 8}, 65536).value(), whole);
  EXPECT_EQ(per_gpu(m, {.strategy = Strategy::ring, .ring = 8}, 65536).value(), whole / 8);
}

TEST(KvCache, AWindowCapsItAndARingDoesNotDivideTheWindow) {
  Transformer m = test::llama3_8b();
  m.window = 4096;
  EXPECT_EQ(per_gpu(m, {}, 65536).value(), 131072.0 * 4096);
  EXPECT_EQ(per_gpu(m, {}, 1000).value(), 131072.0 * 1000);
  // The last 4,096 of 65,536 tokens lie on one of 4 ranks, which keeps 16,384 in a layer that sees all.
  const Layout ring{.strategy = Strategy::ring, .ring = 4};
  EXPECT_EQ(per_gpu(m, ring, 65536).value(), 131072.0 * 4096);
  m.full_layers = 8;  // of 32
  EXPECT_EQ(per_gpu(m, ring, 65536).value(), 131072.0 * (0.25 * 16384 + 0.75 * 4096));
}

}  // namespace
}  // namespace ithaca
