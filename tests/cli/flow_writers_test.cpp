#include "cli/flow_writers.hpp"

#include <nlohmann/json.hpp>

#include "cli/simulate_flows_command.hpp"
#include "tests/cli/widths.hpp"

namespace ithaca {
namespace {

using test::contains;

/// 10 B/s for 20 B and 60 B: both at 5 until 4; the other has 40 left, at 10: 8. Only the first crosses link b (40
/// B/s).
constexpr const char* kTwo = R"(format: 1
cases:
  - name: two flows, one link
    links: [{id: a, capacity: 10}, {id: b, capacity: 40}]
    flows: [{id: x, bytes: 20, path: [a, b], finish: 4}, {id: y, bytes: 60, path: [a]}]
  - {name: empty, links: [], flows: []}
)";

FlowReport report(const std::string& text) {
  const auto document = parse_document("flows.yaml", text);
  EXPECT_TRUE(document);
  auto input = read_flows(*document);
  EXPECT_TRUE(input) << print(input.error());
  auto simulated = simulate_flows(std::move(input).value(), {"ithaca", "simulate"});
  EXPECT_TRUE(simulated) << print(simulated.error());
  return std::move(simulated).value();
}

TEST(BusiestLink, IsTheOneInUseMost) {
  const FlowReport two = report(kTwo);
  EXPECT_EQ(busiest_link(two.input.cases[0].flows.system, two.runs[0]), 0u);
  EXPECT_EQ(busiest_link(two.input.cases[1].flows.system, two.runs[1]), std::nullopt);
}

TEST(DifferenceFromFile, IsRelative) {
  FlowReport two = report(kTwo);
  EXPECT_LT(difference_from_file(two.input.cases[0], two.runs[0]).value_or(1), 1e-15);
  EXPECT_EQ(difference_from_file(two.input.cases[1], two.runs[1]), std::nullopt);
  two.input.cases[0].finish[1] = Seconds{10};
  EXPECT_NEAR(difference_from_file(two.input.cases[0], two.runs[0]).value_or(0), 0.2, 1e-15);
}

TEST(WriteFlowTable, HasALineACase) {
  EXPECT_EQ(write_flow_table(report(kTwo), {80, false}),
            "case                   flows    makespan (s)  busiest link    its use\n"
            "two flows, one link        2            8.00  a               100.0 %\n"
            "empty                      0               0  -                     -\n");
}

TEST(WriteFlowTable, SaysWhereTheFileDiffers) {
  FlowReport two = report(kTwo);
  two.input.cases[0].finish[1] = Seconds{10};
  EXPECT_TRUE(contains(write_flow_table(two, {80, false}), "differ by up to 0.200 of those in the file"));
}

TEST(WriteFlowTable, CutsLongNames) {
  const std::string name(200, 'n');
  FlowReport two = report(kTwo);
  two.input.cases[0].flows.name = name;
  two.input.cases[0].flows.links[0] = name;
  for (const int width : {60, 80, 120}) test::expect_no_wider(write_flow_table(two, {width, false}), width);
}

TEST(WriteFlowJson, HasFinishTimesInOrder) {
  const auto json = nlohmann::json::parse(write_flow_json(report(kTwo)));
  EXPECT_EQ(json["format_version"], "1.0");
  EXPECT_EQ(json["provenance"]["file"], "flows.yaml");
  ASSERT_EQ(json["cases"].size(), 2u);
  const auto& two = json["cases"][0];
  EXPECT_EQ(two["name"], "two flows, one link");
  EXPECT_EQ(two["makespan_s"], 8.0);
  EXPECT_EQ(two["flows"][0]["id"], "x");
  EXPECT_EQ(two["flows"][0]["finish_s"], 4.0);
  EXPECT_EQ(two["flows"][1]["finish_s"], 8.0);
  EXPECT_EQ(two["links"][1]["carried_bytes"], 20.0);
  EXPECT_EQ(two["links"][1]["utilisation"], 20.0 / (40 * 8));
  EXPECT_EQ(json["cases"][1]["flows"], nlohmann::json::array());
}

TEST(WriteFlowCsv, HasALineAFlow) {
  EXPECT_EQ(write_flow_csv(report(kTwo)),
            "case,flow,finish_s\r\n\"two flows, one link\",x,4\r\n\"two flows, one link\",y,8\r\n");
}

}  // namespace
}  // namespace ithaca
