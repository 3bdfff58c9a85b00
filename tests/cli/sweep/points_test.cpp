#include "cli/sweep/points.hpp"

#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

SweepInputs inputs_of(const AxisTexts& axes, const std::vector<std::pair<std::string, std::string>>& flags,
                      SweepAsks asks = SweepAsks::step) {
  SweepInputs inputs;
  Diagnostics problems;
  inputs.asks = asks;
  for (const auto& [flag, value] : flags) inputs.base.set(flag, value);
  inputs.axes = make_axes(axes, asks, problems);
  load_inputs(inputs, problems);
  EXPECT_TRUE(problems.empty()) << print(problems);
  return inputs;
}

const SweepPoint& at(PointReader& reader, const SweepInputs& inputs, std::uint64_t point) {
  Digits digits;
  digits_at(inputs.axes, point, digits);
  return reader.read(digits);
}

TEST(PointReader, EveryKindOfAxis) {
  const SweepInputs inputs =
      inputs_of({{"model", "[llama-7b,llama3-8b]"}, {"kv_heads", "[8,16]"}, {"seq", "[1Ki,2Ki]"}},
                {{"--cluster", "dgx-h100"}, {"--gpus", "8"}, {"--seq", "1"}});
  PointReader reader(inputs);
  const SweepPoint& last = at(reader, inputs, 7);  // the last value of each
  EXPECT_EQ(last.question.model.name, "llama3-8b");
  EXPECT_EQ(last.question.model.kv_heads, 16);
  EXPECT_EQ(last.question.work.seq_len.count, 2048);
  EXPECT_EQ(last.question.gpus, 8);
  const SweepPoint& third = at(reader, inputs, 2);
  EXPECT_EQ(third.question.model.name, "llama-7b");
  EXPECT_EQ(third.question.model.kv_heads, 16);
  EXPECT_EQ(third.question.work.seq_len.count, 1024);
}

/// The way to a point must not show in it.
TEST(PointReader, TheOrderOfThePointsDoesNotMatter) {
  const SweepInputs inputs =
      inputs_of({{"nic", "[100Gbps,400Gbps]"},
                 {"heads", "[16,48,64]"},
                 {"recompute", "[none,full]"},
                 {"price", "[1USD,2USD]"},
                 {"tokens_per_gpu", "[1Ki,2Ki]"}},
                {{"--model", "llama-7b"}, {"--cluster", "dgx-h100"}, {"--gpus", "16"}, {"--seq", "1"}});
  PointReader there(inputs), back(inputs);
  std::vector<std::string> seen;
  const auto words = [](const SweepPoint& p) {
    const Question& q = p.question;
    return p.problem
               ? p.problem->rule
               : std::to_string(q.cluster.domains[0].peak.value()) + " " + std::to_string(q.model.heads) + " " +
                     std::to_string(static_cast<int>(q.work.recompute)) + " " +
                     std::to_string(q.cluster.price_per_gpu_hour.value()) + " " + std::to_string(q.work.seq_len.count);
  };
  const std::uint64_t points = *count_points(inputs.axes);
  for (std::uint64_t i = 0; i < points; ++i) seen.push_back(words(at(there, inputs, i)));
  for (std::uint64_t i = points; i-- > 0;) EXPECT_EQ(words(at(back, inputs, i)), seen[i]) << i;
  EXPECT_EQ(seen[0], "100000000000.000000 16 0 1.000000 16384");  // 8 NICs of 12.5 GB/s; 1024 tokens x 16 GPUs
  EXPECT_EQ(seen[8], "model.heads");                              // 48 do not divide 4096
}

TEST(PointReader, TheGlobalBatchFollowsTheMicroBatch) {
  const std::vector<std::pair<std::string, std::string>> base{
      {"--model", "llama-7b"}, {"--cluster", "dgx-h100"}, {"--gpus", "8"}, {"--seq", "1Ki"}};
  const SweepInputs inputs = inputs_of({{"micro_batch", "[1,4]"}}, base);
  PointReader reader(inputs);
  EXPECT_EQ(at(reader, inputs, 1).question.work.global_batch, 4);
}

TEST(PointReader, WhatDoesNotGoTogetherIsAProblemOfThePoint) {
  const SweepInputs inputs = inputs_of({{"cluster", "[dgx-h100,dgx-a100]"}, {"attention", "[fa2,fa3]"}},
                                       {{"--model", "llama-7b"}, {"--gpus", "8"}, {"--seq", "1Ki"}});
  PointReader reader(inputs);
  EXPECT_FALSE(at(reader, inputs, 1).problem);
  const SweepPoint& point = at(reader, inputs, 3);  // FlashAttention 3 on an A100
  ASSERT_TRUE(point.problem);
  EXPECT_EQ(point.problem->rule, "input");
  EXPECT_TRUE(test::contains(point.problem->why, "--attention fa3")) << point.problem->why;
}

TEST(PointReader, InferenceHasItsBatchAndItsOutput) {
  const SweepInputs inputs = inputs_of(
      {{"output_tokens", "[1,100]"}, {"batch", "[1,8]"}},
      {{"--model", "llama-7b"}, {"--cluster", "dgx-h100"}, {"--gpus", "8"}, {"--seq", "1Ki"}, {"--phase", "decode"}},
      SweepAsks::phase);
  PointReader reader(inputs);
  const SweepPoint& point = at(reader, inputs, 3);
  ASSERT_FALSE(point.problem);
  EXPECT_EQ(point.inference.phase, Phase::decode);
  EXPECT_EQ(point.inference.output_tokens, 100);
  EXPECT_EQ(point.question.work.global_batch, 8);
}

TEST(PointReader, PlansAreReadByPlan) {
  const SweepInputs inputs =
      inputs_of({{"seq", "[1Ki,2Ki]"}},
                {{"--model", "llama-7b"}, {"--cluster", "dgx-h100"}, {"--gpus", "8"}, {"--pp", "2"}}, SweepAsks::plan);
  PointReader reader(inputs);
  const SweepPoint& point = at(reader, inputs, 1);
  EXPECT_EQ(point.plan.work.seq_len.count, 2048);
  EXPECT_EQ(point.plan.gpus, std::vector<int>{8});
  EXPECT_EQ(point.plan.fixed.pp, 2);
  EXPECT_FALSE(point.plan.fixed.zero);  // searched
}

}  // namespace
}  // namespace ithaca
