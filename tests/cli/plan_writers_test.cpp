#include "cli/plan_writers.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/json_writer.hpp"
#include "tests/cli/sample_plan.hpp"
#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

using test::contains;

TEST(PlanTable, EightyColumns) {
  PlanQuestion q = test::plan_question(8, 131072);
  const std::string one = write_table(test::planned(q), Style{});
  test::expect_no_wider(one, 80);
  EXPECT_TRUE(contains(one, "\nVerdict\n"));
  EXPECT_TRUE(contains(one, "\nHow to ask for it\n"));
  q.gpus = {8, 16};
  q.goal = Goal::cheapest;
  const std::string two = write_table(test::planned(q), Style{});
  test::expect_no_wider(two, 80);
  EXPECT_TRUE(contains(two, "8 round: ")) << two;
  EXPECT_TRUE(contains(two, "goal: the fewest dollars a token"));
  q.goal = Goal::longest;
  test::expect_no_wider(write_table(test::planned(q), Style{}), 80);
}

TEST(PlanTable, NothingFeasible) {
  const std::string text = write_table(test::planned(test::plan_question(1, 8192)), Style{});
  EXPECT_TRUE(contains(text, "Nothing fits"));
  EXPECT_FALSE(contains(text, "How to ask for it"));
}

TEST(PlanCsv, ALineARow) {
  const PlanReport report = test::planned(test::plan_question(8, 131072));
  const std::string text = write_csv(report);
  EXPECT_EQ(text.rfind("rank,cluster,recompute,offload,why,strategy,layout.ulysses,", 0), 0u);
  EXPECT_EQ(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')), report.rows.size() + 1);
}

TEST(PlanJson, RowsOfCompareWithSettingsAndReasons) {
  const PlanReport report = test::planned(test::plan_question(8, 131072));
  const auto json = nlohmann::json::parse(write_json(report));
  EXPECT_EQ(json["question"]["goal"], "fastest");
  ASSERT_EQ(json["rows"].size(), report.rows.size());
  ASSERT_GT(report.rows.size(), 1u);
  const auto& best = json["rows"][0];
  EXPECT_EQ(best["best_of"], "all");
  EXPECT_EQ(best["cluster"], "round");
  EXPECT_TRUE(best["why"].is_null());
  EXPECT_TRUE(json["rows"][1]["why"].is_string());
  EXPECT_EQ(best["step"]["time_s"].get<double>(), report.rows[0].planned.score.first);
  EXPECT_EQ(best["layout"]["ulysses"], report.rows[0].planned.layout.ulysses);
  EXPECT_TRUE(best["settings"].contains("recompute"));
  ASSERT_EQ(json["launch"].size(), 3u);
  EXPECT_EQ(json["launch"][0]["framework"], "Megatron-LM");
}

}  // namespace
}  // namespace ithaca
