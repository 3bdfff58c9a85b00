#include "validate/run_measured.hpp"

#include "tests/support/runs.hpp"

namespace ithaca {
namespace {

Result<RunQuestion, RunRefusal> asked(const TrainingRun& run) {
  RunProfiles profiles;
  return run_question(run, profiles);
}

double step(const TrainingRun& run, std::optional<FlopCount> usual = std::nullopt) {
  std::vector<std::string> assumed;
  const auto question = asked(run);
  EXPECT_TRUE(question);
  return measured_step(run, *question, usual, assumed)->value();
}

TEST(RunMeasured, SecondsComeFirst) {
  EXPECT_EQ(step(test::one_run("", "iter_time_s: 2, tflops_per_gpu: 1, days_for_300B_tokens: 9")), 2);
}

TEST(RunMeasured, TflopsByTheCountThatTheSourceStates) {
  // 96 x 32 x 2048 x 24 x 2048^2 x (1 + 2048/(6 x 2048) + 51200/(16 x 24 x 2048)) = 7.8011e14... at 8 x 100 TFLOP/s.
  const double flops = 96. * 32 * 2048 * 24 * 2048 * 2048 * (1 + 1. / 6 + 51200. / (16. * 24 * 2048));
  const std::string measured = "tflops_per_gpu: 100";
  EXPECT_NEAR(step(test::one_run("  notes: counts 96*B*s*l*h^2*(1+s/6h+V/16lh) here\n", measured)), flops / 8e14, 1e-9);
  EXPECT_NEAR(step(test::one_run("  flop_count: megatron\n", measured)), flops / 8e14, 1e-9);
  EXPECT_NEAR(step(test::one_run("", measured), FlopCount::megatron), flops / 8e14, 1e-9);
  // Without a statement: 3 x 32 x (2 x 2048 x (24 x 12 x 2048^2 + 51200 x 2048) + 24 x 4 x 2048^2 x 2048).
  const double model = 3. * 32 * (2. * 2048 * (24. * 12 * 2048 * 2048 + 51200. * 2048) + 24. * 4 * 2048. * 2048 * 2048);
  EXPECT_NEAR(step(test::one_run("", measured)), model / 8e14, 1e-9);
}

TEST(RunMeasured, TokensAndDays) {
  // 32 x 2048 tokens a step. At 1,000 tokens/s on each of 8 GPUs: 8.192 s. 10 days for 3e9 tokens: 18.874368 s.
  EXPECT_NEAR(step(test::one_run("", "tokens_per_s_per_gpu: 1000")), 8.192, 1e-9);
  EXPECT_NEAR(step(test::one_run("", "days_for_3B_tokens: 10")), 864000. * 65536 / 3e9, 1e-9);
  std::vector<std::string> assumed;
  const TrainingRun nothing = test::one_run("", "peak_allocated_gib: 3");
  EXPECT_FALSE(measured_step(nothing, *asked(nothing), std::nullopt, assumed));
}

}  // namespace
}  // namespace ithaca
