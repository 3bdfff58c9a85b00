#include "configs/reader/fabric_graph.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

struct Answer {
  FabricGraph graph;
  std::string problems;
};
Answer read(const std::string& text) {
  const auto document = parse_document("g.yaml", text);
  if (!document) return {{}, print(document.error())};
  Diagnostics diagnostics;
  Fields fields(*document, document->root, "graph", diagnostics);
  FabricGraph graph = read_graph(*document, fields, diagnostics);
  fields.finish();
  return {graph, print(diagnostics)};
}
void expect_said(const Answer& answer, const std::vector<std::string>& parts) {
  for (const std::string& part : parts)
    EXPECT_NE(answer.problems.find(part), std::string::npos) << part << " is not in\n" << answer.problems;
}

TEST(FabricGraphReader, ReadsNodesAndLinks) {
  const Answer answer = read(R"(nodes:
  - {name: a, kind: gpu, host: 3}
  - {name: sw, kind: leaf}
links:
  - {from: a, to: sw, capacity: 400Gbps, latency: 1us}
  - {from: sw, to: a, capacity: 10GBps, both_ways: false}
)");
  ASSERT_EQ(answer.problems, "");
  const FabricGraph& graph = answer.graph;
  ASSERT_EQ(graph.nodes.size(), 2u);
  EXPECT_EQ(graph.nodes[0].name, "a");
  EXPECT_EQ(graph.nodes[0].kind, NodeKind::gpu);
  EXPECT_EQ(graph.nodes[0].host, 3);
  EXPECT_EQ(graph.nodes[1].kind, NodeKind::leaf);
  EXPECT_EQ(graph.nodes[1].host, -1);
  ASSERT_EQ(graph.links.size(), 3u);
  EXPECT_EQ(graph.links[0].from, 0u);
  EXPECT_EQ(graph.links[0].to, 1u);
  EXPECT_EQ(graph.links[0].capacity, BytesPerSecond{50e9});  // 400 Gb/s / 8
  EXPECT_EQ(graph.links[0].latency, Seconds{1e-6});
  EXPECT_EQ(graph.links[1].from, 1u);
  EXPECT_EQ(graph.links[1].capacity, BytesPerSecond{50e9});
  EXPECT_EQ(graph.links[2].from, 1u);
  EXPECT_EQ(graph.links[2].capacity, BytesPerSecond{10e9});
  EXPECT_EQ(graph.links[2].latency, Seconds{});
}

TEST(FabricGraphReader, EveryMistakeHasItsPlace) {
  expect_said(
      read(R"(nodes:
  - {name: gpu0, kind: gpus}
  - {name: gpu1, kind: gpu, hosts: 1}
  - {name: gpu1, kind: gpu}
  - {kind: leaf}
links:
  - {from: gpu1, to: gpu2, capacity: 50}
  - {from: gpu1, to: gpu1, capacity: 50GBps}
  - {from: gpu0, to: gpu1, capacity: 50GBps, latency: 5}
  - {from: gpu0, capacity: 50GBps}
  - gpu0
)"),
      {"g.yaml:2:24", "'gpus' is no kind of node, did you mean 'gpu'?", "g.yaml:3:29", "unknown key 'hosts' in node 2",
       "did you mean 'host'?", "g.yaml:4:12", "node 'gpu1' is there twice", "other place: g.yaml:3:12",
       "key 'name' is missing in node 4", "g.yaml:7:22", "there is no node 'gpu2'", "'50' has no unit",
       "the link ends where it begins", "'5' has no unit", "key 'to' is missing in link 4", "link 5 is no map"});
  expect_said(read("nodes: [{name: s, kind: leaf}]\nlinks: []\n"), {"g.yaml:1:8", "no GPU among the nodes"});
  expect_said(read("nodes: 5\n"), {"'nodes' must be a list", "key 'links' is missing"});
}

TEST(FabricGraphReader, WrongNamesInALargeGraphAreReportedInBoundedTime) {
  std::string text = "nodes:\n";
  for (int i = 0; i < 4000; ++i) text += "  - {name: gpu" + std::to_string(i) + ", kind: gpu}\n";
  text += "links:\n";
  for (int i = 0; i < 4000; ++i) text += "  - {from: gpu0, to: gup" + std::to_string(i) + ", capacity: 1GBps}\n";
  expect_said(read(text), {"there is no node 'gup0'"});
}

}  // namespace
}  // namespace ithaca
