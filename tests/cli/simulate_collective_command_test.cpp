#include "cli/simulate_collective_command.hpp"

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "configs/reader/catalogue.hpp"
#include "tests/cli/widths.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

using test::contains;

Outcome collective(std::vector<std::string> words) {
  words.insert(words.begin(), {"simulate", "collective"});
  return run(words, Environment{});
}

nlohmann::json rows(std::vector<std::string> words) {
  words.emplace_back("--json");
  const Outcome outcome = collective(words);
  EXPECT_EQ(outcome.exit, ExitCode::done) << outcome.talk;
  return outcome.exit == ExitCode::done ? nlohmann::json::parse(outcome.result)["rows"] : nlohmann::json::array();
}

// Every op and size inside a server, and with one GPU a server, is the closed form's.
TEST(SimulateCollective, IsTheClosedFormsWhereLinksAreUniform) {
  for (const char* op : {"all_gather", "reduce_scatter", "all_reduce", "all_to_all", "send_recv"}) {
    for (const auto& [gpus, group] : {std::pair{"8", "8"}, {"32", "4:8"}}) {
      for (const char* cluster : {"dgx-h100", "dgx-a100"}) {
        for (const auto& row :
             rows({op, "--cluster", cluster, "--gpus", gpus, "--group", group, "--fabric", "ideal"})) {
          const double closed = row["closed_form_s"];
          EXPECT_NEAR(row["time_s"].get<double>(), closed, 1e-9 * closed) << op << " on " << cluster << row;
        }
      }
    }
  }
}

// Whatever the catalogue holds: a time, never under the bound.
TEST(SimulateCollective, OnEveryCluster) {
  for (const std::string& cluster : catalogue_names(Kind::cluster)) {
    for (const char* op : {"all_reduce", "all_to_all"}) {
      for (const auto& row : rows({op, "--cluster", cluster, "--gpus", "8", "--sizes", "[4KiB,64MiB]"})) {
        EXPECT_GT(row["time_s"].get<double>(), 0) << cluster;
        EXPECT_GE(row["ratio_to_bound"].get<double>(), 1) << op << " on " << cluster << row;
      }
    }
  }
}

TEST(SimulateCollective, EcmpVariesWithTheSeed) {
  const auto row =
      rows({"all_to_all", "--cluster", "dgx-h100", "--gpus", "64", "--fabric", "{kind: fat_tree, leaf_hosts: 2}",
            "--routing", "ecmp", "--seeds", "5", "--sizes", "64MiB"})[0];
  ASSERT_EQ(row["seeds"]["time_s"].size(), 5u);
  EXPECT_GT(row["seeds"]["worst_s"].get<double>(), row["bound_s"].get<double>());
  EXPECT_GE(row["seeds"]["worst_s"].get<double>(), row["time_s"].get<double>());
}

TEST(SimulateCollective, ADegradedNicShows) {
  const std::vector<std::string> words{"all_gather", "--cluster", "dgx-h100", "--gpus", "16",
                                       "--fabric",   "ideal",     "--sizes",  "1GiB"};
  auto slow = words;
  slow.insert(slow.end(), {"--degrade", "nic3=50%"});
  EXPECT_GT(rows(slow)[0]["time_s"].get<double>(), 1.5 * rows(words)[0]["time_s"].get<double>());
  EXPECT_TRUE(contains(rows(slow)[0]["busiest_link"]["name"].get<std::string>(), "nic3"));
}

TEST(SimulateCollective, TableAndNotices) {
  const Outcome outcome = collective(
      {"all_reduce", "--cluster", "dgx-h100", "--gpus", "8", "--sizes", "[1KiB,1GiB]", "--straggler", "gpu0=2x"});
  EXPECT_EQ(outcome.exit, ExitCode::done) << outcome.talk;
  EXPECT_TRUE(contains(outcome.result, "  1.00 KiB  ring LL ")) << outcome.result;
  EXPECT_TRUE(contains(outcome.result, "  1.00 GiB  nvls Simple ")) << outcome.result;
  EXPECT_TRUE(contains(outcome.talk, "note: a collective alone computes nothing")) << outcome.talk;
  test::expect_no_wider(outcome.result, 80);
}

TEST(SimulateCollective, TracesTheLastSize) {
  const std::string path = test::temporary_path("collective.json");
  const Outcome outcome = collective(
      {"all_gather", "--cluster", "dgx-h100", "--gpus", "8", "--sizes", "[1KiB,1MiB]", "--steps", "--trace", path});
  EXPECT_EQ(outcome.exit, ExitCode::done) << outcome.talk;
  std::ifstream file(path);
  const auto trace = nlohmann::json::parse(file, nullptr, false);
  std::remove(path.c_str());
  ASSERT_FALSE(trace.is_discarded());
  int slices = 0;
  for (const auto& event : trace["traceEvents"]) slices += event["ph"] == "X";
  EXPECT_EQ(slices, 8 * 7);  // seven rounds on each of eight ranks
}

TEST(SimulateCollective, WhatItRefuses) {
  const auto refusal = [](std::vector<std::string> words) {
    words.insert(words.end(), {"--cluster", "dgx-h100", "--gpus", "16"});
    const Outcome outcome = collective(words);
    EXPECT_EQ(outcome.exit, ExitCode::usage);
    EXPECT_EQ(outcome.result, "");
    return outcome.talk;
  };
  EXPECT_TRUE(contains(refusal({"all_gather", "--group", "32"}),
                       "error: simulate collective all_gather: groups of 32 ranks, 1 apart, need 32 GPUs"));
  EXPECT_TRUE(contains(refusal({"all_gather", "--algorithm", "tree"}),
                       "all_gather has no algorithm 'tree'; it has ring, recursive, nvls"));
  EXPECT_TRUE(contains(refusal({"all_gather", "--fail", "nic99"}), "--fail nic99"));
  EXPECT_TRUE(contains(collective({}).talk, "--cluster and --gpus: missing"));
}

}  // namespace
}  // namespace ithaca
