#include "cli/simulate_flows_command.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "tests/cli/widths.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

using test::contains;

Outcome simulate(std::vector<std::string> words) {
  words.insert(words.begin(), {"simulate", "flows"});
  return run(words, Environment{});
}

/// A file that is gone at the end of the test.
class File {
 public:
  explicit File(const std::string& text) { std::ofstream(path) << text; }
  ~File() { std::remove(path.c_str()); }
  const std::string path = test::temporary_path("simulate.yaml");
};

constexpr const char* kTwo =
    "format: 1\ncases: [{name: two, links: [{capacity: 10}], flows: [{bytes: 20, path: [0]}, {bytes: 60, path: "
    "[0]}]}]\n";

TEST(SimulateFlows, AnswersInThreeFormats) {
  const File file(kTwo);
  const Outcome table = simulate({file.path});
  EXPECT_EQ(table.exit, ExitCode::done) << table.talk;
  EXPECT_TRUE(contains(table.result, "two         2            8.00  0               100.0 %\n")) << table.result;
  EXPECT_EQ(simulate({file.path, "--csv"}).result, "case,flow,finish_s\r\ntwo,0,4\r\ntwo,1,8\r\n");
  const Outcome json = simulate({"--json", file.path, "-o", "x.json"});
  EXPECT_EQ(json.file, "x.json");
  EXPECT_EQ(nlohmann::json::parse(json.result)["cases"][0]["makespan_s"], 8.0);
}

TEST(SimulateFlows, TheCommandLineMustBeWhole) {
  EXPECT_TRUE(contains(simulate({}).talk,
                       "error: simulate flows: the file is missing\nnext: ithaca simulate flows FILE [flags]"));
  EXPECT_TRUE(contains(simulate({"x", "y"}).talk, "error: y: this word belongs to no flag"));
  EXPECT_TRUE(contains(simulate({"x", "--json", "--csv"}).talk, "--json and --csv: exclude each other"));
  EXPECT_EQ(simulate({}).exit, ExitCode::usage);
}

TEST(SimulateFlows, MistakesInTheFileAreNamed) {
  EXPECT_TRUE(contains(simulate({"/no/such.json"}).talk, "error: /no/such.json: there is no such file"));
  const File zero("format: 1\ncases: [{name: x, links: [{capacity: 0}], flows: []}]\n");
  const Outcome outcome = simulate({zero.path});
  EXPECT_EQ(outcome.exit, ExitCode::usage);
  EXPECT_EQ(outcome.result, "");
  EXPECT_TRUE(contains(outcome.talk, ":2:38: 'capacity' in link 1: '0' is not above zero")) << outcome.talk;
}

TEST(SimulateFlows, FlowsInACircleAreRefused) {
  const File circle(
      "format: 1\ncases: [{name: x, links: [], flows: [{bytes: 1, path: [], after: [1]}, {bytes: 1, path: [], after: "
      "[0]}]}]\n");
  const Outcome outcome = simulate({circle.path});
  EXPECT_EQ(outcome.exit, ExitCode::usage);
  EXPECT_TRUE(contains(outcome.talk, "case 'x', flow 0: it waits for itself, perhaps through others")) << outcome.talk;
}

// Facts of flow-level simulation that others have established, worked out by hand.
TEST(SimulateFlows, KnownCases) {
  const File file(R"(
format: 1
cases:
  - name: dumbbell  # 12.5 GB/s core; access links of 10 and 4 GB/s
    links: [{id: a, capacity: 10e9}, {id: b, capacity: 4e9}, {id: core, capacity: 12.5e9}]
    flows:
      # Alone at 10 until 0.2 ms: 2 MB. Then b's flow takes its 4, which leaves 8.5: b ends its 3 MB after 0.75 ms, when
      # a has moved 6.375 MB more. The last 1.625 MB go at 10: 0.2 + 0.75 + 0.1625 ms.
      - {bytes: 10e6, path: [a, core]}
      - {bytes: 3e6, path: [b, core], start: 0.2e-3}
  - name: full duplex  # the two directions of a cable are two links: each flow has its own
    links: [{id: n0>n1, capacity: 25e9, latency: 1e-6}, {id: n1>n0, capacity: 25e9, latency: 1e-6}]
    flows: [{bytes: 2e6, path: [n0>n1]}, {bytes: 2e6, path: [n1>n0]}]
  - name: incast  # 1, 2, 3 MB into 30 GB/s: 10 each until 0.1 ms; 15 each for the 1 MB left of the second; then 30
    links: [{id: t0, capacity: 25e9}, {id: t1, capacity: 25e9}, {id: t2, capacity: 25e9}, {id: r, capacity: 30e9}]
    flows: [{bytes: 1e6, path: [t0, r]}, {bytes: 2e6, path: [t1, r]}, {bytes: 3e6, path: [t2, r]}]
)");
  const Outcome outcome = simulate({file.path, "--json"});
  ASSERT_EQ(outcome.exit, ExitCode::done) << outcome.talk;
  // incast: 0.1 ms; 0.1 + 1/15 ms; then 1 MB left at its own port's 25 GB/s: 0.04 ms.
  const std::vector<std::vector<double>> expected{
      {1.1125e-3, 0.95e-3}, {81e-6, 81e-6}, {0.1e-3, 0.1e-3 + 1e-3 / 15, 0.1e-3 + 1e-3 / 15 + 0.04e-3}};
  const auto json = nlohmann::json::parse(outcome.result);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    for (std::size_t f = 0; f < expected[i].size(); ++f) {
      EXPECT_NEAR(json["cases"][i]["flows"][f]["finish_s"].get<double>(), expected[i][f], 1e-12 * expected[i][f])
          << json["cases"][i]["name"] << ", flow " << f;
    }
  }
}

// ITHACA_SHARED_DATA names a folder with maxmin_cases.json: finish times by SimGrid, cross-checked with 60 digits.
TEST(SimulateFlows, SimGridsCasesFlowByFlow) {
  const char* folder = std::getenv("ITHACA_SHARED_DATA");
  if (folder == nullptr) GTEST_SKIP() << "set ITHACA_SHARED_DATA to the folder of maxmin_cases.json";
  const std::string path = std::string(folder) + "/maxmin_cases.json";
  if (!std::ifstream(path).is_open()) GTEST_SKIP() << "there is no " << path;
  const auto input = load_flows(path);
  ASSERT_TRUE(input) << print(input.error());
  const Outcome outcome = simulate({path, "--json"});
  ASSERT_EQ(outcome.exit, ExitCode::done) << outcome.talk;
  const auto json = nlohmann::json::parse(outcome.result);
  ASSERT_GE(input->cases.size(), 8u);
  ASSERT_EQ(json["cases"].size(), input->cases.size());
  for (std::size_t i = 0; i < input->cases.size(); ++i) {
    const LoadedFlowCase& stated = input->cases[i];
    EXPECT_EQ(json["cases"][i]["name"], stated.flows.name);
    double makespan = 0;
    for (std::size_t f = 0; f < stated.finish.size(); ++f) {
      ASSERT_TRUE(stated.finish[f]);
      const double finish = stated.finish[f]->value();
      makespan = std::max(makespan, finish);
      EXPECT_NEAR(json["cases"][i]["flows"][f]["finish_s"].get<double>(), finish, 1e-9 * finish)
          << stated.flows.name << ", flow " << f;
    }
    EXPECT_NEAR(json["cases"][i]["makespan_s"].get<double>(), makespan, 1e-9 * makespan);
  }
}

}  // namespace
}  // namespace ithaca
