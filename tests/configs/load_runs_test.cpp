#include "configs/reader/load_runs.hpp"

#include "tests/support/runs.hpp"

namespace ithaca {
namespace {

constexpr double kGiB = 1073741824.0;

void expect_said(const Result<TrainingRuns, Diagnostics>& runs, const std::vector<std::string>& parts) {
  ASSERT_FALSE(runs);
  for (const std::string& part : parts)
    EXPECT_NE(print(runs.error()).find(part), std::string::npos) << part << " is not in\n" << print(runs.error());
}

TEST(LoadRuns, ReadsACase) {
  const TrainingRun run = test::one_run(
      "  parallel: {tp: 2, pp: 1, cp: 1, dp: 4, ep: 1}\n  recompute: full\n  megatron_sp: false\n  virtual_pp: 3\n"
      "  zero_stage: 0\n  dropout: true\n  unknown: [virtual_pp, vocab not stated]\n  notes: as printed\n",
      "iter_time_s: 1.5, peak_allocated_gib: 20, peak_reserved_gib: 22");
  EXPECT_EQ(run.id, "paper-one");
  EXPECT_EQ(run.source.title, "A paper");
  EXPECT_EQ(run.hardware.gpu, "A100-SXM4-80GB");
  EXPECT_EQ(run.model.ffn, 8192);
  EXPECT_EQ(run.gpus, 8);
  EXPECT_EQ(run.degrees.tp, 2);
  EXPECT_EQ(run.degrees.dp, 4);
  EXPECT_EQ(run.virtual_pp, 3);
  EXPECT_EQ(run.recompute, "full");
  EXPECT_EQ(run.megatron_sp, false);
  EXPECT_EQ(run.flash, std::nullopt);
  EXPECT_EQ(run.zero, 0);
  EXPECT_EQ(run.unknown, (std::vector<std::string>{"virtual_pp", "vocab not stated"}));
  EXPECT_EQ(run.measured.step, Seconds{1.5});
  EXPECT_EQ(run.measured.allocated, Bytes{20 * kGiB});
  EXPECT_EQ(run.measured.reserved, Bytes{22 * kGiB});
}

TEST(LoadRuns, UnknownKeysAreNotices) {
  const auto runs = test::read_runs_text(test::runs_text("  color: blue\n", "iter_time_s: 2, joules: 5"));
  ASSERT_TRUE(runs) << print(runs.error());
  EXPECT_EQ(runs->notices, (std::vector<std::string>{"key 'color' of cases is not known and was passed over",
                                                     "key 'joules' of measured is not known and was passed over"}));
}

TEST(LoadRuns, TakesNamesOfTheCatalogue) {
  std::string text = test::runs_text();
  text.replace(text.find("model: gpt-1.3B"), 15, "model: llama3-8b");
  text.replace(text.find("hardware: box"), 13, "hardware: dgx-h100");
  const auto runs = test::read_runs_text(text);
  ASSERT_TRUE(runs) << print(runs.error());
  EXPECT_TRUE(runs->runs[0].model.catalogue);
  EXPECT_EQ(runs->runs[0].hardware.cluster, "dgx-h100");
}

TEST(LoadRuns, SaysWhereAFileIsWrong) {
  std::string text = test::runs_text();
  text.replace(text.find("model: gpt-1.3B"), 15, "model: gpt-1.4B");
  expect_said(test::read_runs_text(text), {"runs.yaml:11:", "'gpt-1.4B' is neither", "gpt-1.3B"});
  expect_said(test::read_runs_text(test::runs_text("  zero_stage: one\n")), {"runs.yaml:17:15", "zero_stage"});
  expect_said(test::read_runs_text(test::runs_text("", "iter_time_s: -1")), {"runs.yaml:17:", "iter_time_s"});
  for (const char* key : {"seq_len: 2048", "num_gpus: 8", "global_batch: 32", "hidden: 2048", "gpus_per_node: 8"}) {
    text = test::runs_text();
    text.insert(text.find(key) + std::string(key).size(), "999999999999999");
    expect_said(test::read_runs_text(text), {"'" + std::string(key).substr(0, std::string(key).find(':')) + "'"});
  }
  for (const char* line : {"  parallel: 3\n", "  unknown: {a: 1}\n", "  parallel: [1, 2]\n", "  offload: [a]\n"})
    EXPECT_FALSE(test::read_runs_text(test::runs_text(line))) << line;
  expect_said(test::read_runs_text("schema_version: 2\ncases: []\n"), {"runs.yaml:1:17", "schema_version '2'"});
  expect_said(test::read_runs_text("schema_version: 1\ncases: []\n"), {"no case in this file"});
  expect_said(test::read_runs_text("cases: [\n"), {"runs.yaml:"});
  const std::string twice = test::runs_text() + test::runs_text().substr(test::runs_text().find("- id"));
  expect_said(test::read_runs_text(twice), {"'paper-one' is there twice"});
}

}  // namespace
}  // namespace ithaca
