#include "configs/reader/graphml.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

const std::string kKeys = R"(<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="k" for="node" attr.name="kind" attr.type="string"/>
<key id="h" for="node" attr.name="host" attr.type="int"/>
<key id="c" for="edge" attr.name="capacity" attr.type="string"><default>50GBps</default></key>
<key id="l" for="edge" attr.name="latency" attr.type="string"/>
<key id="x" for="all" attr.name="color" attr.type="string"/>
)";

Result<LoadedGraph, Diagnostics> read(const std::string& text) {
  const auto document = parse_xml("g.graphml", text);
  if (!document) return document.error();
  return read_graphml(*document);
}
void expect_said(const Result<LoadedGraph, Diagnostics>& loaded, const std::vector<std::string>& parts) {
  ASSERT_FALSE(loaded);
  for (const std::string& part : parts)
    EXPECT_NE(print(loaded.error()).find(part), std::string::npos) << part << " is not in\n" << print(loaded.error());
}

TEST(Graphml, ReadsAttributesDefaultsAndDirections) {
  const auto loaded = read(kKeys + R"(<graph id="G" edgedefault="undirected">
<node id="a"><data key="k"> gpu </data><data key="h">1</data><data key="x">red</data></node>
<node id="s"><data key="k">leaf</data></node>
<edge source="a" target="s"><data key="c">400Gbps</data><data key="l">2us</data></edge>
<edge id="e" source="s" target="a" directed="true"/>
</graph></graphml>)");
  ASSERT_TRUE(loaded) << print(loaded.error());
  const FabricGraph& graph = loaded->graph;
  ASSERT_EQ(graph.nodes.size(), 2u);
  EXPECT_EQ(graph.nodes[0].name, "a");
  EXPECT_EQ(graph.nodes[0].kind, NodeKind::gpu);
  EXPECT_EQ(graph.nodes[0].host, 1);
  EXPECT_EQ(graph.nodes[1].kind, NodeKind::leaf);
  ASSERT_EQ(graph.links.size(), 3u);
  EXPECT_EQ(graph.links[0].capacity, BytesPerSecond{50e9});
  EXPECT_EQ(graph.links[0].latency, Seconds{2e-6});
  EXPECT_EQ(graph.links[1].from, 1u);
  EXPECT_EQ(graph.links[1].to, 0u);
  EXPECT_EQ(graph.links[2].from, 1u);
  EXPECT_EQ(graph.links[2].capacity, BytesPerSecond{50e9});  // the key's default
  EXPECT_EQ(graph.links[2].latency, Seconds{});
}

TEST(Graphml, ADirectedGraphGoesOneWay) {
  const std::string nodes = "<node id='a'><data key='k'>gpu</data></node><node id='b'><data key='k'>gpu</data></node>";
  const auto loaded =
      read(kKeys + "<graph edgedefault='directed'>" + nodes +
           "<edge source='a' target='b'/><edge source='a' target='b' directed='false'/></graph></graphml>");
  ASSERT_TRUE(loaded) << print(loaded.error());
  EXPECT_EQ(loaded->graph.links.size(), 3u);  // one way, then both
}

TEST(Graphml, MistakesHaveTheirPlaces) {
  expect_said(read(kKeys + R"(<graph edgedefault="undirected">
<node id="a"/>
<node id="b"><data key="k">gup</data></node>
<edge source="a" target="c"><data key="c">50</data></edge>
<hyperedge/>
</graph></graphml>)"),
              {"g.graphml:8:2", "key 'kind' is missing in node 1", "g.graphml:9:15", "'gup' is no kind of node",
               "g.graphml:10:26", "there is no node 'c'", "'50' has no unit", "hyperedges are not read here"});
  expect_said(read("<graphml/>"), {"no GPU among the nodes"});
}

TEST(Graphml, KeysOfOneAttributeAreFew) {
  std::string keys;
  for (int i = 0; i < 65; ++i) keys += "<key id='k" + std::to_string(i) + "' attr.name='kind'/>";
  expect_said(read("<graphml>" + keys + "<graph/></graphml>"), {"more than 64 keys"});
}

}  // namespace
}  // namespace ithaca
