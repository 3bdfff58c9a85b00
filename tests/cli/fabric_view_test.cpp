#include "cli/fabric_view.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

TEST(FabricView, NamesNodesTiersAndBounds) {
  FabricGraph graph;
  graph.nodes = {{"gpu0", NodeKind::gpu, 0}, {"gpu1", NodeKind::gpu, 1}, {"leaf0", NodeKind::leaf, -1}};
  const BytesPerSecond rate{50e9};
  for (std::uint32_t g = 0; g < 2; ++g) {
    graph.links.push_back({g, 2, rate, Seconds{1e-6}});
    graph.links.push_back({2, g, rate, Seconds{1e-6}});
  }
  const auto fabric = Fabric::make(graph);
  ASSERT_TRUE(fabric);
  FabricSpec spec;
  spec.kind = FabricKind::custom;
  spec.routing = Routing::ecmp;
  const FabricView view = view_of(*fabric, spec);
  EXPECT_EQ(title_of(view), "custom, 2 GPUs in 2 servers");
  std::vector<std::string> lines;
  for (const Section::Item& item : describe(view).items) lines.push_back(item.name + ": " + item.value);
  EXPECT_EQ(lines, (std::vector<std::string>{
                       "routing: ecmp", "nodes: 2 gpu and 1 leaf", "gpu - leaf: 4 links of 50.0 GB/s and 1.00 us",
                       "port bound: 50.0 GB/s out of a GPU", "injection bound: 50.0 GB/s out of a server",
                       "bisection bound: 50.0 GB/s from the first half of the GPUs to the second"}));
}

}  // namespace
}  // namespace ithaca
