#include "model/inference_pass.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

Layout tensor(int tp) { return {.strategy = Strategy::tensor_parallel, .tp = tp, .zero = 0, .tp_sequence = false}; }

/// 0.3 TB/s at 90 %: a product of few rows waits for its weights.
Cluster slow_memory() {
  Cluster cluster = test::round_cluster();
  cluster.gpu.memory_rate = BytesPerSecond{0.3e12};
  return cluster;
}
constexpr double kCopied = 0.27e12, kGemmLaunch = 3e-6, kAttentionLaunch = 5e-6;

Workload micro_batch(std::int64_t sequences, std::int64_t tokens) {
  Workload work = test::sequence(tokens);
  work.micro_batch = sequences;
  return work;
}

PassCosts decode(const Transformer& m, std::int64_t sequences, const Layout& layout,
                 const Cluster& cluster = slow_memory(), double context = 64) {
  return decode_costs(m, micro_batch(sequences, 64), {Phase::decode, 2, 2}, cluster, layout, context);
}

const PassLayer& layer(const PassCosts& costs, LayerKind kind) { return costs.layers[static_cast<std::size_t>(kind)]; }

/// Two layers, one dense and one of 8 experts of width 1,024, of which a token takes 2.
Transformer mixture() {
  Transformer m = test::llama3_8b();
  m.layers = 2;
  m.experts = {8, 2, 1024, 0, 1, 1.25};
  return m;
}

Transformer latent(std::int64_t query_rank) {
  Transformer m = test::llama_7b();
  m.head_dim = 192;
  m.value_dim = 128;
  m.latent = {query_rank, 512, 64};
  return m;
}

TEST(DecodeCosts, ALayersProductsWaitForItsWeights) {
  // Launches: qkv, output, up (with gate) and down. With latents Q, and K and V, are each projected down and up: three
  // products more, or two where Q comes straight from the hidden state.
  const auto products = [](const Transformer& m) {
    const Seconds time = layer(decode(m, 1, tensor(1)), LayerKind::dense).kernels.gemm;
    const double weights = 2.0 * static_cast<double>(layer_parameters(m, LayerKind::dense));
    return (time.value() - weights / kCopied) / kGemmLaunch;
  };
  EXPECT_NEAR(products(test::llama_7b()), 4, 1e-6);
  EXPECT_NEAR(products(latent(1)), 7, 1e-6);
  EXPECT_NEAR(products(latent(0)), 6, 1e-6);
}

TEST(DecodeCosts, ALayerOfExpertsReadsThoseThatItsTokensReach) {
  // 3 tokens with 2 of 8 experts each leave one out with (3/4)^3: 8 (1 - 27/64) = 37/8 are read. Products: qkv, output,
  // router, up and down of the routed experts; up and down of shared ones.
  const double expert = 3.0 * 4096 * 1024;
  Transformer m = mixture();
  const auto products = [&](std::int64_t tokens, double reached) {
    const PassLayer costs = layer(decode(m, tokens, tensor(1)), LayerKind::moe);
    const double all = static_cast<double>(layer_parameters(m, LayerKind::moe));
    const double weights = 2 * (all - real(m.experts.count) * expert + reached * expert);
    EXPECT_NEAR(costs.weights.value() / weights, 1, 1e-12);
    return (costs.kernels.gemm.value() - weights / kCopied) / kGemmLaunch;
  };
  EXPECT_NEAR(products(3, 37.0 / 8), 5, 1e-6);
  m.experts.shared_ffn = 1;
  EXPECT_NEAR(products(3, 37.0 / 8), 7, 1e-6);
  m.experts.shared_ffn = 0;
  m.experts.top_k = 3;  // of 10, one token reaches 3, not 4 by a last bit
  m.experts.count = 10;
  EXPECT_NEAR(products(1, 3), 5, 1e-6);
}

