#include "model/lora.hpp"

#include <gtest/gtest.h>

#include "model/activations.hpp"
#include "model/layer_compute.hpp"
#include "model/model_flops.hpp"
#include "model/step.hpp"
#include "model/step_parts.hpp"
#include "tests/support/ledger_terms.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using test::term;

Workload adapters(int rank, LoraTargets targets = {}, std::int64_t tokens = 1024) {
  Workload work = test::sequence(tokens);
  work.lora_rank = rank;
  work.lora_targets = targets;
  return work;
}

TEST(Lora, CountsWhatPeftPrints) {
  // LLaMA-7B, rank 16 at every matrix: q, k, v, o 4 * 16 * (4096 + 4096); gate, up, down 3 * 16 * (4096 + 11008);
  // 32 layers. peft's print_trainable_parameters says 39,976,960, as model cards of Llama 2 7B fine-tunes quote.
  EXPECT_EQ(trained_parameter_count(test::llama_7b(), adapters(16)), 39'976'960);
  // Llama 3 8B: k and v 1024 wide, FFN 14336: 32 * 16 * (2 * 8192 + 2 * 5120 + 3 * 18432).
  EXPECT_EQ(trained_parameter_count(test::llama3_8b(), adapters(16)), 41'943'040);
  EXPECT_EQ(trained_parameter_count(test::llama_7b(), adapters(16, {true, false})), 32 * 4 * 16 * 8192);
  EXPECT_EQ(trained_parameter_count(test::llama_7b(), test::sequence(1)), 6'738'415'616);  // the released checkpoint
}

TEST(Lora, TensorParallelismCutsOneSideOfEachAdapter) {
  // tp 8: A whole and an eighth of B behind column-parallel matrices, the other way round behind row-parallel ones.
  const RankSplit rank = split_rank(test::llama_7b(), adapters(16), {.strategy = Strategy::megatron_sp, .tp = 8});
  EXPECT_EQ(rank.dense_trained.total(), 16 * (4 * (4096 + 512) + 3 * (4096 + 1376)));
  // Weights are base and adapters: the base has 202,375,168 in matrices and 2 * 4096 in norms, tp cuts the former.
  EXPECT_EQ(rank.dense_layer.total() - rank.dense_trained.total(), 202'375'168 / 8 + 2 * 4096);
}

TEST(Lora, ExpertsHaveAdaptersOfTheirOwn) {
  Transformer m = test::llama_7b();
  m.experts = {8, 2, 1024, 512, 0, 1};  // 8 experts 1024 wide, 2 a token, shared ones 512 wide
  const RankSplit rank = split_rank(m, adapters(4), {.dp = 2, .ep = 2});
  EXPECT_EQ(rank.moe_trained.experts, 4 * 3 * (4096 + 1024) * 4.0);  // 4 on this rank
  EXPECT_EQ(rank.moe_trained.shared, 4 * (4 * 8192 + 3 * (4096 + 512)));
  // A token passes 2 of 8.
  const double shared = 32 * rank.moe_trained.shared, all = 32 * 4 * 3 * (4096 + 1024) * 8.0;
  EXPECT_EQ(trained_parameter_count(m, adapters(4)), shared + all);
  EXPECT_EQ(active_trained_parameter_count(m, adapters(4)), shared + all / 4);
}

TEST(Lora, EachOfLatentAttentionsMatrices) {
  // Rank 1 under tp 3, 2 of 6 heads of 10 and 8 on each rank: in + out of 60 -> 12, 12 -> 20, 60 -> 9 + 4,
  // 9 -> 2 x (10 - 4 + 8), 16 -> 60. Without a latent for queries 60 -> 20 instead of the first two.
  Transformer m;
  m.hidden = 60, m.layers = 3, m.heads = m.kv_heads = 6, m.head_dim = 10, m.value_dim = 8, m.ffn = 90, m.vocab = 100;
  m.latent = {.query_rank = 12, .kv_rank = 9, .rope_dim = 4};
  const Layout tp{.strategy = Strategy::megatron_sp, .tp = 3};
  const auto parameters = [&](LoraTargets targets) {
    const Workload work = adapters(1, targets, 1023);
    const AdaptedMatrices all = adapted_matrices(m, work, split_rank(m, work, tp), LayerKind::dense);
    for (const AdaptedMatrix& a : all) EXPECT_EQ(a.rows, 1023);
    return adapter_weights(work, all).shared;
  };
  EXPECT_EQ(parameters({true, false}), 72 + 32 + 73 + 37 + 76);
  m.latent.query_rank = 0;
  EXPECT_EQ(parameters({true, false}), 80 + 73 + 37 + 76);
  // An FFN that is not gated is two matrices, 60 -> 30 and 30 -> 60.
  m.gated_ffn = false;
  EXPECT_EQ(parameters({false, true}), 2 * 90);
  EXPECT_EQ(adapted_matrices(m, test::sequence(1023), split_rank(m, test::sequence(1023), tp), LayerKind::dense).size(),
            0u);
  // One dense layer and two with experts 30 wide, of which each token takes 2 of 6, and no shared ones.
  m.experts = {.count = 6, .top_k = 2, .ffn = 30, .dense_layers = 1};
  EXPECT_EQ(trained_parameter_count(m, adapters(1, {false, true})), 2 * 150 + 2 * 6 * 2 * 90);
  EXPECT_EQ(active_trained_parameter_count(m, adapters(1, {false, true})), 2 * 150 + 2 * 2 * 2 * 90);
}

TEST(Lora, FrozenMatricesHaveNoWeightGradient) {
  const Workload full = test::sequence(65536), lora = adapters(16, {}, 65536);
  const auto times = [](const Workload& work) {
    const RankSplit rank = split_rank(test::llama_7b(), work, {});
    const Gpu gpu = test::round_gpu();
    return std::pair(forward_gemms(test::llama_7b(), work, gpu, rank),
                     backward_gemms(test::llama_7b(), work, gpu, rank));
  };
  const auto [forward, backward] = times(full);
  const auto [lora_forward, lora_backward] = times(lora);
  EXPECT_EQ(lora_forward.qkv, forward.qkv);
  EXPECT_NEAR(lora_backward.up / backward.up, 0.5, 0.01);
  // Recomputed, a step is forward, forward, dX and dW; without dW 3 of 4 remain: 1.33 times as fast. The LoRA paper
  // measured 43.1 against 32.5 tokens/s on GPT-3 175B, 1.326 (section 4.2, footnote 5; whether it recomputes, and what
  // else is in its step, it does not say).
  const double base =
      (2 * forward.total() + lora_backward.total() - lora_backward.adapters) / (2 * forward.total() + backward.total());
  EXPECT_NEAR(1 / base, 43.1 / 32.5, 0.02);
  // Adapters: 2 * tokens * rank * (in + out) FLOPs, twice that backward, at 800 TFLOPS or less.
  const double flops = 2.0 * 65536 * 39'976'960 / 32;
  EXPECT_GE(lora_forward.adapters.value(), flops / 800e12);
  EXPECT_GE(lora_backward.adapters.value(), 2 * flops / 800e12);
  EXPECT_LT(lora_forward.adapters, lora_forward.total() * 0.2);
}

TEST(Lora, OnlyAdaptersAreReducedButZero3GathersAll) {
  const auto calls = [](int zero) {
    const Layout layout{.dp = 8, .zero = zero};
    Workload work = adapters(16);
    work.global_batch = 8;
    return shard_calls(test::llama_7b(), work, layout, split_rank(test::llama_7b(), work, layout));
  };
  const double adapter = 1'249'280, base = 202'375'168 + 2 * 4096;  // of a layer
  EXPECT_EQ(calls(1).reduce_all.message, Bytes{2 * 32 * adapter});
  EXPECT_EQ(calls(1).gather_all.message, Bytes{2 * 32 * adapter});  // what the update changed
  const ShardCalls three = calls(3);
  EXPECT_EQ(three.reduce.message, Bytes{2 * adapter});
  EXPECT_EQ(three.gather.message, Bytes{2 * (base + adapter)});
  EXPECT_EQ(three.gather.count, 64);      // 32 layers, forward and backward
  EXPECT_EQ(three.reduce_ends.count, 0);  // embedding and head are frozen
  EXPECT_GT(three.gather_ends.count, 0);
  Workload work = adapters(16);
  work.global_batch = 8;
  // Where only experts carry adapters, the layers' shared weights are gathered, and nothing of them is reduced.
  const ShardCalls frozen = shard_calls(work, {.dp = 8, .zero = 3}, 8, {base, 0, 32 * base, 32, 0, 0, 0});
  EXPECT_EQ(frozen.gather.count, 64);
  EXPECT_EQ(frozen.reduce.count, 0);
}

MemoryLedger memory(const Workload& work, int arch = 90) {
  Cluster cluster = test::round_cluster();
  cluster.gpu.arch = arch;
  return peak_memory(test::llama_7b(), work, cluster, {.zero = 0}, split_rank(test::llama_7b(), work, {.zero = 0}));
}

TEST(Lora, MemoryOfFrozenWeights) {
  // 2 bytes a weight, 2 of gradient and 12 of optimizer state for adapters alone: where the LoRA paper's 1.2 TB of
  // GPT-3 175B become 350 GB, which are 2 * 175e9 (section 4.2), 16 bytes a parameter become a little above 2.
  const MemoryLedger m = memory(adapters(16));
  EXPECT_EQ(term(m, "weights"), 2 * (6'738'415'616.0 + 39'976'960));
  EXPECT_EQ(term(m, "gradients"), 2 * 39'976'960.0);
  EXPECT_EQ(term(m, "optimizer_states"), 12 * 39'976'960.0);
  EXPECT_LT(m.peak(), memory(test::sequence(1024)).peak() * 0.25);
}

TEST(Lora, Fp8KeepsFrozenLayersInAByte) {
  Workload work = adapters(16);
  work.dtype = Dtype::fp8;
  // Embedding, head and norm in bf16: 2 * 32000 * 4096 + 4096. Layers: the rest. Hopper keeps them transposed too.
  const double ends = 2 * 32000.0 * 4096 + 4096, layers = 6'738'415'616 - ends;
  EXPECT_EQ(term(memory(work, 100), "weights"), 2 * (ends + 39'976'960) + layers);
  EXPECT_EQ(term(memory(work, 90), "weights"), 2 * (ends + 39'976'960 + layers));
}

TEST(Lora, KeepsInputsOfAdaptedMatricesOnly) {
  const auto kept = [](const Workload& work) {
    return layer_activations(test::llama_7b(), work, split_rank(test::llama_7b(), work, {}));
  };
  const LayerActivations full = kept(test::sequence(1024));
  // FFN: input and gate, up and their product are kept for weight gradients; without, gate and up alone.
  EXPECT_EQ(full.ffn, Bytes{2.0 * 1024 * (4096 + 3 * 11008)});
  EXPECT_EQ(kept(adapters(16, {true, false})).ffn, Bytes{2.0 * 1024 * 2 * 11008});
  // Three adapters keep 16 elements a token each between A and B.
  EXPECT_EQ(kept(adapters(16, {false, true})).ffn, Bytes{2.0 * 1024 * (4096 + 3 * 11008 + 3 * 16)});
  // Attention: four adapters; without any its input goes, while FlashAttention keeps its output itself.
  EXPECT_EQ(kept(adapters(16, {true, false})).attention - full.attention, Bytes{2.0 * 1024 * 4 * 16});
  EXPECT_EQ(full.attention - kept(adapters(16, {false, true})).attention, Bytes{2.0 * 1024 * 4096});
}

TEST(Lora, ModelFlopsLeaveFrozenWeightGradientsOut) {
  // Forward and dX are 2 * 2 FLOPs a matrix weight and token instead of 3 * 2; an adapter's parameters take 6.
  const double matrices = 32 * 202'375'168.0 + 32000.0 * 4096;
  const Flop full = model_step_flops(test::llama_7b(), test::sequence(1024), true);
  const Flop lora = model_step_flops(test::llama_7b(), adapters(16), true);
  EXPECT_NEAR((full - lora).value() / (1024 * (2 * matrices - 6 * 39'976'960.0)), 1, 1e-12);
}

TEST(Lora, AStepIsFasterLeanerAndNeverAboveThePeak) {
  const Layout layout{.strategy = Strategy::ulysses, .ulysses = 8};
  const auto full = estimate_step(test::llama_7b(), test::sequence(131072), test::round_cluster(), layout);
  const auto lora = estimate_step(test::llama_7b(), adapters(16, {}, 131072), test::round_cluster(), layout);
  ASSERT_TRUE(full && lora);
  EXPECT_LT(lora->step.time, full->step.time);
  EXPECT_LT(lora->memory.peak(), full->memory.peak());
  EXPECT_LT(lora->executed_flops, full->executed_flops);
  EXPECT_LT(lora->model_flops, lora->executed_flops);
  EXPECT_GE(lora->step.time, lora->step.bound);
  EXPECT_LT(lora->parameters.sent, full->parameters.sent);
}

}  // namespace
}  // namespace ithaca
