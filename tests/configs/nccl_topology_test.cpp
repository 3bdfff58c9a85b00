#include "configs/reader/nccl_topology.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "configs/reader/nccl_rates.hpp"

namespace ithaca {
namespace {

Result<LoadedGraph, Diagnostics> read(const std::string& text) {
  const auto document = parse_xml("t.xml", text);
  if (!document) return document.error();
  return read_nccl_topology(*document);
}
LoadedGraph need(const std::string& text) {
  const auto loaded = read(text);
  if (loaded) return *loaded;
  ADD_FAILURE() << print(loaded.error());
  return {};
}
void expect_said(const std::string& text, const std::vector<std::string>& parts) {
  const auto loaded = read(text);
  ASSERT_FALSE(loaded);
  for (const std::string& part : parts)
    EXPECT_NE(print(loaded.error()).find(part), std::string::npos) << part << " is not in\n" << print(loaded.error());
}

/// GB/s of all links between two nodes; 0 where there is none.
double rate(const LoadedGraph& loaded, const std::string& from, const std::string& to) {
  double sum = 0;
  for (const auto& link : loaded.graph.links) {
    const auto& nodes = loaded.graph.nodes;
    if (nodes[link.from].name == from && nodes[link.to].name == to) sum += link.capacity.value() / 1e9;
  }
  return sum;
}
bool has_notice(const LoadedGraph& loaded, const std::string& part) {
  return std::any_of(loaded.notices.begin(), loaded.notices.end(),
                     [&](const std::string& notice) { return notice.find(part) != std::string::npos; });
}

std::string cpu(const std::string& inside, const std::string& numaid = "0", const std::string& rest = "") {
  return "<cpu numaid='" + numaid + "' arch='x86_64' vendor='GenuineIntel' familyid='6' modelid='143' " + rest + ">" +
         inside + "</cpu>";
}
std::string gpu(const std::string& busid, const std::string& rank, const std::string& inside) {
  return "<pci busid='" + busid +
         "' class='0x030200' link_speed='32.0 GT/s PCIe' link_width='16'><gpu dev='0' sm='90' rank='" + rank +
         "' gdr='1'>" + inside + "</gpu></pci>";
}
std::string system(const std::string& inside) { return "<system version=\"1\">" + inside + "</system>"; }

TEST(NcclTopology, ASwitchedServer) {
  // Two GPUs with 18 NVLink 4 each at 20.6 GB/s, one below a PCIe switch with its NIC; PCIe 5 x16 is 16 x 240 / 80
  // = 48.
  const std::string nvlinks = "<nvlink target='0000:d0:00.0' count='18' tclass='0x068000'/>";
  const LoadedGraph loaded =
      need(system(cpu("<pci busid='0000:10:00.0' class='0x060400' link_speed='32.0 GT/s PCIe' link_width='16'>" +
                      gpu("0000:11:00.0", "1", nvlinks) +
                      "<pci busid='0000:12:00.0' class='0x020700' link_speed='32.0 GT/s PCIe' link_width='16'><nic>"
                      "<net name='mlx5_0' dev='0' speed='200000' port='1'/></nic></pci></pci>") +
                  cpu(gpu("0000:91:00.0", "0", nvlinks), "1")));
  ASSERT_EQ(loaded.graph.nodes.size(), 7u);
  EXPECT_EQ(rate(loaded, "gpu1", "nvswitch0"), 18 * 20.6);
  EXPECT_EQ(rate(loaded, "nvswitch0", "gpu0"), 18 * 20.6);
  EXPECT_EQ(rate(loaded, "gpu1", "pcie_switch0"), 48) << "rank 1 stands first in the file";
  EXPECT_EQ(rate(loaded, "pcie_switch0", "cpu0"), 48);
  EXPECT_EQ(rate(loaded, "gpu0", "cpu1"), 48);
  EXPECT_EQ(rate(loaded, "nic0", "pcie_switch0"), 25) << "200 Gb/s is less than the slot";
  EXPECT_EQ(rate(loaded, "cpu0", "cpu1"), 22) << "Sapphire Rapids";
  EXPECT_EQ(rate(loaded, "cpu1", "cpu0"), 22);
  for (const auto& node : loaded.graph.nodes) EXPECT_EQ(node.host, 0) << node.name;
  EXPECT_TRUE(has_notice(loaded, "rates are those that NCCL computes with"));
}

TEST(NcclTopology, DirectNvlinksGoEachWayByTheirOwnList) {
  const LoadedGraph loaded =
      need(system(cpu(gpu("0000:01:00.0", "0",
                          "<nvlink target='0000:02:00.0' count='4' tclass='0x030200'/>"
                          "<nvlink target='0000:02:00.0' count='2' tclass='0x030200'/>") +
                      gpu("0000:02:00.0", "1", "<nvlink target='0000:01:00.0' count='3' tclass='0x030200'/>"))));
  EXPECT_DOUBLE_EQ(rate(loaded, "gpu0", "gpu1"), 6 * 20.6);
  EXPECT_DOUBLE_EQ(rate(loaded, "gpu1", "gpu0"), 3 * 20.6);
}

TEST(NcclTopology, XgmiC2cAndPciLinks) {
  const LoadedGraph loaded = need(
      "<system version='2'><cpu numaid='0' arch='arm64'>"
      "<pci busid='0:1:0.0' class='0x038000' link_speed='16.0 GT/s PCIe' link_width='16'><gpu sm='104' gcn='910' "
      "rank='0'>"
      "<xgmi target='0:2:0.0' count='2' tclass='0x038000'/></gpu></pci>"
      "<pci busid='0:2:0.0' class='0x038000' link_speed='16.0 GT/s PCIe' link_width='16'><gpu sm='90' rank='1'>"
      "<c2c bw='44712' count='10'/></gpu></pci>"
      "<pci busid='0:8:0.0' class='0x060400' link_speed='' link_width='0'><pcilink target='0:9:0.0'/></pci>"
      "<pci busid='0:9:0.0' class='0x060400' link_speed='' link_width='0'/></cpu></system>");
  EXPECT_EQ(rate(loaded, "gpu0", "gpu1"), 2 * 36);
  EXPECT_EQ(rate(loaded, "gpu1", "cpu0"), 24 + 447.12) << "PCIe 4 x16 and C2C";
  EXPECT_EQ(rate(loaded, "pcie_switch0", "cpu0"), 12) << "16 lanes of 8 GT/s where nothing is said";
  EXPECT_EQ(rate(loaded, "pcie_switch0", "pcie_switch1"), 5000);
}

TEST(NcclTopology, GpusAndNicsAreKnownByTheirClass) {
  const LoadedGraph loaded =
      need(system(cpu("<pci busid='0:1:0.0' class='0x030200' link_speed='16 GT/s' link_width='16'/>"
                      "<pci busid='0:2:0.0' class='0x038000' link_speed='2.5 GT/s' link_width='8'/>"
                      "<pci busid='0:3:0.0' class='0x020000' link_speed='16 GT/s' link_width='16'/>"
                      "<pci busid='0:4:0.0' class='0x068000' link_speed='16 GT/s' link_width='16'/>"
                      "<nic><net name='eth0' speed='100000'/></nic>")));
  EXPECT_EQ(loaded.graph.nodes.size(), 5u) << "two GPUs, the CPU and two NICs";
  EXPECT_EQ(rate(loaded, "gpu0", "cpu0"), 24);
  EXPECT_EQ(rate(loaded, "gpu1", "cpu0"), 1.5) << "8 lanes of 0.15 GB/s x 10/8";
  EXPECT_EQ(rate(loaded, "nic0", "cpu0"), 24);
  EXPECT_EQ(rate(loaded, "nic1", "cpu0"), 12.5);
  EXPECT_TRUE(has_notice(loaded, "its NVLinks are unknown"));
}

TEST(NcclTopology, SeveralHostsShareTheNvswitch) {
  const std::string nvlinks = "<nvlink target='0:d:0.0' count='18' tclass='0x068000'/>";
  const LoadedGraph loaded = need(system(cpu(gpu("0:1:0.0", "0", nvlinks), "0", "host_hash='0xa'") +
                                         cpu(gpu("0:1:0.0", "1", nvlinks), "0", "host_hash='0xb'")));
  EXPECT_EQ(loaded.graph.nodes[1].host, 1);
  EXPECT_EQ(loaded.graph.nodes.back().kind, NodeKind::nvswitch);
  EXPECT_EQ(loaded.graph.nodes.back().host, -1);
  EXPECT_EQ(rate(loaded, "cpu0", "cpu1"), 0) << "CPUs of two hosts";
}

TEST(NcclTopology, OddNvlinksAreLeftOutAloud) {
  const LoadedGraph loaded =
      need(system("<extra/>" + cpu("<net/>" + gpu("0:1:0.0", "0",
                                                  "<nvlink target='0:1:0.0' count='1' tclass='0x030200'/>"
                                                  "<nvlink target='0:7:0.0' count='1' tclass='0x030200'/><foo/>"))));
  EXPECT_EQ(loaded.graph.links.size(), 2u);
  for (const char* part : {"<extra> is not known", "<net> is not known", "<foo> is not known", "of a GPU to itself",
                           "an NVLink to 0:7:0.0, which is no device of this file"})
    EXPECT_TRUE(has_notice(loaded, part)) << part;
}

TEST(NcclTopology, MistakesHaveTheirPlaces) {
  expect_said("<system version='3'/>", {"t.xml:1:18", "version '3' is not read here", "no GPU in this topology"});
  expect_said(
      system(cpu("\n<pci class='0x0302' link_width='x'/>")),
      {"t.xml:2:2", "key 'busid' is missing in <pci>", "t.xml:2:33", "'link_width' in <pci>: 'x' is no number"});
  expect_said(system(cpu(gpu("0:1:0.0", "0", "") + "\n" + gpu("0:1:0.0", "0", "<nvlink count='0'/>"))),
              {"bus id '0:1:0.0' is there twice", "rank 0 is there twice", "'0' is below 1",
               "key 'target' is missing in <nvlink>"});
  expect_said(system(cpu("<pci busid='1' class='0x03'><gpu/><gpu/></pci>")), {"a second <gpu> in one <pci>"});
  std::string cpus;
  for (int i = 0; i < 300; ++i) cpus += "<cpu numaid='0'/>";
  expect_said(system(cpus + cpu(gpu("0:1:0.0", "0", ""))), {"more than 256 CPUs"});
}

TEST(NcclRates, AreNccls) {
  EXPECT_EQ(nccl::nvlink_rate(70), BytesPerSecond{20e9});
  EXPECT_EQ(nccl::nvlink_rate(80), BytesPerSecond{20e9});
  EXPECT_EQ(nccl::nvlink_rate(86), BytesPerSecond{12e9});
  EXPECT_EQ(nccl::nvlink_rate(100), nccl::gigabytes(40.1));
  EXPECT_EQ(nccl::pcie_rate(64, 16), BytesPerSecond{96e9});
  EXPECT_EQ(nccl::pcie_rate(5, 16), BytesPerSecond{6e9});
  EXPECT_EQ(nccl::xgmi_rate("gfx942"), BytesPerSecond{48e9});
  EXPECT_EQ(nccl::xgmi_rate("906"), BytesPerSecond{24e9});
  EXPECT_EQ(nccl::cpu_rate("x86_64", "AuthenticAMD", 25, 1), BytesPerSecond{16e9});
  EXPECT_EQ(nccl::cpu_rate("x86_64", "GenuineIntel", 6, 0x55), BytesPerSecond{10e9});
}

// ITHACA_SHARED_DATA names a folder with nccl_topo: files that clouds ship with their machines.
TEST(NcclTopology, PublicFiles) {
  const char* folder = std::getenv("ITHACA_SHARED_DATA");
  if (folder == nullptr) GTEST_SKIP() << "set ITHACA_SHARED_DATA to the folder of nccl_topo";
  const auto load = [&](const char* name) {
    std::ifstream file(std::filesystem::path(folder) / "nccl_topo" / name);
    return need({std::istreambuf_iterator<char>(file), {}});
  };
  const auto count = [](const LoadedGraph& loaded, NodeKind kind) {
    const auto& nodes = loaded.graph.nodes;
    return std::count_if(nodes.begin(), nodes.end(), [&](const auto& node) { return node.kind == kind; });
  };
  const LoadedGraph p4d = load("aws-ofi-nccl__p4d-24xl-topo.xml");
  EXPECT_EQ(count(p4d, NodeKind::gpu), 8);
  EXPECT_EQ(count(p4d, NodeKind::nic), 4);
  EXPECT_EQ(count(p4d, NodeKind::pcie_switch), 4);
  EXPECT_EQ(rate(p4d, "cpu0", "cpu1"), 10);
  const LoadedGraph nd = load("azhpc-images__ndv4-topo.xml");
  EXPECT_EQ(count(nd, NodeKind::cpu), 4);
  EXPECT_EQ(rate(nd, "gpu7", "pcie_switch3"), 24);
  EXPECT_TRUE(has_notice(load("azhpc-images__ncv4-topo.xml"), "of a GPU to itself"));
  const LoadedGraph mi250 = load("rccl__topo_8p_90a.xml");
  EXPECT_EQ(rate(mi250, "gpu0", "gpu1"), 36);
  EXPECT_EQ(rate(mi250, "gpu0", "gpu3"), 0);
  EXPECT_EQ(rate(mi250, "nic0", "pcie_switch0"), 0.125);
  EXPECT_EQ(rate(load("own_example.xml"), "gpu0", "nvswitch0"), 18 * 20.6);
}

TEST(NcclTopology, APortHasAFiniteSpeed) {
  expect_said(
      "<system version='1'><cpu><pci busid='1' class='0x030200'/><nic><net speed='1e308'/></nic></cpu></system>",
      {"'1e308' Mb/s is more than any port has"});
}

}  // namespace
}  // namespace ithaca
