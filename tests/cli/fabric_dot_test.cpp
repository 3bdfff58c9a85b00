#include "cli/fabric_dot.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

TEST(FabricDot, WritesServersAsClustersAndCablesAsEdges) {
  FabricGraph graph;
  graph.nodes = {{"gpu\"0", NodeKind::gpu, 4}, {"nic0", NodeKind::nic, 4}, {"leaf0", NodeKind::leaf, -1}};
  const BytesPerSecond rate{50e9};
  graph.links = {{0, 1, rate, Seconds{}}, {1, 0, rate, Seconds{}}, {1, 2, rate, Seconds{}}, {1, 2, rate, Seconds{}}};
  EXPECT_EQ(write_dot(graph), R"(digraph fabric {
  rankdir=BT;
  edge [dir=none];
  "leaf0" [shape=ellipse];
  subgraph cluster_4 {
    label="server 4";
    "gpu\"0" [shape=box];
    "nic0" [shape=invhouse];
  }
  "gpu\"0" -> "nic0" [label="50.0 GB/s"];
  "nic0" -> "leaf0" [label="2 x 50.0 GB/s", dir=forward];
}
)");
}

}  // namespace
}  // namespace ithaca
