#include "model/inference.hpp"

#include <gtest/gtest.h>

#include "model/inference_memory.hpp"
#include "model/inference_pass.hpp"
#include "model/legality.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

Workload prompts(std::int64_t batch, std::int64_t tokens) {
  Workload w = test::sequence(tokens);
  w.global_batch = batch;
  return w;
}

Layout tensor(int tp) { return {.strategy = Strategy::tensor_parallel, .tp = tp, .zero = 0, .tp_sequence = false}; }
Layout sequence_split(Strategy strategy, int ulysses, int ring) {
  return {.strategy = strategy, .ulysses = ulysses, .ring = ring, .zero = 0};
}

InferenceEstimate of(const Transformer& model, const Workload& work, const Layout& layout, Phase phase = Phase::decode,
                     std::int64_t output = 1) {
  const auto estimate = estimate_inference(model, work, {phase, output, 2}, test::round_cluster(), layout);
  EXPECT_TRUE(estimate) << why(estimate.error());
  return *estimate;
}

/// Parameters that a token of a dense model is multiplied with: layers and head.
double read_parameters(const Transformer& m) {
  return static_cast<double>(m.layers * layer_parameters(m) + m.hidden * m.vocab);
}

TEST(Decode, ReadsWeightsAndCacheOnce) {
  // LLaMA-7B, one sequence in the middle of 2 tokens after 4,095: 4,096 tokens x 32 layers x 2 x 4,096 x 2 bytes.
  const Transformer m = test::llama_7b();
  const InferenceEstimate e = of(m, prompts(1, 4095), tensor(1), Phase::decode, 2);
  const double read = 2 * read_parameters(m) + 4096.0 * 32 * 2 * 4096 * 2;
  EXPECT_NEAR(e.decode->read.value(), read, 1);
  EXPECT_NEAR(e.decode->bound.value(), read / 3e12, 1e-12);
  // At the 90 % that copies reach, with launches: 4 products and 5 streaming kernels of 3 us, 2 of attention of 5 us
  // in a layer, a row of the embedding and the head; rows of hidden states are next to nothing.
  const double launches = 32 * (9 * 3e-6 + 2 * 5e-6) + 2 * 3e-6;
  EXPECT_NEAR(e.decode->time.value(), read / 2.7e12 + launches, 0.02e-3);
}

TEST(Decode, SparseAttentionMultipliesWhatItReads) {
  // 1,024 query heads on one KV head are 1,024 FLOPs a byte of cache, so that the products bound: their time goes by
  // the density, that of the launches not at all.
  Transformer m = test::llama_7b();
  m.heads = 1024;
  m.kv_heads = 1;
  const auto attention = [&](double density) {
    m.attention_density = density;
    return of(m, prompts(1, 1048576), tensor(1), Phase::decode, 2).decode->parts.attention.value();
  };
  EXPECT_GT(attention(0.5), attention(0.25));
  EXPECT_NEAR((attention(1) - attention(0.5)) / (attention(0.5) - attention(0.25)), 2, 1e-9);
}

TEST(Decode, TensorParallelismDividesWeightsUlyssesAndRingsTheCacheAlone) {
  const Transformer m = test::llama_7b();
  const Workload work = prompts(8, 65535);
  const auto read = [&](const Layout& layout) {  // in the middle of 2 tokens: after 65,536
    return of(m, work, layout, Phase::decode, 2).decode->read.value();
  };
  const double weights = 2 * read_parameters(m), cache = 8.0 * 65536 * 32 * 2 * 4096 * 2;
  const double norms = 32 * 2 * 4096 * 2.0;  // whole on each tp rank
  EXPECT_NEAR(read(tensor(8)), (weights - norms + cache) / 8 + norms, 1);
  EXPECT_NEAR(read(sequence_split(Strategy::ulysses, 8, 1)), weights + cache / 8, 1);
  EXPECT_NEAR(read(sequence_split(Strategy::ring, 1, 8)), weights + cache / 8, 1);
}

