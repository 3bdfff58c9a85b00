#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "configs/reader/load_hardware.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

/// 1 GB streamed by an H100 SXM: a launch as of its GEMMs, and the layers' streaming share of 3.35 TB/s.
const Gpu kGpu = load_gpu("h100-sxm")->gpu;
const double kPredicted = kGpu.gemm.launch.value() + 1e9 / (kGpu.streaming_efficiency * 3.35e12);

std::string table(double seconds) {
  const std::string path = test::temporary_path("kernels.yaml");
  std::ofstream(path) << "schema: measurements/1\ncluster: dgx-h100\nsamples:\n  - {op: norm, bytes: 1000000000, "
                         "time_s: "
                      << seconds << "}\n  - {op: permute, bytes: 1000000000, time_s: " << seconds << "}\n";
  return path;
}

Outcome validate(double seconds, std::vector<std::string> flags = {}) {
  std::vector<std::string> words{"validate", "kernels", table(seconds)};
  words.insert(words.end(), flags.begin(), flags.end());
  return run(words, {});
}

TEST(ValidateKernels, EndsWithFourBeyondTheTolerance) {
  EXPECT_EQ(validate(kPredicted / 1.14).exit, ExitCode::done) << validate(kPredicted).talk;
  EXPECT_EQ(validate(kPredicted / 1.16).exit, ExitCode::tolerance);
  EXPECT_EQ(validate(kPredicted / 1.16, {"--tolerance", "20%"}).exit, ExitCode::done);
}

TEST(ValidateKernels, SaysTheErrorInEveryForm) {
  EXPECT_NE(validate(kPredicted / 1.1, {"--gpu", "h100-sxm"}).result.find("+10.0 %"), std::string::npos);
  EXPECT_NE(validate(kPredicted / 1.1, {"--csv"}).result.find(",0.1000"), std::string::npos);
  const auto json = nlohmann::json::parse(validate(kPredicted / 1.1, {"--json"}).result);
  const auto& row = json["rows"][0];
  EXPECT_EQ(row["op"], "norm");
  EXPECT_EQ(row["bytes"], 1e9);
  EXPECT_NEAR(row["predicted_s"].get<double>(), kPredicted, 1e-9);
  EXPECT_NEAR(row["bound_s"].get<double>(), 1e9 / 3.35e12, 1e-9);
  EXPECT_NEAR(row["error"].get<double>(), 0.1, 1e-5);
  EXPECT_EQ(json["summary"][0]["count"], 2);
  EXPECT_NEAR(json["summary"][0]["mean_absolute_error"].get<double>(), 0.1, 1e-5);
}

TEST(ValidateKernels, WrongInputIsSaid) {
  EXPECT_EQ(run({"validate", "kernels"}, {}).exit, ExitCode::usage);
  EXPECT_EQ(validate(kPredicted, {"--json", "--csv"}).exit, ExitCode::usage);
  EXPECT_EQ(validate(kPredicted, {"--gpu", "h1000"}).exit, ExitCode::usage);
}

}  // namespace
}  // namespace ithaca