TEST(DecodeCosts, ReachedExpertsShareTheCopiesOfTheTokens) {
  // 12 tokens: 8 (1 - (3/4)^12) = 7.75 experts are reached, 8 in whole; 12 x 2 copies x 1.25 are 30, 4 for each when
  // rounded up. A token's FLOPs: qkv 4096 x 6144, output 4096 x 4096, router 4096 x 8; attention with 64 tokens of
  // cache: 2 x (128 + 128) x 32 heads each.
  const Transformer m = mixture();
  const double rows = 2.0 * 12 * 4096 * (6144 + 4096 + 8) + 12 * 64 * 2.0 * 256 * 32;
  const auto executed = [&](std::int64_t tokens) {
    return layer(decode(m, tokens, tensor(1)), LayerKind::moe).executed.value();
  };
  EXPECT_DOUBLE_EQ(executed(12), rows + 2.0 * 4 * 8 * 3 * 4096 * 1024);
  // One token: 2 experts, 2.5 copies.
  EXPECT_DOUBLE_EQ(executed(1), rows / 12 + 2.0 * 2 * 2 * 3 * 4096 * 1024);
}

TEST(DecodeCosts, AttentionReadsTheCacheOnceAndMultipliesByIt) {
  // 3 sequences of 4,096 tokens, K and V of 8 heads of 128 in bf16.
  const PassLayer costs = layer(decode(test::llama3_8b(), 3, tensor(1), slow_memory(), 4096), LayerKind::dense);
  const double cache = 3 * 4096 * 2.0 * 8 * 128 * 2;
  EXPECT_EQ(costs.cache.value(), cache);
  EXPECT_DOUBLE_EQ(costs.kernels.attention.value(), cache / kCopied + 2 * kAttentionLaunch);
  EXPECT_EQ(costs.kernels.imbalance.value(), 0);
  const double parameters = 4096.0 * 6144 + 4096 * 4096 + 3.0 * 4096 * 14336;
  EXPECT_DOUBLE_EQ(costs.executed.value(), 2 * 3 * parameters + 2.0 * 3 * 4096 * 256 * 32);
}

TEST(DecodeCosts, RanksWithFewerHeadsWait) {
  // 6 heads over 4 ranks: two have 2, of a mean of 1.5.
  Transformer m = test::llama_7b();
  m.heads = m.kv_heads = 6;
  const PassLayer costs =
      layer(decode(m, 4, {.strategy = Strategy::ulysses, .ulysses = 4, .zero = 0}), LayerKind::dense);
  EXPECT_DOUBLE_EQ(costs.kernels.imbalance.value(), costs.kernels.attention.value() / 4);
}

TEST(DecodeCosts, QueriesThatComeRoundARingAreServedOneRankAfterTheOther) {
  // 4 ranks keep 1,024 of 4,096 tokens of 4 sequences; two launches for each rank's queries, or for all at once.
  Layout ring{.strategy = Strategy::ring, .ring = 4, .zero = 0};
  const double cache = 4 * 1024 * 2.0 * 8 * 128 * 2;
  const auto kernels = [&] {
    return layer(decode(test::llama3_8b(), 4, ring, slow_memory(), 4096), LayerKind::dense).kernels;
  };
  EXPECT_DOUBLE_EQ(kernels().attention.value(), cache / kCopied + 4 * 2 * kAttentionLaunch);
  EXPECT_DOUBLE_EQ(kernels().attention_hop.value(), kernels().attention.value() / 4);
  ring.strategy = Strategy::cp_all_gather;
  EXPECT_DOUBLE_EQ(kernels().attention.value(), cache / kCopied + 2 * kAttentionLaunch);
}

TEST(DecodeCosts, PartialResultsAreAnAllToAllOfAllRanks) {
  // A token, 32 results of 128 in bf16 with 4 bytes of log-sum-exp, for each of 4 ranks, of which 3 are others.
  const Layout ring{.strategy = Strategy::ring, .ring = 4, .zero = 0, .zigzag = false};
  const Cluster cluster = test::round_cluster();
  const PassLayer costs = layer(decode(test::llama3_8b(), 4, ring, cluster), LayerKind::dense);
  const Collective& home = costs.traffic.collectives[1];
  EXPECT_EQ(home.message.value(), 4 * 32 * (256 + 4));
  EXPECT_EQ(home.sent.value(), 3 * 32 * (256 + 4));
  EXPECT_EQ(home.cost.total(), all_to_all_cost(cluster, place_groups(cluster, ring).ring, home.sent).total());
}

