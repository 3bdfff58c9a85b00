#include "cli/step_report.hpp"

#include <nlohmann/json.hpp>

#include "tests/cli/sample_report.hpp"
#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

using test::contains;

StepReport sample() {
  StepReport r;
  r.job = test::answer(test::question(test::llama_7b(), 8, 65536));
  r.job.rows = {r.job.rows[0]};
  r.network = "fat_tree, ecmp routing";
  r.engine = {Seconds{2.2}, Seconds{1.5}, Seconds{0.7}, Seconds{1.1}};
  r.closed_form = {Seconds{2}, Seconds{1.5}, Seconds{0.5}, Seconds{1.1}};
  r.makespan = Seconds{2.2};
  r.links = {{"gpu0->nvswitch0", {0, Bytes{1024.0 * 1024 * 1024}, 0.25}}};
  r.path = {{"attention", Seconds{1.1}}, {"all-to-all qkv, recomputed", Seconds{0.55}}};
  r.path_tasks = 1234;
  r.by_seed = {Seconds{2.2}};
  r.ranks = 8;
  r.classes = 1;
  r.tasks = 706;
  return r;
}

TEST(StepReport, Table) {
  const std::string text = write_step_table(sample(), {72, false});
  test::expect_no_wider(text, 72);
  const std::string words = test::unwrapped(text);
  for (const char* part :
       {"One training step event engine closed form time, s 2.20 2.00", "ratio to the bound 2.00x 1.82x",
        "engine over closed form 1.10x", "gpu0->nvswitch0 1.00 25.0", "Critical path, 1,234 tasks time, s share, %",
        "attention 1.10 50.0 all-to-all qkv, recomputed 0.550 25.0", "network: fat_tree, ecmp routing",
        "order tp, ulysses, ring, dp, pp"}) {
    EXPECT_TRUE(contains(words, part)) << part << "\n" << text;
  }
  EXPECT_FALSE(contains(text, "seeds"));
}

TEST(StepReport, SeedsAndSteps) {
  StepReport r = sample();
  r.steps = 3;
  r.first_seed = 7;
  r.by_seed = {Seconds{2}, Seconds{4}, Seconds{3}};
  const std::string words = test::unwrapped(write_step_table(r, {80, false}));
  EXPECT_TRUE(contains(words, "One training step, of 3"));
  EXPECT_TRUE(contains(words, "3 seeds, from 7 time, s seed median 3.00 9 95th percentile 4.00 8 worst 4.00 8"))
      << words;
  EXPECT_TRUE(contains(write_step_csv(r), "\r\nseed,9,3,s\r\n"));
}

TEST(StepReport, LayerHasNoTokenRate) {
  StepReport r = sample();
  r.layer = true;
  EXPECT_FALSE(contains(write_step_table(r, {80, false}), "tokens/s"));
  EXPECT_TRUE(nlohmann::json::parse(write_step_json(r))["simulation"]["tokens_per_s"].is_null());
}

TEST(StepReport, JsonKeepsTheComparedRowBeside) {
  const auto json = nlohmann::json::parse(write_step_json(sample()));
  EXPECT_EQ(json["format_version"], "1.0");
  EXPECT_EQ(json["rows"].size(), 1U);
  const auto& s = json["simulation"];
  EXPECT_EQ(s["engine"]["time_s"], 2.2);
  EXPECT_EQ(s["closed_form"]["exposed_comm_s"], 0.5);
  EXPECT_EQ(s["tokens_per_s"], 65536 / 2.2);
  EXPECT_EQ(s["links"][0]["utilisation"], 0.25);
  EXPECT_EQ(s["critical_path"][1]["label"], "all-to-all qkv, recomputed");
  EXPECT_EQ(s["seeds"]["worst_s"], 2.2);
  EXPECT_EQ(s["order"][0], "tp");
}

TEST(StepReport, CsvIsALineAFigure) {
  const std::string text = write_step_csv(sample());
  EXPECT_EQ(text.rfind("section,name,value,unit\r\nengine,time,2.2,s\r\n", 0), 0U) << text;
  EXPECT_TRUE(contains(text, "\r\nlink,gpu0->nvswitch0,0.25,share\r\n"));
  EXPECT_TRUE(contains(text, "\r\ncritical_path,\"all-to-all qkv, recomputed\",0.55,s\r\n"));
}

}  // namespace
}  // namespace ithaca
