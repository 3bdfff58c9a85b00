#include "validate/run_errors.hpp"

#include <cmath>

#include "model/step.hpp"
#include "tests/support/runs.hpp"
#include "validate/run_question.hpp"

namespace ithaca {
namespace {

Result<RunQuestion, RunRefusal> asked(const TrainingRun& run) {
  RunProfiles profiles;
  return run_question(run, profiles);
}

constexpr double kGiB = 1073741824.0;

TrainingRuns runs_of(std::vector<TrainingRun> runs) { return {"runs.yaml", std::move(runs), {}}; }

/// What the model says of the case, whatever that is.
StepEstimate estimate() {
  const auto q = asked(test::one_run());
  return *estimate_step(q->model, q->work, q->cluster, q->layout);
}

TEST(RunErrors, SignedByRowAndSource) {
  const double step = estimate().step.time.value();
  TrainingRun slow = test::one_run(), fast = slow, other = slow, refused = slow;
  slow.measured.step = Seconds{step / 0.8};  // predicted 20 % too short
  fast.measured.step = Seconds{step / 1.1};
  other.source.name = "elsewhere";
  other.measured.step.reset();
  refused.dtype = "nvfp4";
  const RunErrors errors = run_errors(runs_of({slow, other, fast, refused}));
  ASSERT_EQ(errors.rows.size(), 4u);
  EXPECT_NEAR(*errors.rows[0].error.step, -0.2, 1e-12);
  EXPECT_EQ(errors.rows[1].error.step, std::nullopt);
  EXPECT_NEAR(*errors.rows[2].error.step, 0.1, 1e-12);
  ASSERT_TRUE(errors.rows[3].refused);
  EXPECT_EQ(errors.rows[3].predicted.step, std::nullopt);
  ASSERT_EQ(errors.summary.size(), 2u);
  const RunSummary& paper = errors.summary[0];
  EXPECT_EQ(paper.rows, 3);
  EXPECT_EQ(paper.refused, 1);
  EXPECT_EQ(paper.step.count, 2);
  EXPECT_NEAR(paper.step.mean, 0.15, 1e-12);
  EXPECT_NEAR(paper.step.bias, -0.05, 1e-12);
  EXPECT_NEAR(paper.step.max, 0.2, 1e-12);
  EXPECT_EQ(errors.summary[1].step.count, 0);
  EXPECT_EQ(run_errors(runs_of({slow, other}), "elsewhere").rows.size(), 1u);
}

TEST(RunErrors, RatesByTheSourcesOwnCount) {
  TrainingRun run = test::one_run();
  EXPECT_EQ(run_errors(runs_of({run})).rows[0].measured_rate, std::nullopt);  // it measured seconds
  run.measured.step.reset();
  run.measured.rate_per_gpu = FlopPerSecond{1e14};
  const RunRow row = run_errors(runs_of({run})).rows[0];
  EXPECT_EQ(row.measured_rate, 1e14);
  // The same FLOPs: rate x time is equal on both sides.
  EXPECT_NEAR(*row.predicted_rate * *row.predicted.step, 1e14 * *row.measured.step, 1);
  EXPECT_EQ(row.shape.gpus, 8);
  EXPECT_EQ(row.shape.seq_len, 2048);
  EXPECT_EQ(row.shape.global_batch, 32);
}

TEST(RunErrors, FitAndHeldOutApart) {
  TrainingRun fit = test::one_run(), held = fit;
  fit.split = "fit";
  held.split = "held_out";
  const RunErrors errors = run_errors(runs_of({fit, held}));
  ASSERT_EQ(errors.summary.size(), 2u);
  EXPECT_EQ(errors.summary[1].split, "held_out");
}

TEST(RunErrors, MemoryAsTheAllocatorCountsIt) {
  // The ledger less what the allocator does not see; reserved is what it has not handed out, too.
  double allocated = 0, reserved = 0;
  const MemoryLedger ledger = estimate().memory;
  for (const MemoryTerm& term : ledger.terms) {
    if (term.name == "cuda_context" || term.name == "nccl_buffers") continue;
    reserved += term.bytes.value();
    if (term.name != "fragmentation") allocated += term.bytes.value();
  }
  const auto row = [](const std::string& measured) {
    return run_errors(runs_of({test::one_run("", measured)})).rows[0];
  };
  const RunRow both = row("peak_allocated_gib: 10, peak_reserved_gib: 20");
  EXPECT_NEAR(*both.error.memory, allocated / (10 * kGiB) - 1, 1e-12);
  EXPECT_NEAR(*both.error.reserved, reserved / (20 * kGiB) - 1, 1e-12);
  EXPECT_NEAR(*row("peak_reserved_gib: 20").error.memory, reserved / (20 * kGiB) - 1, 1e-12);
  EXPECT_NEAR(*row("peak_memory_gib: 20").error.memory, ledger.peak().value() / (20 * kGiB) - 1, 1e-12);
}

TEST(RunErrors, WhatDidNotFitHasAPeakAndNoError) {
  const RunRow row = run_errors(runs_of({test::one_run("", "out_of_memory: true")})).rows[0];
  EXPECT_TRUE(row.out_of_memory);
  EXPECT_EQ(row.error.step, std::nullopt);
  EXPECT_EQ(row.error.memory, std::nullopt);
  EXPECT_DOUBLE_EQ(row.parts.peak, estimate().memory.peak().value());
}

TEST(RunErrors, ACountStatedOnceHoldsForItsSource) {
  TrainingRun stated = test::one_run("", "tflops_per_gpu: 100"), silent = stated;
  stated.notes = "96*B*s*l*h^2*(1+s/6h+V/16lh)";
  const RunErrors errors = run_errors(runs_of({silent, stated}));
  EXPECT_EQ(errors.rows[0].measured.step, errors.rows[1].measured.step);
  EXPECT_NE(errors.rows[0].measured.step, run_errors(runs_of({silent})).rows[0].measured.step);
}

}  // namespace
}  // namespace ithaca