TEST(Decode, PassesQueriesAndPartialResultsRoundARing) {
  // 16 sequences on 8 ranks: 2 tokens each, 32 heads of 128. Queries go 7 hops; of every head's result 128 elements
  // and a log-sum-exp of 4 bytes come home from 7 ranks.
  const InferencePass pass = *of(test::llama_7b(), prompts(16, 65536), sequence_split(Strategy::ring, 1, 8)).decode;
  ASSERT_EQ(pass.layer.collectives.size(), 2u);
  EXPECT_EQ(pass.layer.collectives[0].sent.value(), 7 * 2 * 32 * 128 * 2);
  EXPECT_EQ(pass.layer.collectives[1].sent.value(), 7 * 2 * 32 * (128 * 2 + 4));
  // Two ranks with 2 tokens each send the same over one hop of the same links.
  const InferencePass two = *of(test::llama_7b(), prompts(4, 65536), sequence_split(Strategy::ring, 1, 2)).decode;
  const CollectiveCost hop = two.layer.collectives[0].cost, hops = pass.layer.collectives[0].cost;
  EXPECT_EQ(pass.layer.collectives[0].count, 7);
  EXPECT_GT(hop.latency.value(), 0);
  EXPECT_DOUBLE_EQ(hops.latency.value(), 7 * hop.latency.value());
  EXPECT_DOUBLE_EQ(hops.transfer.value(), 7 * hop.transfer.value());
  EXPECT_DOUBLE_EQ(hops.bound.value(), 7 * hop.bound.value());
  const InferencePass gather =
      *of(test::llama_7b(), prompts(16, 65536), sequence_split(Strategy::cp_all_gather, 1, 8)).decode;
  EXPECT_EQ(gather.layer.collectives[0].op, Op::all_gather);
  EXPECT_EQ(gather.layer.collectives[0].message.value(), 8 * 2 * 32 * 128 * 2);  // the queries of all 8
  EXPECT_EQ(gather.layer.sent, pass.layer.sent);
}

TEST(Decode, QueriesOfLatentsAreAsWideAsThese) {
  // 128 heads with a latent of 512 and a rotary part of 64: a query of 576, a result of 512 and its log-sum-exp.
  Transformer m = test::llama_7b();
  m.heads = m.kv_heads = 128;
  m.head_dim = 192;
  m.value_dim = 128;
  m.latent = {1536, 512, 64};
  const InferencePass pass = *of(m, prompts(8, 65536), sequence_split(Strategy::ring, 1, 8)).decode;
  EXPECT_EQ(pass.layer.collectives[0].sent.value(), 7 * 128 * 576 * 2);
  EXPECT_EQ(pass.layer.collectives[1].sent.value(), 7 * 128 * (512 * 2 + 4));
}

TEST(Prefill, LatentsAreGatheredForTheCacheOfEveryRankOfAnAllToAll) {
  // Each of 8 ranks keeps the latent of 512 and the rotary part of 64 of all tokens of two prompts: 7/8 come from
  // others.
  Transformer m = test::llama_7b();
  m.heads = m.kv_heads = 128;
  m.latent = {1536, 512, 64};
  const InferencePass pass = *of(m, prompts(2, 65536), sequence_split(Strategy::ulysses, 8, 1), Phase::prefill).prefill;
  ASSERT_EQ(pass.layer.collectives.size(), 3u);
  EXPECT_EQ(pass.layer.collectives[2].op, Op::all_gather);
  EXPECT_EQ(pass.layer.collectives[2].message.value(), 2.0 * 2 * 65536 * 576);
  EXPECT_EQ(pass.layer.collectives[2].sent.value(), 2.0 * 2 * 65536 * 576 * 7 / 8);
  EXPECT_GT(pass.layer.collectives[2].cost.transfer.value(), 0);
  EXPECT_TRUE(of(m, prompts(2, 65536), tensor(1), Phase::prefill).prefill->layer.collectives.empty());
}

