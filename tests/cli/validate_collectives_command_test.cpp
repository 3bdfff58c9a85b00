#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

/// All-gather of 8 GB among 8 GPUs of a DGX H100: 7 GB at 362 GB/s and 32.2 us of latency, 19.369 ms.
std::string table(double seconds) {
  const std::string path = test::temporary_path("measured.yaml");
  std::ofstream(path) << "schema: measurements/1\nsource: made up\nsamples:\n"
                         "  - {op: all_gather, ranks: 8, ranks_per_node: 8, bytes: 8000000000, time_s: "
                      << seconds << "}\n";
  return path;
}

Outcome validate(double seconds, std::vector<std::string> flags = {}) {
  std::vector<std::string> words{"validate", "collectives", table(seconds), "--cluster", "dgx-h100"};
  words.insert(words.end(), flags.begin(), flags.end());
  return run(words, {});
}

constexpr double kPredicted = 7e9 / 362e9 + 32.2e-6;

TEST(ValidateCollectives, EndsWithFourBeyondTheTolerance) {
  EXPECT_EQ(validate(kPredicted).exit, ExitCode::done);
  EXPECT_EQ(validate(kPredicted / 1.14).exit, ExitCode::done);
  EXPECT_EQ(validate(kPredicted / 1.16).exit, ExitCode::tolerance);
  EXPECT_EQ(validate(kPredicted / 1.16, {"--tolerance", "20%"}).exit, ExitCode::done);
}

TEST(ValidateCollectives, SaysTheErrorInEveryForm) {
  const auto contains = [](const Outcome& o, const char* text) { return o.result.find(text) != std::string::npos; };
  EXPECT_TRUE(contains(validate(kPredicted / 1.1), "+10.0 %"));
  EXPECT_TRUE(contains(validate(kPredicted / 1.1), "@ both"));
  EXPECT_TRUE(contains(validate(kPredicted / 1.1, {"--csv"}), ",0.10000,extrapolated,ring,Simple"));
  const auto json = nlohmann::json::parse(validate(kPredicted / 1.1, {"--json"}).result);
  EXPECT_NEAR(json["classes"][0]["mean_absolute_error"].get<double>(), 0.1, 1e-5);
}

TEST(ValidateCollectives, WrongInputIsSaid) {
  EXPECT_EQ(run({"validate", "collectives", "--cluster", "dgx-h100"}, {}).exit, ExitCode::usage);
  EXPECT_EQ(validate(kPredicted, {"--json", "--csv"}).exit, ExitCode::usage);
  EXPECT_EQ(validate(kPredicted, {"--tolerance", "much"}).exit, ExitCode::usage);
}

}  // namespace
}  // namespace ithaca
