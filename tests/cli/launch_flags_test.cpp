#include "cli/launch_flags.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

Workload batch(std::int64_t global) {
  Workload work = test::sequence(131072);
  work.global_batch = global;
  return work;
}

/// In the order Megatron-LM, DeepSpeed, Accelerate.
std::vector<LaunchCommand> ask(const Layout& layout, const Workload& work,
                               const Transformer& model = test::llama3_8b()) {
  return launches(model, work, test::round_cluster(), layout);
}

bool has(const LaunchCommand& launch, const std::string& word) {
  return std::find(launch.words.begin(), launch.words.end(), word) != launch.words.end();
}

TEST(Launches, MegatronSplitsLayersStagesAndSequence) {
  const Layout layout{
      .strategy = Strategy::usp, .tp = 2, .pp = 4, .dp = 2, .ulysses = 4, .ring = 2, .zero = 1, .virtual_pp = 2};
  Workload work = batch(16);
  work.micro_batch = 2;
  const LaunchCommand launch = ask(layout, work)[0];
  EXPECT_EQ(launch.words.front(), "torchrun --nnodes 16 --nproc-per-node 8 pretrain_gpt.py");
  for (const char* word :
       {"--tensor-model-parallel-size 2", "--sequence-parallel", "--context-parallel-size 8", "--cp-comm-type a2a+p2p",
        "--hierarchical-context-parallel-sizes 4 2", "--pipeline-model-parallel-size 4",
        "--num-virtual-stages-per-pipeline-rank 2", "--use-distributed-optimizer", "--recompute-granularity full",
        "--micro-batch-size 2", "--global-batch-size 16", "--seq-length 131072", "--bf16"})
    EXPECT_TRUE(has(launch, word)) << word << "\n" << testing::PrintToString(launch.words);
  EXPECT_FALSE(has(launch, "--use-megatron-fsdp"));
}

TEST(Launches, MegatronRefusesUnevenHeadsAndStages) {
  EXPECT_EQ(ask({.strategy = Strategy::ulysses, .ulysses = 16}, batch(1))[0].why_not,  // 8 KV heads
            "wants query and KV heads divisible by tp x ulysses = 16");
  EXPECT_NE(ask({.pp = 3, .zero = 1}, batch(3))[0].why_not, "");  // 32 layers
  EXPECT_NE(ask({.strategy = Strategy::fpdt, .ulysses = 8}, batch(1))[0].why_not, "");
}

TEST(Launches, ContextParallelKinds) {
  EXPECT_TRUE(has(ask({.strategy = Strategy::ulysses, .ulysses = 8}, batch(1))[0], "--cp-comm-type a2a"));
  EXPECT_TRUE(has(ask({.strategy = Strategy::ring, .ring = 8}, batch(1))[0], "--cp-comm-type p2p"));
  EXPECT_TRUE(has(ask({.strategy = Strategy::cp_all_gather, .ring = 8}, batch(1))[0], "--cp-comm-type allgather"));
  const LaunchCommand zero3 = ask({.strategy = Strategy::ring, .ring = 8, .zero = 3}, batch(1))[0];
  EXPECT_TRUE(has(zero3, "--data-parallel-sharding-strategy optim_grads_params"));
}

TEST(Launches, DeepSpeedTakesUlyssesWithZero) {
  Workload work = batch(8);
  work.offload.optimizer = true;
  const auto all = ask({.strategy = Strategy::ulysses, .dp = 2, .ulysses = 16}, work);
  EXPECT_EQ(all[1].words.front(), "deepspeed --num_nodes 4 --num_gpus 8 train.py");
  // 8 sequences over dp 2, one at a time: 4 accumulation steps.
  EXPECT_EQ(all[1].settings,
            "{\"train_micro_batch_size_per_gpu\": 1, \"gradient_accumulation_steps\": 4, \"sequence_parallel_size\": "
            "16, \"zero_optimization\": {\"stage\": 3, \"offload_optimizer\": {\"device\": \"cpu\", \"pin_memory\": "
            "true}}, \"bf16\": {\"enabled\": true}}");
  EXPECT_TRUE(has(all[2], "--parallelism_config_sp_size 16"));
  EXPECT_TRUE(has(all[2], "--zero_stage 3"));
  EXPECT_EQ(ask({.strategy = Strategy::ring, .ring = 8}, batch(1))[1].why_not,
            "splits sequences by Ulysses and has no ring");
  EXPECT_NE(ask({.strategy = Strategy::ulysses, .ulysses = 12}, batch(1))[1].why_not, "");  // 32 heads
}

