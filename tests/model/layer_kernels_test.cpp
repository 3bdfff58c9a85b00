#include <gtest/gtest.h>

#include "model/layer_compute.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using test::sequence;

/// A product whose sizes are multiples of 64 takes its FLOPs in picoseconds. So does attention without a mask, with one
/// half of that; backward a quarter and a fifth. A byte of memory takes a femtosecond, a launch nothing.
Gpu linear_gpu() {
  Gpu g = test::round_gpu();
  g.sms = 1;
  g.peak.fill(FlopPerSecond{1e15});
  g.sustained = g.peak;
  g.peak[3] = g.sustained[3] = FlopPerSecond{2e15};
  g.memory_rate = BytesPerSecond{1e15};
  g.memory_efficiency = 1;
  g.gemm.launch = g.attention.launch = Seconds{};
  g.gemm.half.tile.fill(FlopPerSecond{1e12});
  g.attention.forward.full[0].rate = FlopPerSecond{1e12};
  g.attention.forward.causal[0].rate = FlopPerSecond{2e12};
  g.attention.backward.full[0].rate = FlopPerSecond{4e12};
  g.attention.backward.causal[0].rate = FlopPerSecond{5e12};
  return g;
}
constexpr double kPico = 1e-12, kFemto = 1e-15;

/// No two sizes alike, all multiples of 64: of 3 tp ranks each has 2 query heads of 64 and a KV head, values of 128,
/// 192 columns of the FFN and 320 words; with experts 64 columns of each, 128 of the shared ones.
Transformer wide_model() {
  Transformer m;
  m.hidden = 320, m.layers = 4, m.heads = 6, m.kv_heads = 3, m.head_dim = 64, m.value_dim = 128, m.ffn = 576;
  m.vocab = 960;
  m.experts = {.count = 64, .top_k = 2, .ffn = 192, .shared_ffn = 384, .dense_layers = 1};
  return m;
}
const Layout kWide{.strategy = Strategy::megatron_sp, .tp = 3, .dp = 2, .zero = 1, .ep = 2};

/// 2 x 3072 tokens: a tp rank's products have 6144 rows.
Workload wide_work() {
  Workload work = sequence(3072);
  work.micro_batch = 2, work.global_batch = 4;
  return work;
}

void expect_flops(const GemmTimes& t, double qkv, double output, double up, double down, double adapters = 0) {
  EXPECT_NEAR(t.qkv.value() / kPico, qkv, 1e-9 * qkv);
  EXPECT_NEAR(t.output.value() / kPico, output, 1e-9 * output);
  EXPECT_NEAR(t.up.value() / kPico, up, 1e-9 * up);
  EXPECT_NEAR(t.down.value() / kPico, down, 1e-9 * down);
  EXPECT_NEAR(t.adapters.value() / kPico, adapters, 1e-9 * adapters);
}

TEST(LayerCompute, EveryProductOfARank) {
  const Workload work = wide_work();
  Transformer m = wide_model();
  const RankSplit rank = split_rank(m, work, kWide);
  const double rows = 2 * 6144.0;  // 2 FLOPs each
  const double qkv = rows * 320 * (2 * 64 + 64 + 128), output = rows * 2 * 128 * 320;
  const double up = rows * 320 * 2 * 192, down = rows * 192 * 320;
  expect_flops(forward_gemms(m, work, linear_gpu(), rank), qkv, output, up, down);
  expect_flops(backward_gemms(m, work, linear_gpu(), rank), 2 * qkv, 2 * output, 2 * up, 2 * down);
  // The router sees 2048 rows; 32 experts of a rank 6144 x 2 ep x 2 of 64 each, 384.
  const double routed = 2 * 32 * 384.0, router = 2 * 2048 * 64 * 320.0;
  expect_flops(forward_gemms(m, work, linear_gpu(), rank, LayerKind::moe), qkv, output,
               router + rows * 320 * 2 * 128 + routed * 320 * 2 * 64, rows * 128 * 320 + routed * 64 * 320);
  m.gated_ffn = false;
  m.experts.shared_ffn = 0;
  expect_flops(forward_gemms(m, work, linear_gpu(), split_rank(m, work, kWide), LayerKind::moe), qkv, output,
               router + routed * 320 * 64, routed * 64 * 320);
}

