#include "cli/simulate_step_command.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/commands.hpp"
#include "tests/cli/widths.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

using test::contains;
using Words = std::vector<std::string>;

Outcome simulate(const char* what, const Words& more) {
  Words words{"simulate", what, "--model", "llama-7b", "--cluster", "dgx-h100", "--gpus", "8", "--seq", "64Ki"};
  words.insert(words.end(), more.begin(), more.end());
  return run(words, Environment{});
}

nlohmann::json json_of(const char* what, Words more) {
  more.emplace_back("--json");
  const Outcome outcome = simulate(what, more);
  EXPECT_EQ(outcome.exit, ExitCode::done) << outcome.talk;
  return nlohmann::json::parse(outcome.result)["simulation"];
}

double time_of(const char* what, const Words& more) { return json_of(what, more)["engine"]["time_s"]; }

TEST(SimulateStep, AnswersInThreeFormats) {
  const Outcome table = simulate("step", {});
  EXPECT_EQ(table.exit, ExitCode::done) << table.talk;
  test::expect_no_wider(table.result, 80);
  EXPECT_TRUE(contains(table.result, "One training step"));
  EXPECT_EQ(simulate("step", {"--csv"}).result.rfind("section,name,value,unit\r\n", 0), 0U);
  EXPECT_EQ(json_of("step", {})["what"], "step");
}

TEST(SimulateStep, StrategyIsTheOneAskedFor) {
  const auto json = json_of("step", {"--strategy", "megatron_sp"});
  // One replica, so nothing is sharded, and one node: the closed form to the last digits.
  EXPECT_NEAR(json["engine"]["time_s"].get<double>() / json["closed_form"]["time_s"].get<double>(), 1, 1e-9);
  EXPECT_GE(json["engine"]["ratio_to_bound"], 1.0);
}

TEST(SimulateStep, StepsAreReportedOneByOne) {
  const double one = time_of("step", {"--strategy", "ulysses"});
  EXPECT_NEAR(time_of("step", {"--strategy", "ulysses", "--steps", "3"}) / one, 1, 1e-9);
}

TEST(SimulateStep, AStragglerSlowsEverybody) {
  // Every kernel of one GPU takes half as long again, and the others wait for it at the next exchange.
  const auto healthy = json_of("step", {"--strategy", "megatron_sp"});
  const auto slow = json_of("step", {"--strategy", "megatron_sp", "--straggler", "gpu3=1.5x"});
  const double compute = healthy["engine"]["compute_s"];
  EXPECT_NEAR(slow["engine"]["compute_s"].get<double>() / compute, 1.5, 1e-9);
  EXPECT_GT(slow["engine"]["time_s"], healthy["engine"]["time_s"].get<double>() + 0.45 * compute);
  EXPECT_EQ(healthy["healthy"], true);
  EXPECT_EQ(slow["healthy"], false);
}

// A batch of one split over 4 keeps 4 of 8 GPUs busy: the slow ones among them count, and no others.
TEST(SimulateStep, OnlyBusyGpusStraggle) {
  const Words four{"--strategy", "ulysses", "--ulysses", "4", "--straggler", "gpu3=1.5x"};
  EXPECT_GT(time_of("step", four), 1.2 * time_of("step", {"--strategy", "ulysses", "--ulysses", "4"}));
  const Outcome idle = simulate("step", {"--strategy", "ulysses", "--ulysses", "4", "--straggler", "gpu4=2x"});
  EXPECT_EQ(idle.exit, ExitCode::usage);
  EXPECT_TRUE(contains(idle.talk, "gpu4 is idle in this layout")) << idle.talk;
}

TEST(SimulateStep, JitterHasASpreadOverSeeds) {
  const auto json = json_of("layer", {"--strategy", "ulysses", "--jitter", "5%", "--seeds", "5"});
  EXPECT_EQ(json["seeds"]["time_s"].size(), 5U);
  EXPECT_LT(json["seeds"]["median_s"], json["seeds"]["worst_s"]);
}

TEST(SimulateLayer, IsPartOfAStep) {
  const auto layer = json_of("layer", {"--strategy", "ulysses"});
  EXPECT_NEAR(layer["engine"]["time_s"].get<double>() / layer["closed_form"]["time_s"].get<double>(), 1, 1e-9);
  // 32 layers and what stands around them.
  EXPECT_GT(time_of("step", {"--strategy", "ulysses"}), 32 * layer["engine"]["time_s"].get<double>());
}