TEST(Launches, FpdtGoesThroughMegatronDeepSpeed) {
  const LaunchCommand launch = ask({.strategy = Strategy::fpdt, .ulysses = 8, .chunks = 2}, batch(1))[1];
  EXPECT_TRUE(has(launch, "--ds-sequence-parallel-size 8"));
  EXPECT_TRUE(has(launch, "--ds-sequence-parallel-fpdt-chunk-size 65536"));  // 131072 in 2 chunks
}

TEST(Launches, OnlyTheFrameworkOfTheWorkloadInItsRelease) {
  Workload work = batch(1);
  work.framework = {Framework::megatron, release(0, 13)};
  const auto megatron = ask({.strategy = Strategy::ring, .ring = 8, .zero = 3}, work);
  ASSERT_EQ(megatron.size(), 1U);
  EXPECT_TRUE(has(megatron[0], "--use-custom-fsdp"));  // named --use-megatron-fsdp from 0.14 on
  work.framework = {Framework::deepspeed, kNewest};
  const auto tp = ask({.strategy = Strategy::tensor_parallel, .tp = 8, .zero = 1, .tp_sequence = false}, work);
  ASSERT_EQ(tp.size(), 1U);
  EXPECT_NE(tp[0].settings.find("\"tensor_parallel\": {\"autotp_size\": 8}"), std::string::npos) << tp[0].settings;
}

TEST(Launches, VerlByEngine) {
  Workload work = batch(4);
  work.framework = {Framework::verl, kNewest};
  const auto fsdp = ask({.strategy = Strategy::ulysses, .dp = 2, .ulysses = 8, .zero = 2}, work)[0];
  EXPECT_EQ(fsdp.words.front(), "torchrun --nnodes 2 --nproc-per-node 8 -m verl.trainer.sft_trainer");
  for (const char* word : {"engine=fsdp engine.strategy=fsdp2", "engine.ulysses_sequence_parallel_size=8",
                           "engine.reshard_after_forward=false", "data.train_batch_size=4", "data.max_length=131072"})
    EXPECT_TRUE(has(fsdp, word)) << word;
  const auto megatron = ask({.strategy = Strategy::megatron_sp, .tp = 8, .pp = 2, .zero = 1}, work)[0];
  for (const char* word : {"engine=megatron", "engine.tensor_model_parallel_size=8", "engine.sequence_parallel=true",
                           "engine.pipeline_model_parallel_size=2"})
    EXPECT_TRUE(has(megatron, word)) << word;
}

TEST(Launches, AccelerateRingsOverFsdp) {
  const LaunchCommand launch = ask({.strategy = Strategy::ring, .dp = 2, .ring = 8, .zero = 3}, batch(2))[2];
  for (const char* word : {"--fsdp_version 2", "--fsdp_reshard_after_forward true", "--parallelism_config_cp_size 8",
                           "--parallelism_config_dp_shard_size 2", "--parallelism_config_cp_comm_strategy alltoall"})
    EXPECT_TRUE(has(launch, word)) << word;
  EXPECT_EQ(launch.words.back(), "train.py");
  EXPECT_EQ(ask({.strategy = Strategy::ring, .ring = 8, .zero = 1}, batch(1))[2].why_not,
            "shards by FSDP2: ZeRO 2 or 3");
  EXPECT_EQ(ask({.pp = 2, .zero = 1}, batch(1))[2].why_not, "has no pipeline");
  EXPECT_EQ(ask({.strategy = Strategy::usp, .ulysses = 4, .ring = 2}, batch(1))[2].why_not,
            "does not join Ulysses and ring yet");
}

}  // namespace
}  // namespace ithaca
