#include "sim/fabric.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace ithaca {
namespace {

constexpr BytesPerSecond kRate{1e9};

/// gpu0 <-> s <-> gpu1, with two links from s to gpu1.
FabricGraph two_gpus() {
  FabricGraph graph;
  graph.nodes = {{"gpu0", NodeKind::gpu, 0}, {"s", NodeKind::leaf, -1}, {"gpu1", NodeKind::gpu, 1}};
  graph.links = {{0, 1, kRate, {}}, {1, 2, kRate, {}}, {1, 0, kRate, {}}, {2, 1, kRate, {}}, {1, 2, kRate, {}}};
  return graph;
}

std::string refusal(const FabricGraph& graph) {
  const auto fabric = Fabric::make(graph);
  return fabric ? "" : fabric.error();
}

TEST(Fabric, ListsGpusAndTheLinksOfEachNode) {
  const Fabric fabric = Fabric::make(two_gpus()).value();
  EXPECT_EQ(std::vector(fabric.gpus().begin(), fabric.gpus().end()), (std::vector<std::uint32_t>{0, 2}));
  const auto leaving = fabric.leaving(1), entering = fabric.entering(1);
  EXPECT_EQ(std::vector(leaving.begin(), leaving.end()), (std::vector<std::uint32_t>{1, 2, 4}));
  EXPECT_EQ(std::vector(entering.begin(), entering.end()), (std::vector<std::uint32_t>{0, 3}));
}

TEST(Fabric, NamesLinksAndFindsThemAgain) {
  const Fabric fabric = Fabric::make(two_gpus()).value();
  EXPECT_EQ(fabric.link_name(2), "s->gpu0");
  EXPECT_EQ(fabric.link_name(1), "s->gpu1");
  EXPECT_EQ(fabric.link_name(4), "s->gpu1#1");
  for (std::uint32_t link = 0; link < 5; ++link) EXPECT_EQ(fabric.find_link(fabric.link_name(link)), link);
  EXPECT_EQ(fabric.find_node("gpu1"), 2u);
}

TEST(Fabric, FindsNothingByOtherNames) {
  const Fabric fabric = Fabric::make(two_gpus()).value();
  for (const char* name : {"", "->", "s", "s->", "->s", "gpu0->gpu1", "s->gpu1#2", "s->gpu1#", "s->gpu1#01",
                           "s->gpu1#0", "s->gpu1#-1", "s->gpu1#1x", "s->gpu1#99999999999", "s->gpu1->gpu0", "gpu2->s"})
    EXPECT_EQ(fabric.find_link(name), std::nullopt) << name;
  EXPECT_EQ(fabric.find_node("gpu"), std::nullopt);
  EXPECT_EQ(fabric.find_node(""), std::nullopt);
}

TEST(Fabric, RefusesNodesThatCannotBeTold) {
  FabricGraph graph = two_gpus();
  graph.nodes[2].name = "gpu0";
  EXPECT_EQ(refusal(graph), "two nodes are called 'gpu0'");
  graph.nodes[2].name = "";
  EXPECT_EQ(refusal(graph), "a node has no name");
  for (const char* name : {"a->b", "a#1"}) {
    graph.nodes[2].name = name;
    EXPECT_NE(refusal(graph).find(name), std::string::npos);
  }
}

TEST(Fabric, RefusesGraphsWithoutGpu) {
  FabricGraph graph = two_gpus();
  graph.nodes[0].kind = graph.nodes[2].kind = NodeKind::nic;
  EXPECT_EQ(refusal(graph), "the fabric has no GPU");
  EXPECT_EQ(refusal({}), "the fabric has no GPU");
}

TEST(Fabric, RefusesLinksToNowhere) {
  FabricGraph graph = two_gpus();
  graph.links[3].to = 3;
  EXPECT_EQ(refusal(graph), "link 3: there is no node 3");
  graph.links[3].to = 2;
  EXPECT_EQ(refusal(graph), "link 'gpu1->gpu1': it leads back to where it begins");
}

TEST(Fabric, RefusesCapacitiesAndLatenciesThatAreNone) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double bad : {0., -1., kInfinity, std::nan("")}) {
    FabricGraph graph = two_gpus();
    graph.links[2].capacity = BytesPerSecond{bad};
    EXPECT_EQ(refusal(graph), "link 's->gpu0': its capacity must be above zero and finite");
  }
  for (const double bad : {-1e-9, kInfinity, std::nan("")}) {
    FabricGraph graph = two_gpus();
    graph.links[2].latency = Seconds{bad};
    EXPECT_EQ(refusal(graph), "link 's->gpu0': its latency must be zero or more and finite");
  }
}

TEST(Fabric, OneGpuAloneIsAFabric) {
  FabricGraph graph;
  graph.nodes = {{"gpu0", NodeKind::gpu, 0}};
  const auto fabric = Fabric::make(graph);
  ASSERT_TRUE(fabric);
  EXPECT_TRUE(fabric->leaving(0).empty());
}

}  // namespace
}  // namespace ithaca