TEST(PrefillCosts, TheEndsCopyHiddenStatesAndMultiplyTheLastTokens) {
  // Two prompts of 64 tokens: 128 rows of 4,096 in bf16 are read and written; two rows meet the head of 128,256.
  const PassCosts costs = prefill_costs(test::llama3_8b(), micro_batch(2, 64), slow_memory(), tensor(1));
  EXPECT_DOUBLE_EQ(costs.embedding.total().value(), kGemmLaunch + 2.0 * 128 * 4096 * 2 / kCopied);
  EXPECT_EQ(costs.head_weights.value(), 2.0 * 128256 * 4096);
  EXPECT_DOUBLE_EQ(costs.head.total().value(), kGemmLaunch + 2.0 * 128256 * 4096 / kCopied);
  EXPECT_EQ(costs.head_executed.value(), 2.0 * 2 * 128256 * 4096);
  EXPECT_EQ(costs.embedding_comm.value(), 0);
  EXPECT_EQ(costs.head_comm.value(), 0);
}

TEST(PrefillCosts, AHeadOfManyRowsIsAProductInHalfPrecision) {
  // 4,096 sequences: 2 x 4,096 x 128,256 x 4,096 FLOPs at 800 TFLOPS take longer than to read the weights.
  Cluster cluster = test::round_cluster();
  cluster.gpu.peak[3] = FlopPerSecond{2000e12};
  Workload work = micro_batch(4096, 8);
  const Gemm head{4096, 128256, 4096, 1};
  const auto time = [&] { return prefill_costs(test::llama3_8b(), work, cluster, tensor(1)).head.gemm; };
  EXPECT_EQ(time(), gemm_time(cluster.gpu, head, Dtype::bf16));
  work.dtype = Dtype::fp8;
  EXPECT_EQ(time(), gemm_time(cluster.gpu, head, Dtype::bf16));
  work.dtype = Dtype::fp32;
  EXPECT_EQ(time(), gemm_time(cluster.gpu, head, Dtype::fp32));
}

TEST(PrefillCosts, TwoRanksOfTpReduceTheEmbeddingAndGatherTheLogits) {
  const Cluster cluster = test::round_cluster();
  const Placement tp = place_groups(cluster, tensor(2)).tp;
  const PassCosts plain = prefill_costs(test::llama3_8b(), micro_batch(3, 64), cluster, tensor(2));
  EXPECT_EQ(plain.embedding_comm, all_reduce_cost(cluster, tp, Bytes{2.0 * 3 * 64 * 4096}).total());
  EXPECT_EQ(plain.head_comm, all_gather_cost(cluster, tp, Bytes{2.0 * 3 * 128256}).total());
  const Layout megatron{.strategy = Strategy::megatron_sp, .tp = 2, .zero = 0};
  const PassCosts split = prefill_costs(test::llama3_8b(), micro_batch(3, 64), cluster, megatron);
  EXPECT_EQ(split.embedding_comm, reduce_scatter_cost(cluster, tp, Bytes{2.0 * 3 * 64 * 4096}).total());
}

TEST(PrefillCosts, ShardedWeightsAreGatheredWhereTheyLie) {
  // ZeRO-3 over 4 replicas, of which pairs share the experts: all but the experts is gathered over 4, the 4 experts of
  // a rank over the 2 that have them.
  const Cluster cluster = test::round_cluster();
  const Transformer m = mixture();
  Layout layout = tensor(1);
  layout.dp = 4;
  layout.ep = 2;
  layout.zero = 3;
  const RankGroups groups = place_groups(cluster, layout);
  const auto gathered = [&](const Placement& group, double weights) {
    return all_gather_cost(cluster, group, Bytes{2 * weights}).total().value();
  };
  const PassCosts costs = prefill_costs(m, micro_batch(1, 64), cluster, layout);
  const double experts = 3.0 * 4096 * 1024;
  const double around = static_cast<double>(layer_parameters(m, LayerKind::moe)) - 8 * experts;
  EXPECT_DOUBLE_EQ(layer(costs, LayerKind::moe).gather.value(),
                   gathered(groups.shard, around) + gathered(groups.expert_shard, 4 * experts));
  EXPECT_DOUBLE_EQ(layer(costs, LayerKind::dense).gather.value(),
                   gathered(groups.shard, static_cast<double>(layer_parameters(m, LayerKind::dense))));
  EXPECT_DOUBLE_EQ(costs.embedding_comm.value(), gathered(groups.shard, 128256.0 * 4096));
  EXPECT_DOUBLE_EQ(costs.head_comm.value(), gathered(groups.shard, 128256.0 * 4096 + 4096));  // with the last norm
  layout.zero = 1;
  EXPECT_EQ(layer(prefill_costs(m, micro_batch(1, 64), cluster, layout), LayerKind::moe).gather.value(), 0);
  layout.zero = 3;
  layout.dp = 2;
  EXPECT_GT(layer(prefill_costs(m, micro_batch(1, 64), cluster, layout), LayerKind::dense).gather.value(), 0);
}