TEST(Decode, UlyssesExchangesHeadsOfNewTokens) {
  // 8 ranks with 2 of 16 tokens each, 4 heads a rank: (2a + 2 a_kv) d e x tokens x 7/8.
  const InferencePass pass = *of(test::llama_7b(), prompts(16, 65536), sequence_split(Strategy::ulysses, 8, 1)).decode;
  EXPECT_EQ(pass.layer.sent.value(), 2 * 4 * 32 * 128 * 2.0 * 7 / 8);
  // Fewer sequences than ranks: each still works on one token, the rest is padding.
  const InferencePass few = *of(test::llama_7b(), prompts(1, 65536), sequence_split(Strategy::ulysses, 8, 1)).decode;
  EXPECT_EQ(few.layer.sent.value(), 1 * 4 * 32 * 128 * 2.0 * 7 / 8);
}

TEST(Decode, TwoAllReducesALayer) {
  const InferencePass pass = *of(test::llama_7b(), prompts(4, 1024), tensor(8)).decode;
  ASSERT_EQ(pass.layer.collectives.size(), 2u);
  EXPECT_EQ(pass.layer.collectives[0].op, Op::all_reduce);
  EXPECT_EQ(pass.layer.collectives[0].message.value(), 4 * 4096 * 2);
}

TEST(Decode, RanksOfTpGatherTheLogitsOfTheNewTokens) {
  // One row of 32,000 logits in bf16 for each of 4 sequences; before the layers, one of 4,096 hidden values is summed.
  const Cluster cluster = test::round_cluster();
  const Workload work = inference_workload(prompts(4, 1024), tensor(8));
  const PassCosts costs = decode_costs(test::llama_7b(), work, {Phase::decode, 2, 2}, cluster, tensor(8), 1024);
  const Placement tp = place_groups(cluster, tensor(8)).tp;
  EXPECT_DOUBLE_EQ(costs.head_comm.value(), all_gather_cost(cluster, tp, Bytes{2.0 * 4 * 32000}).total().value());
  EXPECT_DOUBLE_EQ(costs.embedding_comm.value(), all_reduce_cost(cluster, tp, Bytes{2.0 * 4 * 4096}).total().value());
}

Transformer mixture() {
  Transformer m = test::llama3_8b();
  m.experts = {8, 2, m.ffn, 0, 0, 1};
  return m;
}

TEST(Decode, ReadsOnlyTheExpertsThatATokenReaches) {
  // One token reaches 2 of 8 experts; 64 tokens all of them: 8 (1 - (6/8)^64). The cache has 16 tokens then.
  const Transformer m = mixture();
  const double expert = 2.0 * 3 * 4096 * 14336;
  const double all = of(m, prompts(64, 15), tensor(1), Phase::decode, 2).decode->read.value();
  const double one = of(m, prompts(1, 15), tensor(1), Phase::decode, 2).decode->read.value();
  EXPECT_NEAR(all - one, 32 * 6 * expert + 63 * 16.0 * 32 * 2 * 8 * 128 * 2, 32 * expert * 1e-6);
}

TEST(Decode, ExpertsOfARankAreReachedFromAllRanksOfTheirGroup) {
  // Two ranks with a token each. Alone one reaches 8 (1 - 6/8) = 2 experts of its own; where each holds four, both
  // tokens reach 4 (1 - (6/8)^2) = 1.75 of them.
  const Transformer m = mixture();
  Layout pair = tensor(1);
  pair.dp = 2;
  const double own = of(m, prompts(2, 15), pair, Phase::decode, 2).decode->read.value();
  pair.ep = 2;
  const double shared = of(m, prompts(2, 15), pair, Phase::decode, 2).decode->read.value();
  EXPECT_NEAR((own - shared) / (32 * 0.25 * 2.0 * 3 * 4096 * 14336), 1, 1e-6);
}

