#include "cli/compare_flags.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ithaca {
namespace {

const Command kCommand{"compare", "", "", "", {}, kCompareFlags, nullptr};

struct Read {
  CompareRequest request;
  Diagnostics problems;
};

/// The four required flags and then `more`.
Read read(std::vector<std::string> more) {
  std::vector<std::string> words{"--model", "llama-7b", "--cluster", "dgx-a100"};
  for (const char* flag : {"--gpus", "--seq"}) {
    if (std::find(more.begin(), more.end(), flag) != more.end()) continue;
    words.insert(words.end(), {flag, "64"});
  }
  words.insert(words.end(), more.begin(), more.end());
  ParsedArguments parsed = parse_arguments(kCommand, words);
  CompareRequest request = read_compare_flags(parsed.arguments, parsed.problems);
  return {std::move(request), std::move(parsed.problems)};
}

TEST(CompareFlags, Defaults) {
  const auto [request, problems] = read({});
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(request.model, "llama-7b");
  EXPECT_EQ(request.cluster, "dgx-a100");
  EXPECT_EQ(request.gpus, 64);
  EXPECT_EQ(request.work.seq_len, Tokens{64});
  EXPECT_EQ(request.work.micro_batch, 1);
  EXPECT_EQ(request.work.global_batch, 1);
  EXPECT_EQ(request.work.dtype, Dtype::bf16);
  EXPECT_EQ(request.work.recompute, Recompute::full);
  EXPECT_TRUE(request.work.flash && request.work.causal);
  EXPECT_FALSE(request.work.dropout || request.work.tiled_loss || request.work.fp32_gradients);
  EXPECT_FALSE(request.degrees.zero);
  EXPECT_TRUE(request.degrees.zigzag);
  EXPECT_EQ(request.strategies.size(), kStrategies.size());
  EXPECT_EQ(request.defaults.size(), 6u);  // batch, micro-batch, dtype, attention, recompute, zero
}

TEST(CompareFlags, EveryFlagArrives) {
  const auto [request, problems] =
      read({"--micro-batch", "2",          "--global-batch", "8",         "--dtype",      "fp16",
            "--attention",   "full,eager", "--recompute",    "none",      "--zero",       "2",
            "--tp",          "2",          "--pp",           "1",         "--dp",         "4",
            "--ulysses",     "8",          "--ring",         "3",         "--strategies", "ring,ulysses",
            "--grad-dtype",  "fp32",       "--ring-grad",    "half",      "--no-zigzag",  "--dropout",
            "--tiled-loss",  "--price",    "2.5USD",         "--explain", "--csv",        "-o",
            "x.csv",         "--color",    "never"});
  EXPECT_TRUE(problems.empty()) << print(problems);
  EXPECT_EQ(request.work.micro_batch, 2);
  EXPECT_EQ(request.work.global_batch, 8);
  EXPECT_EQ(request.work.dtype, Dtype::fp16);
  EXPECT_FALSE(request.work.flash || request.work.causal);
  EXPECT_EQ(request.work.recompute, Recompute::none);
  EXPECT_EQ(request.degrees.zero, 2);
  EXPECT_EQ(request.degrees.tp, 2);
  EXPECT_EQ(request.degrees.pp, 1);
  EXPECT_EQ(request.degrees.dp, 4);
  EXPECT_EQ(request.degrees.ulysses, 8);
  EXPECT_EQ(request.degrees.ring, 3);
  EXPECT_FALSE(request.degrees.zigzag);
  EXPECT_EQ(request.strategies, (std::vector<Strategy>{Strategy::ring, Strategy::ulysses}));
  EXPECT_TRUE(request.work.fp32_gradients && request.work.dropout && request.work.tiled_loss);
  EXPECT_EQ(request.work.ring_gradient, RingGradient::half);
  EXPECT_EQ(request.price, Dollars{2.5});
  EXPECT_EQ(request.format, Format::csv);
  EXPECT_EQ(request.file, "x.csv");
  EXPECT_EQ(request.color, ColorWhen::never);
  EXPECT_EQ(request.notices.size(), 1u);  // --explain says nothing in CSV
  EXPECT_TRUE(request.defaults.empty());
}

TEST(CompareFlags, GlobalBatchFollowsTheMicroBatch) {
  EXPECT_EQ(read({"--micro-batch", "4"}).request.work.global_batch, 4);
}

TEST(CompareFlags, OneWordOfAttentionKeepsTheOtherDefault) {
  EXPECT_TRUE(read({"--attention", "full"}).request.work.flash);
  EXPECT_TRUE(read({"--attention", "eager"}).request.work.causal);
}

TEST(CompareFlags, AnAttentionKernelIsFlash) {
  EXPECT_EQ(read({}).request.attention_kernel, "");
  const CompareRequest request = read({"--attention", "full,fa2"}).request;
  EXPECT_EQ(request.attention_kernel, "fa2");
  EXPECT_TRUE(request.work.flash);
  EXPECT_FALSE(request.work.causal);
}

struct Mistake {
  std::vector<std::string> words;
  std::string where, next;
};

TEST(CompareFlags, MistakesNameTheWayOut) {
  const Mistake mistakes[] = {
      {{"--gpus", "0"}, "--gpus 0", "at least 1"},
      {{"--gpus", "2.5"}, "--gpus 2.5", ""},
      {{"--gpus", "10000000"}, "--gpus 10000000", "at most 1,000,000"},
      {{"--seq", "0"}, "--seq 0", "1 or more"},
      {{"--dtype", "fp64"}, "--dtype fp64", "fp16"},
      {{"--attention", "flash,eager"}, "--attention flash,eager", "keep one"},
      {{"--attention", "causal,full"}, "--attention causal,full", "keep one"},
      {{"--attention", "fa2,fa3"}, "--attention fa2,fa3", "keep one"},
      {{"--attention", "eager,fa2"}, "--attention eager,fa2", "keep one"},
      {{"--attention", "flush"}, "--attention flush", "'flash'"},
      {{"--zero", "4"}, "--zero 4", "at most 3"},
      {{"--strategies", "ulyses"}, "--strategies ulyses", "'ulysses'"},
      {{"--strategies", "ring,ring"}, "--strategies ring,ring", "once"},
      {{"--micro-batch", "4", "--global-batch", "6"}, "--global-batch 6", "--global-batch 8"},
      {{"--price", "3"}, "--price 3", "USD"},
      {{"--json", "--csv"}, "--json and --csv", "keep one"},
      {{"--color", "sometimes"}, "--color sometimes", "auto"},
  };
  for (const Mistake& mistake : mistakes) {
    const Diagnostics problems = read(mistake.words).problems;
    ASSERT_EQ(problems.size(), 1u) << mistake.where << "\n" << print(problems);
    EXPECT_EQ(problems[0].at.file, mistake.where);
    EXPECT_NE((problems[0].hint + problems[0].next).find(mistake.next), std::string::npos) << problems[0].next;
  }
}

TEST(CompareFlags, EngineIsTheClosedFormUnlessAsked) {
  EXPECT_EQ(read({}).request.engine, Engine::analytic);
  EXPECT_EQ(read({"--engine", "event"}).request.engine, Engine::event);
  EXPECT_EQ(name(Engine::event), "event");
  EXPECT_EQ(read({"--engine", "exact"}).problems.size(), 1u);
  EXPECT_EQ(read({"--engine", "event", "--explain"}).problems.size(), 1u);
}

/// validate runs counts Transformer Engine's buffers in Megatron's memory (model/transformer_engine.hpp), and so does
/// compare once it knows that the layout runs there.
TEST(CompareFlags, MegatronBringsTransformerEngineAndItsOwnZero) {
  const auto [request, problems] = read({"--framework", "megatron@0.16"});
  EXPECT_TRUE(problems.empty());
  EXPECT_TRUE(request.work.transformer_engine);
  EXPECT_EQ(request.work.framework, (FrameworkRelease{Framework::megatron, release(0, 16)}));
  EXPECT_EQ(request.defaults.back(), "--zero 1");
  EXPECT_FALSE(read({"--framework", "deepspeed"}).request.work.transformer_engine);
  EXPECT_FALSE(read({}).request.work.transformer_engine);
}

TEST(CompareFlags, LoraHasARankAndTargets) {
  const Workload all = read({"--lora", "16"}).request.work;
  EXPECT_EQ(all.lora_rank, 16);
  EXPECT_TRUE(all.lora_targets.attention && all.lora_targets.ffn);
  const Workload ffn = read({"--lora", "8:ffn"}).request.work;
  EXPECT_TRUE(!ffn.lora_targets.attention && ffn.lora_targets.ffn);
  for (const char* wrong : {"0", "x", "16:mlp", "16:", "99999"})
    EXPECT_EQ(read({"--lora", wrong}).problems.size(), 1U) << wrong;
}

}  // namespace
}  // namespace ithaca
