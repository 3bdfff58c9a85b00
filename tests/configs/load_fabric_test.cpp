#include "configs/reader/load_fabric.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <random>

#include "configs/reader/load_hardware.hpp"
#include "tests/support/edited_profile.hpp"
#include "tests/support/temporary.hpp"

namespace ithaca {
namespace {

FabricSpec need(const std::string& text) {
  const auto loaded = load_fabric(text, nullptr);
  if (loaded) return loaded->spec;
  ADD_FAILURE() << print(loaded.error());
  return {};
}
void expect_said(const std::string& text, const std::vector<std::string>& parts) {
  const auto loaded = load_fabric(text, nullptr);
  ASSERT_FALSE(loaded) << text;
  for (const std::string& part : parts)
    EXPECT_NE(print(loaded.error()).find(part), std::string::npos) << part << " is not in\n" << print(loaded.error());
}

/// A text in a file for as long as the object lives.
class Saved {
 public:
  Saved(const std::string& name, const std::string& text) : path_(test::temporary_path(name)) {
    std::ofstream(path_, std::ios::binary) << text;
  }
  ~Saved() { std::remove(path_.c_str()); }
  Saved(const Saved&) = delete;
  Saved& operator=(const Saved&) = delete;
  const std::string& path() const { return path_; }
  std::string name() const { return path_.substr(path_.rfind('/') + 1); }