TEST(Prefill, IsTheForwardOfATrainingStep) {
  // Recomputing everything, a step runs the forward twice: its repeated part is the prefill's layers.
  const Transformer m = test::llama_7b();
  const Cluster cluster = test::round_cluster();
  const Layout layout = sequence_split(Strategy::ulysses, 8, 1);
  const Workload work = inference_workload(prompts(1, 131072), layout);
  const RankSplit rank = split_rank(m, work, layout);
  const KernelTimes layer = layer_forward(m, work, cluster.gpu, layout, rank);
  const LayerTraffic traffic = layer_traffic(m, work, cluster, layout, rank, place_groups(cluster, layout)).forward;
  const InferencePass pass = *of(m, work, layout, Phase::prefill).prefill;
  EXPECT_EQ(pass.layer.sent, traffic.sent);
  const double ends = pass.time.value() - 32 * (layer.total() + traffic.time).value();
  EXPECT_GT(ends, 0);
  EXPECT_LT(ends, 0.002 * pass.time.value());  // embedding, and the logits of one token
  EXPECT_NEAR(pass.comm / traffic.time, 32, 1e-9);
}

TEST(Prefill, ModelFlopsLeaveOutUnreadLogits) {
  // 2 x weights of the layers' matrices a token, half the square of attention, one token's logits.
  const double n = 8192, matrices = 32 * (4 * 4096.0 * 4096 + 3 * 4096.0 * 11008);
  const double flops = 2 * n * matrices + 32 * 4 * n * n / 2 * 4096 + 2 * 4096.0 * 32000;
  EXPECT_NEAR(of(test::llama_7b(), prompts(1, 8192), tensor(1)).model_flops.value() / flops, 1, 1e-12);
}

TEST(Inference, NeverFasterThanItsBound) {
  for (const Transformer& m : {test::llama_7b(), test::llama3_8b(), mixture()}) {
    for (const std::int64_t batch : {1, 8, 512}) {
      for (const std::int64_t tokens : {1024, 131072}) {
        for (const Layout& l : {tensor(1), tensor(8), sequence_split(Strategy::ulysses, 16, 1),
                                sequence_split(Strategy::ring, 1, 16), sequence_split(Strategy::usp, 4, 4)}) {
          for (const Dtype dtype : {Dtype::bf16, Dtype::fp32}) {
            Workload work = prompts(batch, tokens);
            work.dtype = dtype;
            const InferenceEstimate e = of(m, work, l);
            EXPECT_GE(e.prefill->time, e.prefill->bound) << m.name << batch << name(l.strategy);
            EXPECT_GE(e.decode->time, e.decode->bound) << m.name << batch << name(l.strategy);
          }
        }
      }
    }
  }
}

TEST(Inference, StagesOfAPipelineWorkOnSharesOfTheBatch) {
  // Two stages halve what each reads, two micro-batches pass one after the other: as long as one GPU and more messages.
  Layout two = tensor(1);
  two.pp = 2;
  const Workload work = prompts(2, 65536);
  EXPECT_EQ(inference_workload(work, two).micro_batch, 1);
  const Transformer m = test::llama_7b();
  const InferenceEstimate split = of(m, work, two), whole = of(m, prompts(1, 65536), tensor(1));
  EXPECT_EQ(split.cache, whole.cache);  // half the layers of two sequences
  EXPECT_GT(split.decode->time, whole.decode->time);
  EXPECT_LT(split.decode->time, whole.decode->time * 1.6);
  // Each micro-batch hands on the hidden state of one token.
  const Cluster cluster = test::round_cluster();
  const Seconds message = send_recv_cost(cluster, place_groups(cluster, two).pipeline, Bytes{4096 * 2}).total();
  EXPECT_DOUBLE_EQ(split.decode->comm.value(), 2 * message.value());
  EXPECT_EQ(whole.decode->comm.value(), 0);
}

