// The project's own tables of published runs: they can be asked, and their split is the one that they declare.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "configs/reader/load_runs.hpp"
#include "validate/run_errors.hpp"
#include "validate/run_question.hpp"

namespace ithaca {
namespace {

TrainingRuns load(const std::string& name) {
  auto runs = load_runs(std::string(ITHACA_REFERENCE_RUNS) + "/" + name + ".yaml");
  EXPECT_TRUE(runs) << (runs ? "" : print(runs.error()));
  return runs ? std::move(runs).value() : TrainingRuns{};
}

std::uint64_t fnv1a(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

std::string model_and_layout(const TrainingRun& run) {
  const RunDegrees& d = run.degrees;
  const bool shape = run.model.name == run.id;  // a row with a shape of its own
  const std::string model =
      shape ? "h" + std::to_string(run.model.hidden) + "-L" + std::to_string(run.model.layers) : run.model.name;
  return model + " tp" + std::to_string(d.tp) + " pp" + std::to_string(d.pp) + " cp" + std::to_string(d.cp) + " dp" +
         std::to_string(d.dp.value_or(1)) + " ep" + std::to_string(d.ep);
}

struct File {
  const char* name;
  std::size_t cases;
};

class ReferenceRuns : public testing::TestWithParam<File> {};

bool measures_something(const RunMeasured& m) {
  return m.step || m.rate_per_gpu || m.tokens_per_gpu || m.out_of_memory;
}

void expect_askable(const TrainingRuns& runs) {
  RunProfiles profiles;
  for (const TrainingRun& run : runs.runs) {
    const auto question = run_question(run, profiles);
    EXPECT_TRUE(question) << run.id << ": " << (question ? "" : question.error().why);
    EXPECT_TRUE(measures_something(run.measured)) << run.id;
  }
}

const std::set<std::string> kAllHeldOut{"alst2025", "megatron_bridge", "internevo", "llama3"};

void expect_declared_split(const TrainingRuns& runs) {
  using Key = std::pair<std::uint64_t, std::string>;
  const auto key = [](const TrainingRun& run) { return Key{fnv1a(model_and_layout(run)), model_and_layout(run)}; };
  std::map<std::string, std::set<Key>> keys;  // by source
  for (const TrainingRun& run : runs.runs) keys[run.source.name].insert(key(run));
  for (const TrainingRun& run : runs.runs) {
    if (kAllHeldOut.count(run.source.name) > 0) continue;
    const std::set<Key>& all = keys[run.source.name];
    const auto rank = std::distance(all.begin(), all.find(key(run)));
    EXPECT_EQ(run.split, rank < static_cast<std::ptrdiff_t>(all.size() / 2) ? "fit" : "held_out") << run.id;
  }
}

TEST_P(ReferenceRuns, CanBeAskedAndAreSplitAsDeclared) {
  const TrainingRuns runs = load(GetParam().name);
  EXPECT_TRUE(runs.notices.empty()) << runs.notices[0];
  EXPECT_EQ(runs.runs.size(), GetParam().cases);
  expect_askable(runs);
  expect_declared_split(runs);
}

TEST(ReferenceErrors, MegatronBridge) {
  // What the model reaches today on what nothing was fitted to, rounded up: Hopper's and Blackwell's mean and largest
  // error. The largest of Blackwell is FSDP over 64 GPUs, whose gathers the model hides and the library does not quite.
  struct Part {
    double rows = 0, sum = 0, largest = 0;
  };
  std::map<std::string, Part> parts;
  for (const RunRow& row : run_errors(load("megatron-bridge")).rows) {
    ASSERT_TRUE(row.error.step) << row.id;
    if (row.split != "held_out") continue;
    Part& part = parts[row.source];
    ++part.rows;
    part.sum += std::abs(*row.error.step);
    part.largest = std::max(part.largest, std::abs(*row.error.step));
  }
  const Part &hopper = parts["megatron_bridge"], &blackwell = parts["megatron_bridge_blackwell"];
  EXPECT_EQ(hopper.rows, 10);
  EXPECT_LE(hopper.sum / hopper.rows, 0.045);
  EXPECT_LE(hopper.largest, 0.075);
  EXPECT_EQ(blackwell.rows, 7);
  EXPECT_LE(blackwell.sum / blackwell.rows, 0.06);
  EXPECT_LE(blackwell.largest, 0.175);
}

TEST(ReferenceErrors, Llama3) {
  for (const RunRow& row : run_errors(load("llama3-h100")).rows) {
    ASSERT_TRUE(row.error.step) << row.id;
    EXPECT_LE(std::abs(*row.error.step), 0.065) << row.id;  // what the model reaches today, rounded up
  }
}

TEST(ReferenceErrors, InternEvo) {
  // What the model reaches today, rounded up. One node and long steps are 5 to 10 % too short; where a step has one
  // micro-batch, or ZeRO 1 spans hundreds of GPUs, what really waits for the wires grows beyond it.
  double sum = 0, rows = 0;
  for (const RunRow& row : run_errors(load("internevo-a100")).rows) {
    ASSERT_TRUE(row.error.step) << row.id;
    sum += std::abs(*row.error.step), ++rows;
    const bool long_step = row.id.rfind("internevo-recomputed-", 0) == 0;
    EXPECT_LE(std::abs(*row.error.step), long_step ? 0.16 : 0.46) << row.id;
  }
  EXPECT_LE(sum / rows, 0.15);
}

TEST(ReferenceErrors, Ulysses) {
  // What the model reaches today on the rows that nothing was fitted to, rounded up; and for the 7B model the winner at
  // each length, by FLOP/s. Of the others Megatron-SP was faster too; at 8192 tokens, where ring self-attention has no
  // ring and unfused attention decides, the model has their order wrong.
  double sum = 0, rows = 0;
  std::map<std::string, double> rate;  // by what follows the prefix: "8192", "megatron-8192"
  const std::string prefix = "ulysses-7b-";
  for (const RunRow& row : run_errors(load("long-sequences")).rows) {
    if (row.source != "ulysses2023" || !row.error.step) continue;
    if (row.split == "held_out") sum += std::abs(*row.error.step), ++rows;
    if (row.id.rfind(prefix, 0) == 0) rate[row.id.substr(prefix.size())] = row.predicted_rate.value();
  }
  EXPECT_EQ(rows, 22);
  EXPECT_LE(sum / rows, 0.125);
  for (const std::string length : {"8192", "16384", "32768"}) {
    EXPECT_LT(rate.at("megatron-" + length), rate.at(length));
    EXPECT_LT(rate.at("colossal-" + length), rate.at(length));
  }
  for (const std::string length : {"16384", "32768"})
    EXPECT_LT(rate.at("colossal-" + length), rate.at("megatron-" + length));
  EXPECT_LT(rate.at("megatron-65536"), rate.at("65536"));  // the third is out of memory
}

// 4 of Korthikanti and 7 of Narayanan; 46 of the Ulysses paper, 6 of ALST and 9 of NeMo.
INSTANTIATE_TEST_SUITE_P(Files, ReferenceRuns,
                         testing::Values(File{"megatron-a100", 4 + 7}, File{"simumax-b200", 34},
                                         File{"vtrain-multi-node", 48}, File{"vtrain-single-node", 564},
                                         File{"long-sequences", 46 + 6 + 9}, File{"megatron-bridge", 26},
                                         File{"internevo-a100", 38}, File{"llama3-h100", 3}),
                         [](const auto& info) {
                           std::string name = info.param.name;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace ithaca