 private:
  std::string path_;
};

const std::string kMatrix = "GPU0 GPU1\nGPU0 X NV4\nGPU1 NV4 X\n";
const std::string kGraph =
    "nodes: [{name: a, kind: gpu}, {name: b, kind: gpu}], links: [{from: a, to: b, capacity: 1GBps}]";

TEST(LoadFabric, AKindByItsName) {
  EXPECT_EQ(need("ideal").kind, FabricKind::ideal);
  EXPECT_EQ(need("fat_tree").kind, FabricKind::fat_tree);
  EXPECT_EQ(need("pcie_tree").sockets, 2);
}

TEST(LoadFabric, AMapWithTheKeysOfItsKind) {
  const FabricSpec tree = need(
      "{kind: fat_tree, tiers: 3, leaf_hosts: 4, pod_leaves: 8, spines: 16, "
      "oversubscription: 2.5, link_rate: 400Gbps, link_latency: 1us, routing: ecmp}");
  EXPECT_EQ(tree.tiers, 3);
  EXPECT_EQ(tree.leaf_hosts, 4);
  EXPECT_EQ(tree.pod_leaves, 8);
  EXPECT_EQ(tree.spines, 16);
  EXPECT_EQ(tree.oversubscription, 2.5);
  EXPECT_EQ(tree.link_rate, BytesPerSecond{50e9});
  EXPECT_EQ(tree.link_latency, Seconds{1e-6});
  EXPECT_EQ(tree.routing, Routing::ecmp);
  const FabricSpec dragonfly = need("{kind: dragonfly, groups: 3, group_routers: 4, router_hosts: 5, global_links: 6}");
  EXPECT_EQ(dragonfly.groups, 3);
  EXPECT_EQ(dragonfly.group_routers, 4);
  EXPECT_EQ(dragonfly.router_hosts, 5);
  EXPECT_EQ(dragonfly.global_links, 6);
  const FabricSpec torus = need("{kind: torus, dimensions: [4, 3, 2]}");
  ASSERT_EQ(torus.dimensions.size(), 3u);
  EXPECT_EQ(torus.dimensions[1], 3);
  const FabricSpec pcie = need("{kind: pcie_tree, sockets: 1, socket_switches: 4, socket_rate: 22GBps}");
  EXPECT_EQ(pcie.sockets, 1);
  EXPECT_EQ(pcie.socket_switches, 4);
  EXPECT_EQ(pcie.socket_rate, BytesPerSecond{22e9});
  EXPECT_EQ(need("{kind: rail_only, leaf_hosts: 2, routing: pxn}").routing, Routing::pxn);
  EXPECT_EQ(need("{kind: custom, " + kGraph + "}").graph.links.size(), 2u);
}

TEST(LoadFabric, KeysOfAnotherKindAreMistakes) {
  expect_said("{kind: torus, tiers: 3, leaf_hosts: 2, dimensions: [4], nodes: []}",
              {"--fabric:1:22", "'tiers' does not belong to kind torus", "it is for fat_tree",
               "'leaf_hosts' does not belong", "it is for fat_tree, rail_optimised, rail_only",
               "a torus has 2 or 3 dimensions", "'nodes' does not belong to kind torus", "it is for custom"});
  expect_said("{kind: custom, link_rate: 1GBps, " + kGraph + "}", {"'link_rate' does not belong to kind custom"});
}

TEST(LoadFabric, MistakesAreReportedAtOnce) {
  expect_said("{kind: fat_tre, tiers: 4, colour: red}",
              {"'fat_tre' is no value of 'kind'", "did you mean 'fat_tree'?", "unknown key 'colour'"});
  expect_said("{kind: fat_tree, tiers: 4, oversubscription: 0, spines: 0, link_rate: 400, leafhosts: 1, routing: x}",
              {"'4' tiers are not built here", "'0' is not above zero", "'0' is below 1", "'400' has no unit",
               "did you mean 'leaf_hosts'?", "'x' is no value of 'routing'"});
  expect_said("{kind: fat_tree, pod_leaves: 4}", {"a fat tree of 2 tiers has no pods"});
  expect_said("{kind: torus, dimensions: [0, '4']}", {"'0' is below 1", "'dimensions' holds text"});
  expect_said("{tiers: 2}", {"key 'kind' is missing"});
  expect_said("{kind: custom}", {"key 'nodes' is missing", "key 'links' is missing"});
  expect_said("{kind: fat_tree", {"--fabric:1:1", "this '{' is not closed"});
}

TEST(LoadFabric, WhatIsNoFabric) {
  expect_said("fat_tre", {"--fabric fat_tre", "there is no fabric 'fat_tre'", "did you mean 'fat_tree'?", "dragonfly"});
  expect_said("custom", {"a custom fabric needs its graph"});
  expect_said("no/such.yaml", {"no/such.yaml: there is no such file"});
  expect_said("such.xml", {"there is no such file"});
}

TEST(LoadFabric, FilesOfEveryFormat) {
  const Saved yaml("fabric.yaml", "schema: fabric/1\ndescription: ours\nkind: rail_optimised\nleaf_hosts: 32\n");
  EXPECT_EQ(need(yaml.path()).leaf_hosts, 32);
  const Saved graph("graph.json", R"({"schema": "fabric/1", "kind": "custom", "nodes": [{"name": "a", "kind": "gpu"}],
                                      "links": []})");
  EXPECT_EQ(need(graph.path()).graph.nodes.size(), 1u);
  const Saved xml("topo.xml",
                  "\xEF\xBB\xBF\n<!-- x --><system version='1'><cpu numaid='0'>"
                  "<pci busid='0:1:0.0' class='0x030200'/></cpu></system>");
  EXPECT_EQ(need(xml.path()).graph.nodes.size(), 2u);
  const Saved graphml("g.graphml",
                      "<graphml><key id='k' attr.name='kind'/><graph edgedefault='directed'><node id='a'>"
                      "<data key='k'>gpu</data></node></graph></graphml>");
  EXPECT_EQ(need(graphml.path()).kind, FabricKind::custom);
  const Saved matrix("matrix", kMatrix);
  EXPECT_EQ(need(matrix.path()).graph.nodes.size(), 3u);
  const Saved html("x.html", "<html/>");
  expect_said(html.path(), {"x.html:1:2", "<html> is no network that is read here"});
  const Saved other("other.yaml", "schema: cluster/1\nkind: ideal\n");
  expect_said(other.path(), {"schema 'cluster/1' is not 'fabric/1'"});
}

TEST(LoadFabric, ACustomGraphMayStandInAFileBesideIt) {
  const Saved matrix("beside.txt", kMatrix);
  const Saved yaml("with_file.yaml", "schema: fabric/1\nkind: custom\nfile: " + matrix.name() + "\nrouting: spray\n");
  const auto loaded = load_fabric(yaml.path(), nullptr);
  ASSERT_TRUE(loaded) << print(loaded.error());
  EXPECT_EQ(loaded->spec.graph.nodes.size(), 3u);
  EXPECT_EQ(loaded->spec.routing, Routing::spray);
  EXPECT_FALSE(loaded->notices.empty());
  const Saved itself("itself.yaml", "schema: fabric/1\nkind: custom\nfile: " + yaml.name() + "\n");
  expect_said(itself.path(), {"this file holds no graph that is read here"});
  const Saved both("both.yaml", "schema: fabric/1\nkind: custom\nfile: x.xml\nnodes: []\n");
  expect_said(both.path(), {"a graph stands both here and in a file"});
  const Saved missing("missing.yaml", "schema: fabric/1\nkind: custom\nfile: no-such.xml\n");
  expect_said(missing.path(), {"no-such.xml: there is no such file"});
}

TEST(ClusterFabric, IsASectionOfTheProfile) {
  const auto superpod = load_cluster("dgx-h100");
  ASSERT_TRUE(superpod);
  EXPECT_EQ(superpod->fabric.kind, FabricKind::rail_optimised);
  EXPECT_EQ(superpod->fabric.leaf_hosts, 32);
  const FigureSource& origin = superpod->sources.back();
  EXPECT_EQ(origin.figure, "fabric");
  EXPECT_EQ(origin.value, "rail_optimised, leaf_hosts 32");
  EXPECT_NE(origin.source.find("rail-optimised"), std::string::npos);
  const auto none = load_cluster("gcp-a3");
  ASSERT_TRUE(none);
  EXPECT_EQ(none->fabric.kind, FabricKind::ideal);
}

TEST(ClusterFabric, IsCheckedLikeTheRest) {
  const EditedProfile file("hw_profiles/clusters/dgx-h100.yaml",
                           {{"leaf_hosts: 32, from: dgxh100", "leafhosts: 32, tiers: 2, from: dgxh10"}});
  const auto cluster = load_cluster(file.path());
  ASSERT_FALSE(cluster);
  for (const char* part : {"unknown key 'leafhosts' in fabric", "'tiers' does not belong to kind rail_optimised",
                           "source 'dgxh10' is not in this file's sources"})
    EXPECT_NE(print(cluster.error()).find(part), std::string::npos) << part << "\n" << print(cluster.error());
}

// Whatever a file holds, there is an answer fit to print, in bounded time.
TEST(LoadFabric, DamagedFilesGetAnAnswer) {
  const std::string seeds[] = {
      "schema: fabric/1\nkind: custom\n" + kGraph.substr(0, kGraph.find("], ") + 1) +
          "\nlinks: [{from: a, to: b, capacity: 1GBps}]\n",
      "schema: fabric/1\nkind: torus\ndimensions: [4, 4]\nlink_rate: 50GBps\n",
      R"(<graphml><key id='k' for='node' attr.name='kind'/><key id='c' attr.name='capacity'/>
<graph edgedefault='undirected'>
<node id='a'><data key='k'>gpu</data></node><node id='b'><data key='k'>gpu</data></node>
<edge source='a' target='b'><data key='c'>1GBps</data></edge></graph></graphml>)",
      R"(<system version='1'><cpu numaid='0' arch='x86_64' vendor='GenuineIntel' familyid='6' modelid='85'>
<pci busid='0000:10:00.0' class='0x060400' link_speed='8 GT/s' link_width='16'>
<pci busid='0000:11:00.0' class='0x030200' link_speed='8 GT/s' link_width='16'><gpu dev='0' sm='80' rank='0'>
<nvlink target='0000:d:00.0' count='12' tclass='0x068000'/></gpu></pci>
<pci busid='0000:12:00.0' class='0x020000'><nic><net speed='100000'/></nic></pci></pci></cpu></system>)",
      "GPU0 GPU1 NIC0 CPU Affinity\nGPU0 X NV4 PIX 0-7\nGPU1 NV4 X SYS 8-15\nNIC0 PIX SYS X\n"};
  std::mt19937 random(7);
  const auto below = [&](std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random); };
  const auto begin = std::chrono::steady_clock::now();
  int good = 0, bad = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = seeds[below(std::size(seeds))];
    for (std::size_t edits = below(3) + 1; edits > 0 && !text.empty(); --edits) {
      const std::size_t at = below(text.size());
      switch (below(4)) {
        case 0: text[at] = static_cast<char>(below(256)); break;
        case 1: text.erase(at, below(20)); break;
        case 2: text.insert(at, text.substr(below(text.size()), below(60))); break;
        default: text.insert(at, std::to_string(below(2) == 0 ? below(20) : random())); break;
      }
    }
    const Saved file("damaged.yaml", text);
    const auto loaded = load_fabric(file.path(), nullptr);
    (loaded ? good : bad) += 1;
    if (loaded) continue;
    ASSERT_FALSE(loaded.error().empty());
    for (const char c : print(loaded.error()))
      ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n') << testing::PrintToString(text);
  }
  EXPECT_GT(good, 100);
  EXPECT_GT(bad, 500);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

}  // namespace
}  // namespace ithaca