TEST(LayerCompute, EveryProductOfLatentAttention) {
  // Down to 192 and 128 + 64, up to 2 heads of 128 and of 128 - 64 + 64.
  const Workload work = wide_work();
  Transformer m = wide_model();
  m.head_dim = 128, m.value_dim = 64;
  m.latent = {.query_rank = 192, .kv_rank = 128, .rope_dim = 64};
  const double rows = 2 * 6144.0, keys = 320 * (128 + 64) + 128 * 2 * 128;
  const auto qkv = [&] { return forward_gemms(m, work, linear_gpu(), split_rank(m, work, kWide)).qkv.value() / kPico; };
  EXPECT_NEAR(qkv() / (rows * (320 * 192 + 192 * 2 * 128 + keys)), 1, 1e-12);
  m.latent.query_rank = 0;
  EXPECT_NEAR(qkv() / (rows * (320 * 2 * 128 + keys)), 1, 1e-12);
}

TEST(LayerCompute, AdaptersMultiplyInHalfPrecisionBesideFp8) {
  // Rank 64: in + out of Q 320 + 128, K 320 + 64, V 320 + 128, output 256 + 320, gate, up and down 320 + 192. The
  // frozen matrices have no weight gradient, and fp8 is twice as fast.
  Workload work = wide_work();
  work.lora_rank = 64;
  work.dtype = Dtype::fp8;
  const Transformer m = wide_model();
  const RankSplit rank = split_rank(m, work, kWide);
  const double rows = 2 * 6144.0, adapters = rows * 64 * (448 + 384 + 448 + 576 + 3 * 512);
  const double qkv = rows / 2 * 320 * 320, output = rows / 2 * 256 * 320, up = rows / 2 * 320 * 384;
  expect_flops(forward_gemms(m, work, linear_gpu(), rank), qkv, output, up, up / 2, adapters);
  expect_flops(backward_gemms(m, work, linear_gpu(), rank), qkv, output, up, up / 2, 2 * adapters);
  work.dtype = Dtype::bf16;
  work.lora_rank = 1;  // the least there is freezes all the same
  EXPECT_NEAR(backward_gemms(m, work, linear_gpu(), split_rank(m, work, kWide)).qkv.value() / kPico, 2 * qkv, 1);
}

TEST(LayerCompute, AttentionBlockByBlock) {
  // 2 (64 + 128) FLOPs a score, 6 heads, 2 sequences of N = 6144. Under a mask a rank of 3 has half of its own block of
  // n = 2048, in half the time, and of each of the two others every query with half the keys.
  Workload work = sequence(6144);
  work.micro_batch = work.global_batch = 2;
  Layout ring{.strategy = Strategy::ring, .ring = 3};
  const auto times = [&] {
    const RankSplit rank = split_rank(wide_model(), work, ring);
    return core_forward(wide_model(), work, linear_gpu(), ring, rank);
  };
  const auto picoseconds = [&] { return times().attention.value() / kPico; };
  const double flops = 2 * 192 * 6 * 2.0, n = 2048, all = 3 * n;
  EXPECT_NEAR(picoseconds() / (flops * (n * n / 2 / 2 + 2 * n * n / 2)), 1, 1e-12);
  EXPECT_NEAR(times().attention_hop.value() / kPico / (flops * n * n / 2), 1, 1e-12);
  EXPECT_EQ(times().imbalance.value(), 0);
  const RankSplit rank = split_rank(wide_model(), work, ring);
  const KernelTimes back = layer_backward(wide_model(), work, linear_gpu(), ring, rank);
  EXPECT_NEAR(back.attention.value() / kPico / (2.5 * flops * (n * n / 2 / 5 + 2 * n * n / 2 / 4)), 1, 1e-12);
  // Gathered keys: every query with half of all.
  ring.strategy = Strategy::cp_all_gather;
  EXPECT_NEAR(picoseconds() / (flops * n * all / 2), 1, 1e-12);
  EXPECT_EQ(times().attention_hop.value(), 0);
  ring.ring = 2;
  EXPECT_NEAR(picoseconds() / (flops * all / 2 * all / 2), 1, 1e-12);
  ring.ring = 1;
  EXPECT_NEAR(picoseconds() / (flops * all * all / 2 / 2), 1, 1e-12);
  EXPECT_EQ(times().attention_hop.value(), 0);
  // Without zigzag the last rank sees whole blocks: 5/3 of what an even deal would give.
  ring.ring = 3;
  ring.zigzag = false;
  for (const Strategy s : {Strategy::ring, Strategy::cp_all_gather}) {
    ring.strategy = s;
    EXPECT_NEAR(picoseconds() / (flops * (n * n / 2 / 2 + 2 * n * n)), 1, 1e-12);
    EXPECT_NEAR(times().imbalance / times().attention, 1 - 3.0 / 5, 1e-12);
  }
  work.causal = false;
  EXPECT_NEAR(picoseconds() / (flops * n * all), 1, 1e-12);
  ring.strategy = Strategy::ring;
  EXPECT_NEAR(picoseconds() / (flops * n * all), 1, 1e-12);
  EXPECT_EQ(times().imbalance.value(), 0);
  ring.ring = 2;
  EXPECT_NEAR(times().attention_hop.value() / kPico / (flops * all / 2 * all / 2), 1, 1e-12);
}

