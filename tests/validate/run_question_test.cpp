#include "validate/run_question.hpp"

#include <algorithm>

#include "tests/support/runs.hpp"

namespace ithaca {
namespace {

Result<RunQuestion, RunRefusal> asked(const TrainingRun& run) {
  RunProfiles profiles;
  return run_question(run, profiles);
}

RunQuestion ask(const std::string& extra) {
  const auto question = asked(test::one_run(extra));
  EXPECT_TRUE(question) << (question ? "" : question.error().why);
  return question ? *question : RunQuestion{};
}

std::string refused(const std::string& extra) {
  const auto question = asked(test::one_run(extra));
  return question ? "" : question.error().rule;
}

bool assumes(const RunQuestion& q, const std::string& text) {
  return std::find(q.assumed.begin(), q.assumed.end(), text) != q.assumed.end();
}

TEST(RunQuestion, OldMegatron) {
  const RunQuestion q =
      ask("  parallel: {tp: 2, pp: 2, cp: 1, dp: 2}\n  recompute: selective_attention\n  megatron_sp: false\n");
  EXPECT_EQ(q.layout.strategy, Strategy::tensor_parallel);
  EXPECT_FALSE(q.layout.tp_sequence);
  EXPECT_EQ(q.layout.pp, 2);
  EXPECT_EQ(q.layout.virtual_pp, 1);
  EXPECT_EQ(q.layout.zero, 0);
  EXPECT_EQ(q.work.dtype, Dtype::fp16);
  EXPECT_EQ(q.work.recompute, Recompute::selective);
  EXPECT_FALSE(q.work.flash || q.work.fused_loss || q.work.fp32_gradients || q.work.overlap.gradients);
  EXPECT_TRUE(q.work.causal && q.work.dropout);
  EXPECT_TRUE(assumes(q, "one chunk of layers a stage (virtual_pp 1)"));
  EXPECT_TRUE(assumes(q, "no FlashAttention"));
  EXPECT_EQ(ask("  megatron_sp: true\n").layout.strategy, Strategy::megatron_sp);
}

TEST(RunQuestion, MegatronCore) {
  TrainingRun run = test::one_run("  overlap: none\n  cross_entropy_fusion: true\n  flash_attention: true\n");
  run.dtype = "bf16";
  const auto q = asked(run);
  ASSERT_TRUE(q);
  EXPECT_TRUE(q->work.flash && q->work.fused_loss && q->work.fp32_gradients);
  EXPECT_FALSE(q->work.overlap.gradients || q->work.overlap.parameters || q->work.dropout);
  EXPECT_EQ(q->layout.zero, 1);
  run.overlap.clear();
  EXPECT_TRUE(asked(run)->work.overlap.gradients);
  run.dtype = "fp8";
  EXPECT_EQ(asked(run)->work.dtype, Dtype::fp8);
}

TEST(RunQuestion, WithoutFlashItIsOld) {
  TrainingRun run = test::one_run("  flash_attention: false\n");
  run.dtype = "bf16";
  EXPECT_EQ(run_framework(run), RunFramework::megatron_2021);
  EXPECT_TRUE(asked(run)->work.fp32_gradients);
  EXPECT_FALSE(asked(run)->work.overlap.gradients);
}

TEST(RunQuestion, DeepSpeedByItsStage) {
  const RunQuestion q = ask("  zero_stage: 3\n");
  EXPECT_EQ(q.layout.zero, 3);
  EXPECT_TRUE(q.work.overlap.gradients && q.work.overlap.parameters);
  EXPECT_FALSE(q.work.fp32_gradients);
}

TEST(RunQuestion, ContextParallelism) {
  const std::string cp = "  parallel: {tp: 1, cp: 8, dp: 1}\n  cp_comm_type: ";
  EXPECT_EQ(ask(cp + "a2a\n").layout.ulysses, 8);
  EXPECT_EQ(ask(cp + "p2p\n").layout.ring, 8);
  EXPECT_EQ(ask(cp + "p2p\n").work.ring_gradient, RingGradient::half);
  EXPECT_EQ(ask(cp + "all_gather\n").layout.strategy, Strategy::cp_all_gather);
  EXPECT_EQ(refused(cp + "pigeon\n"), "run.cp_comm_type");
  const RunQuestion named = ask("  parallel: {cp: 8, ulysses: 4, ring: 2}\n  cp_comm_type: a2a+p2p\n");
  EXPECT_EQ(named.layout.strategy, Strategy::usp);
  EXPECT_EQ(named.layout.ulysses, 4);
  EXPECT_EQ(named.layout.ring, 2);
  // All eight could be in a node; a ring of at least two makes it a hybrid.
  EXPECT_EQ(ask("  parallel: {cp: 8}\n  cp_comm_type: a2a+p2p\n").layout.ulysses, 4);
  EXPECT_EQ(refused("  parallel: {cp: 8, ulysses: 4, ring: 4}\n  cp_comm_type: a2a+p2p\n"), "layout.gpus");
  EXPECT_EQ(ask("  parallel: {cp: 8}\n").layout.strategy, Strategy::ring);
  const Layout layout = ask("  parallel: {cp: 8}\n  strategy: ring_self_attention\n").layout;
  EXPECT_EQ(layout.strategy, Strategy::ring_self_attention);
  EXPECT_EQ(layout.ring, 8);
  EXPECT_EQ(ask("  parallel: {tp: 2, cp: 4}\n  strategy: megatron_sp\n").layout.strategy, Strategy::ring);
  EXPECT_EQ(refused("  parallel: {cp: 8}\n  strategy: pigeon\n"), "run.cp_comm_type");
}

TEST(RunQuestion, PadsTheVocabularyAsMegatronDoes) {
  TrainingRun run = test::one_run("  parallel: {tp: 8, dp: 1}\n");
  run.model.vocab = 128256;  // 125.25 x 1024
  EXPECT_EQ(asked(run)->model.vocab, 129024);
  run.zero = 3;
  EXPECT_EQ(asked(run)->model.vocab, 128256);
}

TEST(RunQuestion, ContradictionsAreRefused) {
  EXPECT_EQ(refused("  parallel: {tp: 2, dp: 2}\n"), "layout.gpus");
  EXPECT_EQ(refused("  micro_batches: 3\n"), "run.micro_batches");
  EXPECT_EQ(refused("  recompute: some\n"), "run.recompute");
  TrainingRun run = test::one_run();
  run.dtype = "nvfp4";
  EXPECT_EQ(asked(run).error().rule, "run.dtype");
}

TEST(RunQuestion, ListsWhatTheSourceDoesNotSay) {
  const RunQuestion q = ask("  unknown: [vocab not stated, the weather]\n");
  EXPECT_TRUE(assumes(q, "not given by the source: vocab not stated; taken: 51200"));
  EXPECT_TRUE(assumes(q, "not given by the source: the weather"));
}

}  // namespace
}  // namespace ithaca