TEST(SimulateStep, OrderPlacesGroups) {
  // Ulysses over 8 of 16 GPUs and two replicas: inside a node the all-to-alls stay on NVLink, with dp innermost they
  // cross nodes.
  const Words job{"--gpus", "16", "--global-batch", "2", "--strategy", "ulysses", "--ulysses", "8", "--dp", "2"};
  const auto with = [&](const Words& more) {
    Words words{"simulate", "layer", "--model", "llama-7b", "--cluster", "dgx-h100", "--seq", "64Ki", "--json"};
    words.insert(words.end(), job.begin(), job.end());
    words.insert(words.end(), more.begin(), more.end());
    return nlohmann::json::parse(run(words, Environment{}).result)["simulation"];
  };
  const auto inner = with({}), outer = with({"--order", "dp,ulysses"});
  EXPECT_GT(outer["engine"]["time_s"], inner["engine"]["time_s"]);
  EXPECT_EQ(outer["order"], (Words{"dp", "ulysses", "tp", "ring", "pp"}));
}

TEST(SimulateStep, PipelinesHaveTheirBubble) {
  const Words job{"simulate", "step", "--model", "llama-7b", "--cluster",      "dgx-h100",
                  "--gpus",   "16",   "--seq",   "32Ki",     "--strategy",     "megatron_sp",
                  "--tp",     "4",    "--pp",    "4",        "--global-batch", "8"};
  const Outcome table = run(job, Environment{});
  EXPECT_EQ(table.exit, ExitCode::done) << table.talk;
  EXPECT_TRUE(contains(table.result, "exposed communication and bubble")) << table.result;
  EXPECT_TRUE(contains(table.result, "hidden states to the next stage")) << table.result;
  EXPECT_TRUE(contains(table.result, "in all stages")) << table.result;
  Words json = job;
  json.insert(json.end(), {"--json", "--straggler", "gpu5=1.5x"});
  const auto slow = nlohmann::json::parse(run(json, Environment{}).result)["simulation"];
  EXPECT_GT(slow["engine"]["time_s"], 1.2 * slow["closed_form"]["time_s"].get<double>());
}

TEST(SimulateStep, TheCommandLineMustBeWhole) {
  EXPECT_TRUE(contains(simulate("step", {"--order", "tp,tp"}).talk, "names a dimension twice"));
  EXPECT_TRUE(contains(simulate("step", {"--strategy", "ulises"}).talk, "ulysses"));
  EXPECT_TRUE(contains(simulate("step", {"--steps", "0"}).talk, "--steps 0"));
  EXPECT_TRUE(contains(simulate("step", {"--fail", "leaf77-spine0"}).talk, "leaf77-spine0"));
  EXPECT_EQ(simulate("step", {"--fabric", "no-such"}).exit, ExitCode::usage);
}

TEST(SimulateStep, RefusedLayoutsSayWhy) {
  const Outcome outcome = simulate("step", {"--strategy", "ring", "--attention", "eager"});
  EXPECT_EQ(outcome.exit, ExitCode::infeasible);
  EXPECT_TRUE(contains(outcome.result, "ring.flash")) << outcome.result;
}

TEST(SimulateStep, TellsWhatWasNoChoice) {
  const Outcome outcome = simulate("layer", {"--attention", "eager"});
  EXPECT_EQ(outcome.exit, ExitCode::done);
  EXPECT_TRUE(contains(outcome.talk, "not among the choice, as 'ithaca compare' explains: ring, usp")) << outcome.talk;
}

TEST(SimulateStep, WhatDoesNotFitRunsAllTheSame) {
  const Outcome outcome = simulate(
      "layer", {"--strategy", "ulysses", "--recompute", "none", "--global-batch", "64", "--micro-batch", "64"});
  EXPECT_EQ(outcome.exit, ExitCode::done);
  EXPECT_TRUE(contains(outcome.talk, "does not fit")) << outcome.talk;
}

TEST(SimulateStep, TracesRanksLinksAndMemory) {
  const std::string file = test::temporary_path("step.json");
  EXPECT_EQ(simulate("step", {"--strategy", "ulysses", "--trace", file}).exit, ExitCode::done);
  std::ifstream in(file);
  const auto trace = nlohmann::json::parse(in);
  std::remove(file.c_str());
  std::set<std::string> names;
  double least = 1e30, most = 0;
  for (const auto& event : trace["traceEvents"]) {
    const std::string name = event["name"];
    names.insert(name);
    if (name != "memory") continue;
    for (const auto& value : event["args"]) {
      least = std::min(least, value.get<double>());
      most = std::max(most, value.get<double>());
    }
  }
  EXPECT_TRUE(names.contains("attention") && names.contains("all-to-all qkv") && names.contains("gather weights"));
  // 32 layers keep their inputs, 8,192 tokens x 4,096 x 2 bytes each, from their forward to their backward.
  EXPECT_NEAR(most - least, 32 * 8192.0 * 4096 * 2, 1e6);
}

}  // namespace
}  // namespace ithaca
