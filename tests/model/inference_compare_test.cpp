#include "model/inference_compare.hpp"

#include <gtest/gtest.h>

#include "model/inference_memory.hpp"
#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

InferenceQuestion ask(Transformer model, int gpus, std::int64_t batch, std::int64_t tokens, Phase phase) {
  InferenceQuestion q;
  q.job.model = std::move(model);
  q.job.cluster = test::round_cluster();
  q.job.gpus = gpus;
  q.job.work = test::sequence(tokens);
  q.job.work.global_batch = batch;
  q.job.strategies.assign(kDecodeStrategies.begin(), kDecodeStrategies.end());
  q.inference.phase = phase;
  return q;
}

TEST(CompareInference, EveryGpuWorksAndTheFastestWins) {
  const InferenceQuestion q = ask(test::llama_7b(), 8, 1, 131072, Phase::decode);
  const auto rows = compare_inference(q);
  ASSERT_EQ(rows.size(), 4u);
  for (const InferenceRow& row : rows) {
    ASSERT_TRUE(row.estimate) << name(row.strategy);
    EXPECT_EQ(row.idle_gpus, 0) << name(row.strategy);
    EXPECT_EQ(row.layout.strategy, row.strategy);
  }
  // One sequence: only tensor parallelism splits the weights.
  EXPECT_EQ(best_row(rows, Phase::decode), 0u);
  const Seconds time = rows[0].estimate->decode->time;
  EXPECT_DOUBLE_EQ(rows[0].tokens_per_s.value(), 1 / time.value());
  EXPECT_DOUBLE_EQ(rows[0].per_million_tokens.value(), 2.0 * 8 * time.value() / 3600 * 1e6);
  EXPECT_DOUBLE_EQ(rows[0].bandwidth_share, rows[0].estimate->decode->read.value() / time.value() / 3e12);
}

TEST(CompareInference, APrefillsFlopsAreAShareOfAllGpusPeak) {
  // 8 GPUs of 1000 TFLOPS.
  for (const InferenceRow& row : compare_inference(ask(test::llama_7b(), 8, 2, 131072, Phase::prefill))) {
    const double rate = row.estimate->model_flops.value() / row.estimate->prefill->time.value() / 8;
    EXPECT_DOUBLE_EQ(row.model_rate_per_gpu.value(), rate) << name(row.strategy);
    EXPECT_DOUBLE_EQ(row.mfu, rate / 1000e12) << name(row.strategy);
  }
}

TEST(CompareInference, NoMoreGpusThanTheClusterHas) {
  InferenceQuestion q = ask(test::llama_7b(), 8, 2, 8192, Phase::decode);
  q.job.strategies = {Strategy::tensor_parallel};
  q.job.cluster.max_gpus = 8;
  EXPECT_TRUE(compare_inference(q)[0].estimate);
  for (const int most : {1, 7}) {
    q.job.cluster.max_gpus = most;
    EXPECT_EQ(compare_inference(q)[0].refused->rule, Rule::cluster_size);
  }
}

TEST(CompareInference, APrefillsRateCountsThePrompts) {
  for (const InferenceRow& row : compare_inference(ask(test::llama_7b(), 8, 2, 131072, Phase::prefill))) {
    ASSERT_TRUE(row.estimate) << name(row.strategy);
    EXPECT_DOUBLE_EQ(row.tokens_per_s.value(), 2 * 131072 / row.estimate->prefill->time.value()) << name(row.strategy);
  }
}

TEST(CompareInference, AStrategyKeepsADegreeOfItsOwn) {
  // 8 sequences on 8 GPUs are fastest as 8 replicas, which is no strategy's: each has to split by more than one.
  InferenceQuestion q = ask(test::llama_7b(), 8, 8, 8192, Phase::decode);
  q.job.strategies = {Strategy::ulysses, Strategy::usp};
  for (const InferenceRow& row : compare_inference(q)) {
    EXPECT_GT(row.layout.ulysses, 1) << name(row.strategy);
    EXPECT_EQ(row.layout.ring > 1, row.strategy == Strategy::usp);
  }
  q.job.strategies = {Strategy::ulysses};
  q.job.degrees.ulysses = 1;  // unless one is asked for
  EXPECT_EQ(compare_inference(q)[0].layout.dp, 8);
}

