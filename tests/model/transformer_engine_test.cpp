#include "model/transformer_engine.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

constexpr double kMiB = 1024.0 * 1024.0;

double placeholders(const Transformer& m, const Layout& layout, int index) {
  const Workload work = test::sequence(4096);
  return placeholder_gradients(m, work, layout, split_rank(m, work, layout), stage(m, layout, index)).value();
}

TEST(PlaceholderGradients, OneForEachShape) {
  // Llama 3 8B, tp 2: QKV (32 + 16) * 128 / 2 rows, output 4096 x 2048, FFN 14336 x 4096 and 4096 x 7168, head 64128.
  const Layout tp2{.strategy = Strategy::megatron_sp, .tp = 2};
  const double h = 4096, layer = 3072 * h + h * 2048 + 14336 * h + h * 7168;
  EXPECT_EQ(placeholders(test::llama3_8b(), tp2, 0), 2 * (layer + 64128 * h));
  const Layout pp2{.strategy = Strategy::megatron_sp, .pp = 2};
  const double whole = 6144 * h + h * 4096 + 28672 * h + h * 14336;
  EXPECT_EQ(placeholders(test::llama3_8b(), pp2, 0), 2 * whole);
  EXPECT_EQ(placeholders(test::llama3_8b(), pp2, 1), 2 * (whole + 128256 * h));
}

TEST(PlaceholderGradients, AnExpertAndASharedOneOfItsWidthShareTheirs) {
  Transformer m = test::llama3_8b();
  m.experts = {8, 2, 1024, 1024, 0, 1};
  const Layout alone{};
  const double h = 4096, rest = 6144 * h + h * 4096 + 128256 * h;
  EXPECT_EQ(placeholders(m, alone, 0), 2 * (rest + 3 * 1024 * h));
  m.experts.shared_ffn = 512;
  EXPECT_EQ(placeholders(m, alone, 0), 2 * (rest + 3 * 1024 * h + 3 * 512 * h));
}

TEST(PlaceholderGradients, LatentAttention) {
  // DeepSeek-V3's attention: 1536 x h, 24576 x 1536, 576 x h, 32768 x 512, h x 16384.
  Transformer m = test::llama3_8b();
  m.heads = m.kv_heads = 128, m.head_dim = 192, m.value_dim = 128;
  m.latent = {1536, 512, 64};
  const double h = 4096, ffn = 3 * 14336 * h, head = 128256 * h;
  const double attention = 1536 * h + 24576.0 * 1536 + 576 * h + 32768.0 * 512 + h * 16384;
  EXPECT_EQ(placeholders(m, Layout{}, 0), 2 * (attention + ffn + head));
  m.latent.query_rank = 0;  // Q straight from the hidden state: 24576 x h in place of the two
  EXPECT_EQ(placeholders(m, Layout{}, 0), 2 * (attention - 1536 * h - 24576.0 * 1536 + 24576 * h + ffn + head));
}

TEST(PlaceholderGradients, PlainFfnsAndFrozenWeights) {
  Transformer m = test::llama3_8b();
  m.gated_ffn = false;
  const double h = 4096;
  EXPECT_EQ(placeholders(m, Layout{}, 0), 2 * (6144 * h + h * 4096 + 14336 * h + h * 14336 + 128256 * h));
  Workload work = test::sequence(4096);
  work.lora_rank = 1;
  EXPECT_EQ(placeholder_gradients(m, work, {}, split_rank(m, work, {}), stage(m, {}, 0)).value(), 0);
}

TEST(GemmWorkspaces, ByWhatRunsOnAStage) {
  Gpu gpu = test::round_gpu();
  const Stage dense{0, 1, 0, true, false}, last{1, 1, 0, false, true}, experts{0, 0, 1, true, false};
  EXPECT_EQ(gemm_workspaces(gpu, dense).value(), 32 * kMiB);
  EXPECT_EQ(gemm_workspaces(gpu, last).value(), (32 + 2 * 32) * kMiB);
  gpu.arch = 100;
  EXPECT_EQ(gemm_workspaces(gpu, last).value(), (32 + 2 * 8.125) * kMiB);
  EXPECT_EQ(gemm_workspaces(gpu, experts).value(), (5 * 32 + 2 * 8.125) * kMiB);
}

}  // namespace
}  // namespace ithaca