TEST(LayerCompute, DocumentsSaveWhatGrowsWithTheArea) {
  // Launch and start-up, 7 keys a query, stay; of the rest 0.3 is left. A call of one query or key is not halved.
  Gpu gpu = linear_gpu();
  gpu.attention.launch = Seconds{0.5};
  gpu.attention.forward.full[0].start_up = gpu.attention.forward.causal[0].start_up = 7;
  Transformer m = wide_model();
  m.heads = m.kv_heads = 64;
  const double flops = 2 * 192 * 64 * kPico;
  const auto times = [&](std::int64_t tokens, int ranks) {
    const Layout ring{.strategy = Strategy::ring, .ring = ranks};
    RankSplit rank = split_rank(m, sequence(tokens), ring);
    rank.documents_slowest = 0.3;
    return core_forward(m, sequence(tokens), gpu, ring, rank);
  };
  EXPECT_NEAR(times(4096, 1).attention.value(), 0.5 + flops / 2 * (7 * 4096 + 0.3 * 4096 * 4096 / 2), 1e-9);
  EXPECT_NEAR(times(4096, 2).attention_hop.value(), 0.5 + flops * (7 * 2048 + 0.3 * 2048 * 1024), 1e-9);
  // Two queries of 64 heads are a block of 128.
  EXPECT_NEAR(times(2, 1).attention.value(), 0.5 + flops / 2 * (7 * 2 + 0.3 * 2), 1e-13);
  EXPECT_NEAR(times(4, 2).attention_hop.value(), 0.3 * (0.5 + flops * (7 * 2 + 2)), 1e-13);
  EXPECT_NEAR(times(8, 2).attention_hop.value(), 0.5 + flops * (7 * 4 + 0.3 * 4 * 2), 1e-13);
  EXPECT_NEAR(times(1, 1).attention.value(), 0.3 * (0.5 + flops / 2 * (7 + 0.5) * 2), 1e-13);  // half a block
}

TEST(LayerCompute, EmbeddingHeadAndGradientsByBytes) {
  // 6144 rows, a third of them at the embedding, which reads and writes 320 x 2 B each way. 320 words: logits of 2 B
  // are read, their fp32 copy written, read and read, gradients written: 16 B; fused 6.
  Workload work = wide_work();
  const Transformer m = wide_model();
  Gpu gpu = linear_gpu();
  gpu.gemm.launch = Seconds{1e-6};
  RankSplit rank = split_rank(m, work, kWide);
  const double logits = 6144.0 * 320, head = 320 * 320 + 320, product = 2 * logits * 320 * kPico;
  const auto memory = [&] { return head_and_loss_both_ways(m, work, gpu, rank).memory_bound.value(); };
  EXPECT_NEAR(embedding_both_ways(m, work, gpu, rank).memory_bound.value(), 2e-6 + 2048 * 320 * 2 * 4 * kFemto, 1e-16);
  EXPECT_NEAR(memory(), 4e-6 + (logits * 16 + head * 6) * kFemto, 1e-16);
  EXPECT_NEAR(head_and_loss_both_ways(m, work, gpu, rank).gemm.value(), 3e-6 + 3 * product, 1e-15);
  EXPECT_NEAR(head_product_time(m, work, gpu, rank).value(), 1e-6 + product, 1e-15);
  work.fused_loss = work.fp32_gradients = true;
  EXPECT_NEAR(memory(), 4e-6 + (logits * 6 + head * 8) * kFemto, 1e-16);
  work.dtype = Dtype::fp8;  // the head stays in bf16
  EXPECT_NEAR(head_and_loss_both_ways(m, work, gpu, rank).gemm.value(), 3e-6 + 3 * product, 1e-15);
  rank.ends_trained = false;
  EXPECT_NEAR(memory(), 4e-6 + logits * 6 * kFemto, 1e-16);
  EXPECT_NEAR(head_and_loss_both_ways(m, work, gpu, rank).gemm.value(), 2e-6 + 2 * product, 1e-15);
  EXPECT_NEAR(embedding_both_ways(m, work, gpu, rank).memory_bound.value(), 1e-6 + 2048 * 320 * 2 * 2 * kFemto, 1e-16);
  // A layer's gradients are added up behind its backward, which streams twice what the forward does.
  work = wide_work();
  rank = split_rank(m, work, kWide);
  gpu.gemm.launch = Seconds{};
  const Seconds there = layer_forward(m, work, gpu, kWide, rank).memory_bound;
  const Seconds back = layer_backward(m, work, gpu, kWide, rank).memory_bound;
  EXPECT_NEAR((back - there * 2).value(), rank.dense_layer.total() * 6 * kFemto, 1e-16);
  EXPECT_EQ(accumulation_time(work, Gpu{}, 1).value(), 0);  // nobody says how fast the memory is
}

