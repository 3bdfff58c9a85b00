#include "cli/run_writers.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace ithaca {
namespace {

constexpr double kGiB = 1073741824.0;

RunReport report() {
  RunReport r{{"ithaca", "validate", "runs", "x.yaml"}, {}, {"key 'a' was passed over"}, 0.1};
  RunRow good, bad, full;
  good.id = "paper-a_long_name_that_goes_on_for_more_than_the_column-one";
  good.measured = {2.0, 4 * kGiB, {}};
  good.predicted = {1.0, 5 * kGiB, 6 * kGiB};
  good.error = {-0.5, 0.25, {}};
  good.assumed = {"bf16"};
  good.shape = {"ulysses", 64, 1048576, 2};
  good.measured_rate = 1e14;
  good.predicted_rate = 2e14;
  bad.id = "paper-b";
  bad.measured = {3.0, {}, {}};
  bad.assumed = {"bf16", "no dropout"};
  bad.refused = RunRefusal{"run.dtype", "there is no model of dtype 'x'", "write bf16"};
  full.id = "paper-c";
  full.assumed = {"bf16"};
  full.out_of_memory = true;
  full.parts.peak = 90 * kGiB;
  full.parts.capacity = 79 * kGiB;
  for (RunRow* row : {&good, &bad, &full}) row->source = "paper", row->split = "fit";
  r.errors.rows = {good, bad, full};
  r.errors.summary = {{"paper", "fit", 3, 1, {1, 0.5, -0.5, 0.5}, {1, 0.25, 0.25, 0.25}}};
  return r;
}

TEST(RunWriters, TableOfEightyColumns) {
  const std::string table = write_run_table(report(), {});
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
  for (const char* part : {"ids begin with paper-", "-50.0", "+25.0", "refused: run.dtype", "- bf16\n",
                           "- no dropout (1 of 3 rows)", "out of memory; predicted 90.0 of 79.0 GiB", "paper (fit)",
                           "beyond", "notice: key 'a'", "there is no model of dtype 'x'; write bf16"})
    EXPECT_NE(table.find(part), std::string::npos) << part << " is not in\n" << table;
}

TEST(RunWriters, JsonAsTheFormatHasIt) {
  const auto json = nlohmann::json::parse(write_run_json(report()));
  const auto& good = json["rows"][0];
  EXPECT_EQ(good["measured"]["step_s"], 2.0);
  EXPECT_EQ(good["measured"]["reserved_bytes"], nullptr);
  EXPECT_EQ(good["predicted"]["memory_bytes"], 5 * kGiB);
  EXPECT_EQ(good["step_error"], -0.5);
  EXPECT_EQ(good["run"],
            nlohmann::json({{"strategy", "ulysses"}, {"gpus", 64}, {"seq_len", 1048576}, {"global_batch", 2}}));
  EXPECT_EQ(good["measured"]["flops_per_gpu"], 1e14);
  EXPECT_EQ(good["predicted"]["flops_per_gpu"], 2e14);
  EXPECT_EQ(json["rows"][1]["run"], nullptr);
  EXPECT_EQ(good["memory_error"], 0.25);
  EXPECT_EQ(good["assumed"][0], "bf16");
  EXPECT_EQ(good["refused"], nullptr);
  EXPECT_EQ(json["rows"][2]["measured"]["out_of_memory"], true);
  EXPECT_EQ(json["rows"][2]["predicted"]["peak_bytes"], 90 * kGiB);
  const auto& bad = json["rows"][1];
  EXPECT_EQ(bad["predicted"], nullptr);
  EXPECT_EQ(bad["step_error"], nullptr);
  EXPECT_EQ(bad["refused"]["rule"], "run.dtype");
  EXPECT_EQ(json["summary"][0]["step"]["mean_absolute_error"], 0.5);
  EXPECT_EQ(json["summary"][0]["beyond_tolerance"], true);
}

TEST(RunWriters, Csv) {
  const std::string csv = write_run_csv(report());
  EXPECT_NE(csv.find("paper-b,paper,fit,3,,,,,,run.dtype\n"), std::string::npos) << csv;
}

TEST(RunWriters, ToleranceIsOfTheMeans) {
  RunSummary s{"paper", "", 1, 0, {2, 0.1, 0, 0.2}, {}};
  EXPECT_FALSE(beyond(s, 0.1));
  s.memory = {1, 0.11, 0.11, 0.11};
  EXPECT_TRUE(beyond(s, 0.1));
}

}  // namespace
}  // namespace ithaca
