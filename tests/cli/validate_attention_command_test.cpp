#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

/// A file whose measured time of one GPU's attention is `seconds`.
std::string file(double seconds) {
  const std::string path = test::temporary_path("attention.yaml");
  std::ofstream(path) << "schema: attention/1\nname: t\nsource: made up\ncluster: dgx-h100\nkernel: fa3\ncases:\n"
                         "  - {method: alone, strategy: ulysses, mask: full, pass: forward, batch: 1, seq: 65536, "
                         "heads: 8, kv_heads: 1, head_dim: 128, time_s: "
                      << seconds << "}\n";
  return path;
}

nlohmann::json json(double seconds) {
  return nlohmann::json::parse(run({"validate", "attention", file(seconds), "--json"}, {}).result);
}

TEST(ValidateAttention, ErrorsAndTolerance) {
  // What the model says, taken as measured and 10 % below it.
  const double predicted = json(1)["rows"][0]["predicted_s"];
  const auto exact = json(predicted), slow = json(predicted / 1.1);
  EXPECT_NEAR(exact["rows"][0]["error"].get<double>(), 0, 1e-5);
  EXPECT_NEAR(slow["summary"][0]["mean_absolute_error"].get<double>(), 0.1, 1e-4);
  EXPECT_LT(slow["rows"][0]["bound_s"].get<double>(), predicted);
  EXPECT_EQ(run({"validate", "attention", file(predicted / 1.1)}, {}).exit, ExitCode::done);
  EXPECT_EQ(run({"validate", "attention", file(predicted / 1.1), "--tolerance", "9%"}, {}).exit, ExitCode::tolerance);
}

TEST(ValidateAttention, TableCsvAndWrongInput) {
  const std::string path = file(0.03);
  EXPECT_NE(run({"validate", "attention", path}, {}).result.find("forward (held out)"), std::string::npos);
  EXPECT_NE(run({"validate", "attention", path, "--csv"}, {}).result.find("alone,1,1,1,"), std::string::npos);
  EXPECT_EQ(run({"validate", "attention"}, {}).exit, ExitCode::usage);
  EXPECT_EQ(run({"validate", "attention", path, "--json", "--csv"}, {}).exit, ExitCode::usage);
  EXPECT_EQ(run({"validate", "attention", path, "--tolerance", "much"}, {}).exit, ExitCode::usage);
}

}  // namespace
}  // namespace ithaca
