#include "configs/reader/run_tables.hpp"

#include "tests/support/runs.hpp"

namespace ithaca {
namespace {

/// `text` stands where the cases of a file of runs stand.
Result<TrainingRuns, Diagnostics> with_tables(const std::string& text) {
  const std::string whole = test::runs_text();
  return test::read_runs_text(whole.substr(0, whole.find("cases:")) + text);
}

constexpr const char* kTable =
    "tables:\n"
    "- prefix: t-\n"
    "  common: {source: paper, hardware: box, dtype: fp16, recompute: full, measured: {peak_memory_gib: 8},\n"
    "           model: {arch: gpt, heads: 16}}\n"
    "  columns: [seq_len, num_gpus, tp, dp, hidden, layers, iter_time_ms, virtual_pp, days_for_300B_tokens]\n"
    "  rows:\n"
    "  - [1024, 8, 2, 4, 1024, 24, 372.5, null, 2]\n"
    "  - [2048, 8, 8, 1, 2048, 12, 160, 2, 3]\n";

TEST(RunTables, RowsAreCases) {
  const auto runs = with_tables(kTable);
  ASSERT_TRUE(runs) << print(runs.error());
  EXPECT_TRUE(runs->notices.empty());
  ASSERT_EQ(runs->runs.size(), 2u);
  const TrainingRun &a = runs->runs[0], &b = runs->runs[1];
  EXPECT_EQ(a.id, "t-1");
  EXPECT_EQ(a.degrees.tp, 2);
  EXPECT_EQ(a.model.hidden, 1024);
  EXPECT_EQ(a.model.heads, 16);
  EXPECT_EQ(a.virtual_pp, std::nullopt);
  EXPECT_DOUBLE_EQ(a.measured.step->value(), 0.3725);
  EXPECT_EQ(a.measured.whole, Seconds{172800});
  EXPECT_EQ(a.measured.device, Bytes{8 * 1073741824.0});
  EXPECT_EQ(b.id, "t-2");
  EXPECT_EQ(b.virtual_pp, 2);
  EXPECT_EQ(b.recompute, "full");
}

TEST(RunTables, MistakesHaveThePlaceOfTheCell) {
  const auto place = [](const std::string& from, const std::string& to) {
    std::string text = kTable;
    text.replace(text.find(from), from.size(), to);
    const auto runs = with_tables(text);
    return runs ? "" : print(runs.error());
  };
  EXPECT_NE(place("372.5", "-1").find("runs.yaml:13:31"), std::string::npos) << place("372.5", "-1");
  EXPECT_NE(place("160, 2, 3]", "160, 2]").find("this row has 8 cells, the table 9 columns"), std::string::npos);
  EXPECT_NE(place("prefix", "prefer").find("unknown key 'prefer'"), std::string::npos);
}

TEST(RunTables, CsvOfVTrain) {
  const std::string text =
      "# GPUs,global batch,micro batch,hidden size,attention heads,# layers,sequence length,tensor parallelism,"
      "data parallelism,pipeline parallelism,iteration time (ms)\n"
      "2,16,8,1024,16,24,1024,1,1,2,372.160408\r\n"
      "\n"
      "8,32,4,1024,16,24,1024,2,2,2,219.732754\n";
  const auto document = csv_runs("single.csv", text, "");
  ASSERT_TRUE(document);
  const auto runs = read_runs(*document);
  ASSERT_TRUE(runs) << print(runs.error());
  ASSERT_EQ(runs->runs.size(), 2u);
  const TrainingRun& run = runs->runs[1];
  EXPECT_EQ(run.id, "vtrain-2");
  EXPECT_EQ(run.hardware.gpu, "A100");
  EXPECT_EQ(run.gpus, 8);
  EXPECT_EQ(run.micro_batch, 4);
  EXPECT_EQ(run.model.layers, 24);
  EXPECT_EQ(run.degrees.pp, 2);
  EXPECT_DOUBLE_EQ(run.measured.step->value(), 0.219732754);
  const auto named = csv_runs("single.csv", text, "dgx-h100");
  EXPECT_EQ(read_runs(*named)->runs[0].hardware.cluster, "dgx-h100");
}

TEST(RunTables, CsvMistakesNameLineAndColumn) {
  const auto document = csv_runs("bad.csv", "GPUs,sequence length,iteration time (ms)\n8,much,3\n", "");
  ASSERT_TRUE(document);
  const auto runs = read_runs(*document);
  ASSERT_FALSE(runs);
  EXPECT_NE(print(runs.error()).find("bad.csv:2:3"), std::string::npos) << print(runs.error());
}

TEST(RunTables, WhatRowsShareIsNotCopiedWithoutEnd) {
  std::string rows;
  for (int i = 0; i < 70000; ++i) rows += "[],";  // 16 values each at least: 1.12 million
  const auto runs = with_tables("tables: [{columns: [], rows: [" + rows + "]}]\n");
  ASSERT_FALSE(runs);
  EXPECT_NE(print(runs.error()).find("more than a million values"), std::string::npos);
}

}  // namespace
}  // namespace ithaca
