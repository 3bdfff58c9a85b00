#include "cli/engine_rows.hpp"

#include "cli/remarks.hpp"
#include "sim/step_program.hpp"
#include "tests/cli/sample_report.hpp"
#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

using test::contains;

LoadedCluster round_machine() {
  LoadedCluster loaded;
  loaded.cluster = test::round_cluster();
  return loaded;
}

Report small_report() { return test::answer(test::question(test::llama_7b(), 8, 65536)); }

TEST(EngineRows, TakesTheEnginesTime) {
  Report report = small_report();
  const Report before = report;
  ASSERT_TRUE(run_rows(report, round_machine()).empty());
  EXPECT_EQ(report.engine, "ideal, deterministic routing");
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    const Row &row = report.rows[i], &closed = before.rows[i];
    ASSERT_TRUE(row.estimate);
    EXPECT_TRUE(row.by_event_engine);
    EXPECT_EQ(row.layout, closed.layout);
    EXPECT_EQ(row.closed_form_time, closed.estimate->step.time);
    // Parts add up again, and rates follow the new time.
    const StepTime& s = row.estimate->step;
    EXPECT_DOUBLE_EQ((s.compute + s.exposed_comm + s.bubble + s.optimizer).value(), s.time.value());
    EXPECT_DOUBLE_EQ(row.tokens_per_s.value(), 65536 / s.time.value());
    EXPECT_GE(s.time, s.bound);
  }
}

TEST(EngineRows, KeepsWhatItCannotRun) {
  Report report = test::report_with_refusals();
  ASSERT_TRUE(run_rows(report, round_machine()).empty());
  for (const Row& row : report.rows) EXPECT_EQ(row.by_event_engine, row.estimate.has_value());
}

TEST(EngineRows, NeedsANetwork) {
  LoadedCluster loaded = round_machine();
  loaded.fabric.kind = FabricKind::torus;
  loaded.fabric.dimensions.push_back(3);
  loaded.fabric.dimensions.push_back(5);  // 15 GPUs
  Report report = small_report();
  const Diagnostics problems = run_rows(report, loaded);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_TRUE(report.engine.empty());
}

TEST(EngineRows, RemarkFromFivePercentOn) {
  Report report = small_report();
  Row& row = report.rows[0];
  row.by_event_engine = true;
  const auto remarked = [&](double times) {
    row.estimate->step.time = row.closed_form_time * times;
    std::string all;
    for (const std::string& text : remarks(report)) all += text + "\n";
    return all;
  };
  EXPECT_FALSE(contains(remarked(1.04), "event engine"));
  EXPECT_TRUE(contains(remarked(1.1), "by the closed form (+10.0 %)")) << remarked(1.1);
  EXPECT_TRUE(contains(remarked(0.9), "by the closed form (-10.0 %)")) << remarked(0.9);
}

}  // namespace
}  // namespace ithaca
