#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "tests/support/runs.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

Outcome validate(const std::string& text, std::vector<std::string> flags = {}) {
  const std::string path = test::temporary_path("runs.yaml");
  std::ofstream(path) << text;
  std::vector<std::string> words{"validate", "runs", path};
  words.insert(words.end(), flags.begin(), flags.end());
  return run(words, {});
}

nlohmann::json rows(const std::string& text) {
  return nlohmann::json::parse(validate(text, {"--json"}).result)["rows"];
}

/// The text whose measured time is the predicted one over `ratio`.
std::string off_by(double ratio) {
  const double predicted = rows(test::runs_text())[0]["predicted"]["step_s"].get<double>();
  return test::runs_text("", "iter_time_s: " + std::to_string(predicted / ratio));
}

TEST(ValidateRuns, EndsWithFourBeyondTheTolerance) {
  EXPECT_EQ(validate(off_by(1.09)).exit, ExitCode::done);
  EXPECT_EQ(validate(off_by(0.89)).exit, ExitCode::tolerance);
  EXPECT_EQ(validate(off_by(0.89), {"--tolerance", "12%"}).exit, ExitCode::done);
  EXPECT_NEAR(rows(off_by(0.89))[0]["step_error"].get<double>(), -0.11, 1e-4);
}

TEST(ValidateRuns, EndsWithThreeWhereAllIsRefused) {
  EXPECT_EQ(validate(test::runs_text("  recompute: some\n")).exit, ExitCode::infeasible);
}

TEST(ValidateRuns, OneSourceAlone) {
  EXPECT_EQ(validate(off_by(1), {"--source", "paper"}).exit, ExitCode::done);
  const Outcome wrong = validate(off_by(1), {"--source", "papr"});
  EXPECT_EQ(wrong.exit, ExitCode::usage);
  EXPECT_NE(wrong.talk.find("did you mean 'paper'?"), std::string::npos) << wrong.talk;
}

TEST(ValidateRuns, WrongInputIsSaid) {
  EXPECT_EQ(run({"validate", "runs"}, {}).exit, ExitCode::usage);
  EXPECT_EQ(validate(off_by(1), {"--json", "--csv"}).exit, ExitCode::usage);
  EXPECT_EQ(validate(off_by(1), {"--tolerance", "much"}).exit, ExitCode::usage);
  const Outcome broken = validate("schema_version: 1\ncases: {}\n");
  EXPECT_EQ(broken.exit, ExitCode::usage);
  EXPECT_NE(broken.talk.find("runs.yaml:2:"), std::string::npos) << broken.talk;
}

}  // namespace
}  // namespace ithaca
