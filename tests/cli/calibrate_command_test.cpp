#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "tests/cli/widths.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

std::string write(const std::string& name, const std::string& text) {
  const std::string path = test::temporary_path(name);
  std::ofstream(path) << text;
  return path;
}

/// All-gathers of 8 GPUs, twice as slow as the closed form for a DGX H100: 14/8 of the bytes at 362 GB/s and twice
/// 32.2 us.
std::string table() {
  std::string text = "schema: measurements/1\ncluster: dgx-h100\nsamples:\n";
  for (double bytes = 64e6; bytes < 5e9; bytes *= 2) {
    text += "  - {op: all_gather, ranks: 8, ranks_per_node: 8, bytes: " + std::to_string(static_cast<long>(bytes)) +
            ", time_s: " + std::to_string(2 * (bytes * 7 / 8 / 362e9 + 32.2e-6)) + "}\n";
  }
  return write("table.yaml", text);
}

TEST(CalibrateCommand, ItsProfileServesTheOtherCommands) {
  const std::string measured = table();
  const Outcome made = run({"calibrate", measured, "-o", "p.yaml"}, {});
  ASSERT_EQ(made.exit, ExitCode::done) << made.talk;
  EXPECT_NE(made.talk.find("held out"), std::string::npos);
  EXPECT_NE(made.talk.find("all_to_all in one server: no row of it"), std::string::npos);
  const std::string profile = write("profile.yaml", made.result);
  EXPECT_EQ(run({"validate", "collectives", measured}, {}).exit, ExitCode::tolerance);  // half of the time
  const Outcome after = run({"validate", "collectives", measured, "--profile", profile, "--json"}, {});
  ASSERT_EQ(after.exit, ExitCode::done) << after.talk;
  const auto json = nlohmann::json::parse(after.result);
  EXPECT_LT(json["summary"][0]["max_absolute_error"].get<double>(), 0.01);
  EXPECT_EQ(json["rows"][0]["mark"], "calibrated");
  EXPECT_EQ(json["rows"][0]["ranks_per_node"], 8);
  const Outcome simulated = run({"simulate", "collective", "all_gather", "--cluster", "dgx-h100", "--gpus", "8",
                                 "--sizes", "[1024MB]", "--profile", profile, "--json"},
                                {});
  ASSERT_EQ(simulated.exit, ExitCode::done) << simulated.talk;
  EXPECT_NEAR(nlohmann::json::parse(simulated.result)["rows"][0]["time_s"].get<double>(),
              2 * (0.896e9 / 362e9 + 32.2e-6), 1e-6);
  const Outcome compared = run({"compare", "--model", "llama3-8b", "--cluster", "dgx-h100", "--gpus", "8", "--seq",
                                "64Ki", "--profile", profile, "--strategies", "ulysses"},
                               {});
  EXPECT_EQ(compared.exit, ExitCode::done) << compared.talk;
  EXPECT_EQ(run({"validate", "collectives", measured, "--cluster", "dgx-a100", "--profile", profile}, {}).exit,
            ExitCode::usage);
}

TEST(CalibrateCommand, SameInputSameBytes) {
  const std::string measured = table();
  EXPECT_EQ(run({"calibrate", measured}, {}).result, run({"calibrate", measured}, {}).result);
}

TEST(CalibrateCommand, LongListsAreCutAndFitTheTerminal) {
  std::string text = "schema: measurements/1\ncluster: dgx-h100\nsamples:\n";
  for (int i = 0; i < 30; ++i)  // each is slower than the next larger: 29 rows speak against themselves
    text += "  - {op: reduce_scatter, ranks: 8, ranks_per_node: 8, bytes: " + std::to_string(1024 * (i + 1)) +
            ", time_s: " + std::to_string(2 * std::pow(0.8, i)) + "}\n";
  const Outcome made = run({"calibrate", write("falls.yaml", text), "-o", "p.yaml"}, {});
  EXPECT_NE(made.talk.find("and 19 more: the profile names them all"), std::string::npos) << made.talk;
  test::expect_no_wider(made.talk, 80);
}

TEST(CalibrateCommand, RefusesWhatTellsNothing) {
  EXPECT_EQ(run({"calibrate"}, {}).exit, ExitCode::usage);
  EXPECT_EQ(run({"calibrate", "nowhere.log"}, {}).exit, ExitCode::usage);
  const std::string one = write("one.yaml",
                                "schema: measurements/1\ngpu: h100-sxm\nsamples:\n"
                                "  - {op: gemm, m: 4096, n: 4096, k: 4096, batch: 1, dtype: bf16, time_s: 2e-4}\n");
  const Outcome refused = run({"calibrate", one}, {});
  EXPECT_EQ(refused.exit, ExitCode::usage);
  EXPECT_NE(refused.talk.find("it takes 16"), std::string::npos);
  const std::string nobody = write("nobody.yaml",
                                   "schema: measurements/1\nsource: x\nsamples:\n"
                                   "  - {op: all_gather, ranks: 8, bytes: 1024, time_s: 1e-5}\n");
  EXPECT_NE(run({"calibrate", nobody}, {}).talk.find("--cluster"), std::string::npos);
}

}  // namespace
}  // namespace ithaca