TEST(CompareInference, ShardsWeightsWhereWholeOnesDoNotFit) {
  // 32 layers of 2.1 x 10^9 parameters are 135 GB in bf16, above 80 GB.
  Transformer large = test::llama_7b();
  large.ffn *= 15;
  for (const InferenceRow& row : compare_inference(ask(large, 8, 8, 8192, Phase::decode))) {
    ASSERT_TRUE(row.estimate);
    EXPECT_TRUE(row.estimate->memory.fits()) << name(row.strategy);
    EXPECT_EQ(row.layout.zero, row.strategy == Strategy::tensor_parallel ? 0 : 3) << name(row.strategy);
  }
  for (const InferenceRow& row : compare_inference(ask(test::llama_7b(), 8, 8, 8192, Phase::decode)))
    EXPECT_EQ(row.layout.zero, 0) << name(row.strategy);
}

TEST(CompareInference, LongestPromptAndLargestBatchAreTheLastThatFit) {
  const InferenceQuestion q = ask(test::llama3_8b(), 8, 2, 65536, Phase::decode);
  for (const InferenceRow& row : compare_inference(q)) {
    const auto fits = [&](std::int64_t tokens, std::int64_t batch) {
      Workload work = q.job.work;
      work.seq_len = Tokens{tokens};
      work.global_batch = batch;
      return inference_memory(q.job.model, inference_workload(work, row.layout), q.inference, q.job.cluster, row.layout)
          .fits();
    };
    EXPECT_TRUE(fits(row.max_seq_len.count, 2)) << name(row.strategy);
    EXPECT_FALSE(fits(row.max_seq_len.count + sequence_multiple(row.layout, true), 2)) << name(row.strategy);
    EXPECT_TRUE(fits(65536, row.max_batch)) << name(row.strategy);
    EXPECT_FALSE(fits(65536, row.max_batch + row.layout.dp)) << name(row.strategy);
  }
}

TEST(CompareInference, TheLargestBatchFillsStages) {
  // Two stages work on two shares of the batch: 2 sequences more than the most have no room.
  InferenceQuestion q = ask(test::llama_7b(), 4, 4, 8192, Phase::decode);
  q.job.strategies = {Strategy::tensor_parallel};
  q.job.degrees.dp = 1;
  q.job.degrees.pp = 2;
  const InferenceRow row = compare_inference(q)[0];
  ASSERT_EQ(row.layout.pp, 2);
  const auto fits = [&](std::int64_t sequences) {
    Workload work = q.job.work;
    work.global_batch = sequences;
    const Workload one = inference_workload(work, row.layout);
    return inference_memory(q.job.model, one, q.inference, q.job.cluster, row.layout).fits();
  };
  EXPECT_GT(row.max_batch, 4);
  EXPECT_EQ(row.max_batch % 2, 0);
  EXPECT_TRUE(fits(row.max_batch));
  EXPECT_FALSE(fits(row.max_batch + 2));
}

TEST(CompareInference, NoPromptAbove2To34AndNoBatchAbove2To24IsTried) {
  InferenceQuestion q = ask(test::llama3_8b(), 8, 2, 65536, Phase::decode);
  q.job.cluster.gpu.memory = Bytes{1e24};
  for (const InferenceRow& row : compare_inference(q)) {
    EXPECT_EQ(row.max_seq_len, Tokens{std::int64_t{1} << 34}) << name(row.strategy);
    EXPECT_EQ(row.max_batch, std::int64_t{1} << 24) << name(row.strategy);
  }
}

TEST(CompareInference, RefusesAStrategyWithoutThePhase) {
  InferenceQuestion q = ask(test::llama_7b(), 8, 1, 65536, Phase::decode);
  q.job.strategies = {Strategy::megatron_sp, Strategy::ulysses};
  q.job.degrees.ulysses = 64;
  const auto rows = compare_inference(q);
  EXPECT_EQ(rows[0].refused->rule, Rule::phase_decode);
  EXPECT_EQ(rows[1].refused->rule, Rule::gpus);
  EXPECT_FALSE(best_row(rows, Phase::decode));
}

}  // namespace
}  // namespace ithaca