TEST(PrefillCosts, ALayerExecutesItsMatricesAndItsSquare) {
  // 512 tokens: matrices of 4096 x (6144 + 4096) + 3 x 4096 x 14336, attention over the whole square's half.
  const PassCosts costs = prefill_costs(test::llama3_8b(), micro_batch(1, 512), slow_memory(), tensor(1));
  const double parameters = 4096.0 * 10240 + 3.0 * 4096 * 14336;
  const double scores = 512.0 * 512 / 2;
  EXPECT_DOUBLE_EQ(layer(costs, LayerKind::dense).executed.value(), 2 * 512 * parameters + 2 * scores * 256 * 32);
  // Norms are read too.
  EXPECT_EQ(layer(costs, LayerKind::dense).weights.value(), 2 * (parameters + 2 * 4096));
  // Of a layer of experts all are.
  const PassCosts mixed = prefill_costs(mixture(), micro_batch(1, 512), slow_memory(), tensor(1));
  EXPECT_EQ(layer(mixed, LayerKind::moe).weights.value(),
            2.0 * static_cast<double>(layer_parameters(mixture(), LayerKind::moe)));
}

/// Layers of 1 s (dense) and 2 s (experts) beside 0.25 and 0.5 s of wires; an embedding of 10 s, a head of 20 s.
PassCosts round_costs() {
  PassCosts costs;
  for (const int i : {0, 1}) {
    PassLayer& l = costs.layers[static_cast<std::size_t>(i)];
    const double size = i + 1;
    l.kernels.gemm = Seconds{0.5 * size};
    l.kernels.attention = Seconds{0.25 * size};
    l.kernels.memory_bound = Seconds{0.25 * size};
    l.kernels.imbalance = Seconds{0.125 * size};
    l.pass = {Seconds{size}, Seconds{0.25 * size}, Seconds{0.25 * size}};
    l.traffic.bound = Seconds{0.0625 * size};
    l.executed = Flop{100 * size};
    l.weights = Bytes{1000 * size};
    l.cache = Bytes{24 * size};
  }
  costs.embedding.memory_bound = Seconds{10};
  costs.head.gemm = Seconds{20};
  costs.embedding_comm = Seconds{1};
  costs.head_comm = Seconds{2};
  costs.stage_message = Seconds{3};
  costs.stage_bound = Seconds{5};
  costs.head_executed = Flop{7000};
  costs.head_weights = Bytes{9000};
  return costs;
}

/// One dense layer and four of experts.
Transformer five_layers() {
  Transformer m = mixture();
  m.layers = 5;
  return m;
}

TEST(RunPass, OneStageIsTheSumOfItsLayersAndEnds) {
  Cluster cluster = test::round_cluster();
  const InferencePass pass = run_pass(five_layers(), cluster, micro_batch(1, 64), tensor(1), round_costs(), 1);
  // 1 + 4 x 2 layers' worth of everything.
  EXPECT_DOUBLE_EQ(pass.compute.value(), 9 + 10 + 20);
  EXPECT_DOUBLE_EQ(pass.parts.gemm.value(), 4.5 + 20);
  EXPECT_DOUBLE_EQ(pass.parts.attention.value(), 2.25);
  EXPECT_DOUBLE_EQ(pass.parts.memory_bound.value(), 2.25 + 10);
  EXPECT_DOUBLE_EQ(pass.parts.imbalance.value(), 1.125);
  EXPECT_DOUBLE_EQ(pass.comm.value(), 2.25 + 1 + 2);
  EXPECT_DOUBLE_EQ(pass.exposed.value(), 2.25 + 1 + 2);
  EXPECT_DOUBLE_EQ(pass.time.value(), 39 + 5.25);
  EXPECT_DOUBLE_EQ(pass.read.value(), 9 * 1024 + 9000);
  EXPECT_DOUBLE_EQ(pass.bound.value(), 9 * 0.0625);
}