TEST(LayerCompute, PackingAndMergingHaveKernels) {
  // Four permutations around the all-to-alls, and a merge for each of the two blocks that come round a ring of 3.
  Gpu gpu = linear_gpu();
  gpu.gemm.launch = Seconds{1};
  const auto launches = [&](int ulysses, int ring, bool backward) {
    const Layout layout{.strategy = Strategy::usp, .ulysses = ulysses, .ring = ring};
    const RankSplit rank = split_rank(wide_model(), wide_work(), layout);
    return attention_kernels(wide_model(), wide_work(), gpu, layout, rank, backward).memory_bound.value();
  };
  for (const bool backward : {false, true}) {
    EXPECT_NEAR(launches(2, 3, backward), 6, 1e-3);
    EXPECT_NEAR(launches(1, 3, backward), 2, 1e-3);
    EXPECT_NEAR(launches(3, 1, backward), 4, 1e-3);
    EXPECT_EQ(launches(1, 1, backward), 0);
  }
}

TEST(LayerCompute, FlopsOfAllRanksTogether) {
  // 3 tp x 2 ring ranks with 3072 of 6144 rows each; the mask halves the scores of FlashAttention alone.
  Workload work = wide_work();
  Transformer m = wide_model();
  const Layout layout{.strategy = Strategy::ring, .tp = 3, .ring = 2};
  const auto flops = [&](LayerKind kind) {
    return executed_forward_flops(m, work, layout, split_rank(m, work, layout), kind);
  };
  const double rows = 2 * 3072 * 6.0, dense = 320 * 320 + 256 * 320 + 320 * 384 + 192 * 320;
  const double attention = 2 * 2.0 * 192 * 6 * 3072 * 3072;
  EXPECT_DOUBLE_EQ(flops(LayerKind::dense).matrices.value(), rows * dense);
  EXPECT_EQ(flops(LayerKind::dense).frozen.value(), 0);
  EXPECT_DOUBLE_EQ(flops(LayerKind::dense).attention.value(), attention / 2);
  // A third of the rows in the router; 64 experts see 3072 x 2 / 64 = 96 rows at every rank.
  EXPECT_DOUBLE_EQ(flops(LayerKind::moe).matrices.value(),
                   rows * (320 * 320 + 256 * 320 + 64 * 320 / 3.0 + 3 * 128 * 320) + 6 * 2 * 64 * 96.0 * 3 * 64 * 320);
  EXPECT_DOUBLE_EQ(head_flops(m, layout, split_rank(m, work, layout)).value(), rows * 320 * 320);
  work.flash = false;
  EXPECT_DOUBLE_EQ(flops(LayerKind::dense).attention.value(), attention);
  work.lora_rank = 1;
  EXPECT_DOUBLE_EQ(flops(LayerKind::dense).frozen.value(), rows * dense);
  EXPECT_DOUBLE_EQ(flops(LayerKind::dense).matrices.value(), rows * (448 + 384 + 448 + 576 + 3 * 512));
  m.attention_density = 0.5;
  RankSplit packed = split_rank(m, work, layout);
  packed.documents_share = 0.25;
  EXPECT_DOUBLE_EQ(executed_forward_flops(m, work, layout, packed).attention.value(), attention * 0.5 * 0.25);
}

}  // namespace
}  // namespace ithaca
