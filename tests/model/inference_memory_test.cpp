#include "model/inference_memory.hpp"

#include <gtest/gtest.h>

#include "tests/support/ledger_terms.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

using test::term;

/// Two prompts of 4,096 tokens.
Workload two_prompts() {
  Workload work = test::sequence(4096);
  work.global_batch = work.micro_batch = 2;
  return work;
}

MemoryLedger prefill(const Transformer& m, const Layout& layout, const Workload& work = two_prompts()) {
  return inference_memory(m, work, {Phase::prefill, 64, 2}, test::round_cluster(), layout);
}

/// 32 query and 8 KV heads of 128; an FFN so narrow that attention needs more.
Transformer narrow() {
  Transformer m = test::llama3_8b();
  m.ffn = 64;
  return m;
}

/// A dense layer and one of 8 experts of width 1,024, of which a token takes 2.
Transformer mixture() {
  Transformer m = narrow();
  m.layers = 2;
  m.experts = {8, 2, 1024, 0, 1, 1};
  return m;
}

TEST(InferenceMemory, AttentionHoldsItsInputsAndItsOutput) {
  // 8,192 rows: Q and the output of 4,096, K and V of 1,024 each; residual stream and norm; logits of 2 last tokens in
  // bf16 and fp32; 4,160 tokens of cache a prompt in 32 layers.
  const MemoryLedger all = prefill(narrow(), {.zero = 0});
  EXPECT_EQ(all.op, Operator::attention);
  EXPECT_EQ(term(all, "layer_workspace"), 2.0 * 8192 * (4096 + 2048 + 4096));
  EXPECT_EQ(term(all, "hidden_states"), 2 * 2.0 * 8192 * 4096);
  EXPECT_EQ(term(all, "logits"), 6.0 * 2 * 128256);
  EXPECT_EQ(term(all, "kv_cache"), 2.0 * 2 * 4160 * 2048 * 32);
  EXPECT_EQ(term(all, "rotary_table"), 4.0 * 4096 * 128);
  for (const char* none : {"gathered_activation", "gathered_parameters", "all_to_all_buffers", "ring_buffers"})
    EXPECT_EQ(term(all, none), 0) << none;
  EXPECT_EQ(all.capacity, Bytes{80e9});
  EXPECT_EQ(all.node_gpus, 1);
}

TEST(InferenceMemory, UlyssesKeepsWhatItSends) {
  // 4 ranks with 2,048 rows each before the all-to-all; after it 8,192 of 8 query and 2 KV heads.
  const MemoryLedger all = prefill(narrow(), {.strategy = Strategy::ulysses, .ulysses = 4, .zero = 0});
  EXPECT_EQ(term(all, "all_to_all_buffers"), 2.0 * 2048 * (4096 + 2 * 1024));
  EXPECT_EQ(term(all, "layer_workspace"), 2.0 * 8192 * (1024 + 512 + 1024));
  EXPECT_EQ(all.node_gpus, 4);
}

TEST(InferenceMemory, RingsKeepBlocksGathersAllKeys) {
  // Blocks of 2 x 1,024 rows: two of K and V and an accumulator of the queries in fp32, or K and V of all four.
  const MemoryLedger ring = prefill(narrow(), {.strategy = Strategy::ring, .ring = 4, .zero = 0});
  EXPECT_EQ(term(ring, "ring_buffers"), 2 * 2.0 * 2048 * 2048 + 4.0 * 2048 * 4096);
  EXPECT_EQ(term(ring, "gathered_keys_values"), 0);
  const MemoryLedger gather = prefill(narrow(), {.strategy = Strategy::cp_all_gather, .ring = 4, .zero = 0});
  EXPECT_EQ(term(gather, "gathered_keys_values"), 4 * 2.0 * 2048 * 2048);
  EXPECT_EQ(term(gather, "ring_buffers"), 0);
}

TEST(InferenceMemory, NarrowValuesMakeNarrowOutputs) {
  // Values and outputs of 64 beside queries and keys of 128, by all-to-all and round a ring of 4.
  Transformer m = narrow();
  m.value_dim = 64;
  const MemoryLedger heads = prefill(m, {.strategy = Strategy::ulysses, .ulysses = 4, .zero = 0});
  EXPECT_EQ(term(heads, "all_to_all_buffers"), 2.0 * 2048 * (4096 + 8 * (128 + 64)));
  EXPECT_EQ(term(heads, "layer_workspace"), 2.0 * 8192 * (8 * 128 + 2 * 192 + 8 * 64));
  const MemoryLedger ring = prefill(m, {.strategy = Strategy::ring, .ring = 4, .zero = 0});
  EXPECT_EQ(term(ring, "ring_buffers"), 2 * 2.0 * 2048 * 8 * 192 + 4.0 * 2048 * 32 * 64);
}

TEST(InferenceMemory, TensorParallelismGathersTheGroupsHiddenStates) {
  const MemoryLedger all = prefill(narrow(), {.strategy = Strategy::megatron_sp, .tp = 4, .zero = 0});
  EXPECT_EQ(term(all, "hidden_states"), 2 * 2.0 * 2048 * 4096);
  EXPECT_EQ(term(all, "gathered_activation"), 2.0 * 8192 * 4096);
  EXPECT_EQ(term(all, "logits"), 6.0 * 2 * 128256 / 4);
}