TEST(RunPass, AGatherLongerThanTheLayerShows) {
  // 2 s of weights and 0.25 s of the layer's own for 1 s of kernels: 1.25 s show. Half a second hides whole.
  PassCosts costs = round_costs();
  costs.layers[0].gather = Seconds{2};
  costs.layers[1].gather = Seconds{0.5};
  const InferencePass pass = run_pass(five_layers(), test::round_cluster(), micro_batch(1, 64), tensor(1), costs, 1);
  EXPECT_DOUBLE_EQ(pass.comm.value(), 2.25 + 2 + 4 * 0.5 + 1 + 2);
  EXPECT_DOUBLE_EQ(pass.exposed.value(), 1.25 + 4 * 0.5 + 1 + 2);
}

TEST(RunPass, FurtherMicroBatchesComeAtThePaceOfTheSlowestStage) {
  // Stages of 3 and 2 layers: 1 + 2 x 2 with 10 s of embedding, 2 x 2 with 20 s of head, which is slower and passes
  // twice more; messages: one for the first micro-batch, one for each other.
  Layout two = tensor(1);
  two.pp = 2;
  const InferencePass pass = run_pass(five_layers(), test::round_cluster(), micro_batch(1, 64), two, round_costs(), 3);
  EXPECT_DOUBLE_EQ(pass.compute.value(), 39 + 2 * 24);
  EXPECT_DOUBLE_EQ(pass.comm.value(), 5.25 + 2 * (1 + 2) + 3 * 3);
  EXPECT_DOUBLE_EQ(pass.exposed.value(), 5.25 + 2 * (1 + 2) + 3 * 3);
  EXPECT_DOUBLE_EQ(pass.time.value(), 87 + 20.25);
  EXPECT_DOUBLE_EQ(pass.read.value(), 9 * 1024 + 9000 + 2 * (4 * 1024 + 9000));
  EXPECT_DOUBLE_EQ(pass.bound.value(), (9 + 2 * 4) * 0.0625 + 5);
  // One stage sends nothing on.
  const InferencePass one =
      run_pass(five_layers(), test::round_cluster(), micro_batch(1, 64), tensor(1), round_costs(), 3);
  EXPECT_DOUBLE_EQ(one.comm.value(), 3 * 5.25);
  EXPECT_DOUBLE_EQ(one.exposed.value(), 3 * 5.25);
}

TEST(RunPass, AStageSlowedByItsWiresSetsThePace) {
  // 60 s of wires of the embedding against 20 s of head.
  PassCosts costs = round_costs();
  costs.embedding_comm = Seconds{60};
  Layout two = tensor(1);
  two.pp = 2;
  const InferencePass pass = run_pass(five_layers(), test::round_cluster(), micro_batch(1, 64), two, costs, 2);
  EXPECT_DOUBLE_EQ(pass.compute.value(), 39 + 15);
}

TEST(RunPass, IsBoundByFlopsOrMemoryToo) {
  Cluster cluster = test::round_cluster();
  const auto bound = [&] {
    return run_pass(five_layers(), cluster, micro_batch(1, 64), tensor(1), round_costs(), 1).bound.value();
  };
  cluster.gpu.peak[0] = FlopPerSecond{100};
  EXPECT_DOUBLE_EQ(bound(), (9 * 100 + 7000) / 100.0);
  cluster.gpu.memory_rate = BytesPerSecond{100};
  EXPECT_DOUBLE_EQ(bound(), (9 * 1024 + 9000) / 100.0);
}

}  // namespace
}  // namespace ithaca