TEST(Inference, ShardedWeightsAreGatheredForEveryToken) {
  Layout sharded = sequence_split(Strategy::ulysses, 8, 1);
  const InferenceEstimate whole = of(test::llama_7b(), prompts(8, 65536), sharded);
  sharded.zero = 3;
  const InferenceEstimate gathered = of(test::llama_7b(), prompts(8, 65536), sharded);
  // 6.6 x 10^9 parameters x 2 bytes x 7/8 at 400 GB/s are 29 ms; a long prompt hides them.
  EXPECT_GT(gathered.decode->time.value(), 6.6e9 * 2 * 7 / 8 / 400e9);
  EXPECT_LT(gathered.prefill->time / whole.prefill->time, 1.01);
  EXPECT_LT(gathered.memory.peak(), whole.memory.peak());
}

TEST(InferenceMemory, HoldsWeightsCacheAndOneLayer) {
  const Transformer m = test::llama3_8b();
  const InferenceEstimate e = of(m, prompts(4, 32768 - 64), tensor(8), Phase::prefill, 64);
  const auto term = [&](std::string_view which) {
    for (const MemoryTerm& t : e.memory.terms) {
      if (t.name == which) return t.bytes.value();
    }
    return 0.0;
  };
  // Norms of 65 x 4,096 parameters are whole on each rank; the final one is divided here.
  EXPECT_NEAR(term("weights"), 2.0 * (static_cast<double>(parameter_count(m)) - 65 * 4096) / 8, 2 * 65 * 4096.0);
  EXPECT_EQ(term("kv_cache"), 131072.0 * 32768 * 4 / 8);
  EXPECT_EQ(e.cache.value(), term("kv_cache"));
  // Gate, up and their product of 4 prompts.
  EXPECT_EQ(term("layer_workspace"), 2.0 * 3 * 4 * (32768 - 64) * 14336 / 8);
  EXPECT_EQ(e.memory.moment, Moment::forward);
}

TEST(InferenceMemory, Fp8HalvesTheLayersWeights) {
  Workload work = prompts(1, 1024);
  const Bytes half = of(test::llama_7b(), work, tensor(1)).memory.terms[0].bytes;
  work.dtype = Dtype::fp8;
  Cluster cluster = test::round_cluster();
  cluster.gpu.peak[3] = FlopPerSecond{2000e12};
  const auto e = estimate_inference(test::llama_7b(), work, {Phase::decode, 1, 1}, cluster, tensor(1));
  ASSERT_TRUE(e);
  const double layers = 32.0 * static_cast<double>(layer_parameters(test::llama_7b()));
  EXPECT_EQ(half.value() - e->memory.terms[0].bytes.value(), layers);
  EXPECT_EQ(e->cache.value(), 1025.0 * 32 * 2 * 4096);
}

TEST(CheckPhase, RefusesWhatOnlyTrainingHas) {
  const auto rule = [](Layout layout, Phase phase) { return check_phase(layout, phase)->rule; };
  EXPECT_EQ(rule({.strategy = Strategy::fpdt, .zero = 0}, Phase::prefill), Rule::phase_backward);
  EXPECT_EQ(rule({.strategy = Strategy::ring_self_attention, .zero = 0}, Phase::decode), Rule::phase_backward);
  EXPECT_EQ(rule({.strategy = Strategy::megatron_sp, .zero = 0}, Phase::decode), Rule::phase_decode);
  EXPECT_EQ(rule({.strategy = Strategy::loongtrain, .zero = 0}, Phase::decode), Rule::phase_decode);
  EXPECT_EQ(rule({.zero = 1}, Phase::prefill), Rule::phase_zero);
  EXPECT_FALSE(check_phase({.strategy = Strategy::megatron_sp, .zero = 0}, Phase::prefill));
  EXPECT_FALSE(check_phase({.zero = 3}, Phase::decode));
}

TEST(Inference, MegatronDecodesAsPlainTensorParallelism) {
  Layout megatron{.strategy = Strategy::megatron_sp, .tp = 8, .zero = 0};
  const InferenceEstimate e = of(test::llama_7b(), prompts(4, 65536), megatron, Phase::prefill);
  EXPECT_EQ(e.decode->time, of(test::llama_7b(), prompts(4, 65536), tensor(8)).decode->time);
}

}  // namespace
}  // namespace ithaca