TEST(InferenceMemory, AnFfnHoldsUpAndGateAndTheirProduct) {
  Transformer m = test::llama3_8b();
  Workload work = two_prompts();
  EXPECT_EQ(prefill(m, {.zero = 0}).op, Operator::ffn);
  EXPECT_EQ(term(prefill(m, {.zero = 0}), "layer_workspace"), 2.0 * 8192 * 3 * 14336);
  m.gated_ffn = false;
  EXPECT_EQ(term(prefill(m, {.zero = 0}), "layer_workspace"), 2.0 * 8192 * 2 * 14336);
  work.tiled_mlp = true;  // as many rows at once as the hidden state is wide: two tiles
  EXPECT_EQ(term(prefill(m, {.zero = 0}, work), "layer_workspace"), 2.0 * 8192 * 2 * 14336 / 2);
}

TEST(InferenceMemory, ExpertsHoldTheTokensThatTheyAreSent) {
  // 8,192 rows x 2 of 8 are 2,048 for each of 8: their input and output of 4,096, up, gate and product of 1,024.
  Transformer m = mixture();
  m.experts.imbalance = 1.5;
  EXPECT_EQ(term(prefill(m, {.zero = 0}), "layer_workspace"), 2.0 * 8 * 3072 * (2 * 4096 + 3 * 1024));
  m.experts.shared_ffn = 16384;  // a shared expert so wide that it needs more
  EXPECT_EQ(term(prefill(m, {.zero = 0}), "layer_workspace"), 2.0 * 8192 * 3 * 16384);
}

TEST(InferenceMemory, WeightsAreShardedByZeroThreeAlone) {
  // Over 4 replicas, of which pairs share the experts: a rank has 4 of 8, of which 2 replicas keep a half each.
  const Transformer m = mixture();
  const double expert = 3.0 * 4096 * 1024, ends = 2.0 * 128256 * 4096 + 4096;
  const double dense = static_cast<double>(layer_parameters(m, LayerKind::dense));
  const double around = static_cast<double>(layer_parameters(m, LayerKind::moe)) - 8 * expert;
  Workload work = two_prompts();
  work.global_batch = 8;
  const auto ledger = [&](int zero) {
    return prefill(m, {.strategy = Strategy::tensor_parallel, .tp = 1, .dp = 4, .zero = zero, .ep = 2}, work);
  };
  EXPECT_EQ(term(ledger(0), "weights"), 2 * (dense + around + 4 * expert + ends));
  EXPECT_EQ(term(ledger(3), "weights"), 2 * ((dense + around + ends) / 4 + 2 * expert));
  EXPECT_EQ(term(ledger(0), "gathered_parameters"), 0);
  EXPECT_EQ(term(ledger(3), "gathered_parameters"), 2 * 2 * (around + 4 * expert));
  EXPECT_EQ(term(ledger(3), "kv_cache"), 2.0 * 2 * 4160 * 2048 * 2);
  work.dtype = Dtype::fp8;  // one byte a weight of the layers
  EXPECT_EQ(term(ledger(0), "weights"), dense + around + 4 * expert + 2 * ends);
  EXPECT_EQ(term(ledger(3), "gathered_parameters"), 2 * (around + 4 * expert));
  work.global_batch = 2;  // one replica shards over nobody
  const MemoryLedger alone = prefill(m, {.strategy = Strategy::tensor_parallel, .tp = 1, .zero = 3}, work);
  EXPECT_EQ(term(alone, "gathered_parameters"), 0);
}

TEST(InferenceMemory, TheFullestStageOfAPipelineCounts) {
  // 16 layers each; the last has the head, with the norm before it, and the logits on top.
  Layout two{.strategy = Strategy::tensor_parallel, .tp = 1, .pp = 2, .zero = 0};
  const MemoryLedger all = prefill(narrow(), two);
  EXPECT_EQ(all.stage, 1);
  EXPECT_EQ(term(all, "kv_cache"), 2.0 * 2 * 4160 * 2048 * 16);
  const double layers = 16.0 * static_cast<double>(layer_parameters(narrow()));
  EXPECT_EQ(term(all, "weights"), 2 * (layers + 128256.0 * 4096 + 4096));
}

TEST(InferenceMemory, DecodingHoldsATokenOfEachSequence) {
  // 6 sequences of 4,096 tokens and 64 more, one token each: their logits, no table of positions.
  Workload work = test::sequence(4096);
  work.global_batch = work.micro_batch = 6;
  const MemoryLedger all = inference_memory(narrow(), work, {Phase::decode, 64, 1}, test::round_cluster(), {.zero = 0});
  EXPECT_EQ(term(all, "logits"), 6.0 * 6 * 128256);
  EXPECT_EQ(term(all, "hidden_states"), 2 * 2.0 * 6 * 4096);
  EXPECT_EQ(term(all, "layer_workspace"), 2.0 * 6 * (4096 + 2048 + 4096));
  EXPECT_EQ(term(all, "kv_cache"), 1.0 * 6 * 4160 * 2048 * 32);
  EXPECT_EQ(term(all, "rotary_table"), 0);
}

}  // namespace
}  // namespace ithaca
