#include "configs/reader/topo_matrix.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace ithaca {
namespace {

LoadedGraph need(const std::string& text, const Cluster* cluster = nullptr) {
  EXPECT_TRUE(is_topo_matrix(text));
  const auto loaded = read_topo_matrix("m.txt", text, cluster);
  if (loaded) return *loaded;
  ADD_FAILURE() << print(loaded.error());
  return {};
}
/// GB/s of the link between two nodes, which goes both ways; 0 where there is none.
double rate(const LoadedGraph& loaded, const std::string& from, const std::string& to) {
  double there = 0, back = 0;
  for (const auto& link : loaded.graph.links) {
    const std::string &a = loaded.graph.nodes[link.from].name, &b = loaded.graph.nodes[link.to].name;
    if (a == from && b == to) there += link.capacity.value() / 1e9;
    if (a == to && b == from) back += link.capacity.value() / 1e9;
  }
  EXPECT_EQ(there, back) << from << " - " << to;
  return there;
}
bool has_notice(const LoadedGraph& loaded, const std::string& part) {
  return std::any_of(loaded.notices.begin(), loaded.notices.end(),
                     [&](const std::string& notice) { return notice.find(part) != std::string::npos; });
}

/// A matrix where all GPUs have `cell` to each other, with tabs as a terminal has it.
std::string uniform(int gpus, const std::string& cell) {
  std::string text = "\t\x1b[4mGPU0";
  for (int i = 1; i < gpus; ++i) text += "\tGPU" + std::to_string(i);
  text += "\tCPU Affinity\tNUMA Affinity\tGPU NUMA ID\x1b[0m\n";
  for (int i = 0; i < gpus; ++i) {
    text += "GPU" + std::to_string(i);
    for (int j = 0; j < gpus; ++j) text += "\t" + (i == j ? " X " : cell);
    text += i < gpus / 2 ? "\t0-47\t0\t\tN/A\n" : "\t48-95\t1\t\tN/A\n";
  }
  return text + "\nLegend:\n\n  X    = Self\n  SYS  = Connection traversing PCIe\n  NV#  = NVLinks\n";
}

TEST(TopoMatrix, MoreNvlinksThanAGpuHasMeanAnNvswitch) {
  // 7 x 18 links to seven peers are more than the 18 of a GPU; 18 x 20.6 GB/s into the switch.
  const LoadedGraph loaded = need("$ nvidia-smi topo -m\n```\n" + uniform(8, "NV18") + "```\n");
  EXPECT_EQ(loaded.graph.nodes.size(), 8u + 1 + 2);
  EXPECT_EQ(rate(loaded, "gpu0", "nvswitch0"), 18 * 20.6);
  EXPECT_EQ(rate(loaded, "gpu3", "cpu0"), 48) << "PCIe 5 with NVLink 4";
  EXPECT_EQ(rate(loaded, "gpu4", "cpu1"), 48);
  EXPECT_EQ(rate(loaded, "cpu0", "cpu1"), 22);
  EXPECT_TRUE(has_notice(loaded, "taken as H100 on Intel CPUs; --cluster says otherwise"));
}

TEST(TopoMatrix, FewerNvlinksJoinGpusDirectly) {
  const LoadedGraph loaded = need(uniform(4, "NV4"));  // 3 x 4 of the 12 links of an A100
  EXPECT_EQ(rate(loaded, "gpu0", "gpu3"), 80);
  EXPECT_EQ(rate(loaded, "gpu0", "cpu0"), 24);
  EXPECT_EQ(rate(loaded, "cpu0", "cpu1"), 10);
  EXPECT_EQ(loaded.graph.nodes.size(), 4u + 2);
  EXPECT_TRUE(has_notice(loaded, "taken as A100"));
}

TEST(TopoMatrix, TheClusterNamesTheGpu) {
  Cluster cluster;
  cluster.gpu.arch = 100;
  cluster.cpu = CpuVendor::amd;
  const LoadedGraph loaded = need(uniform(8, "NV18"), &cluster);
  EXPECT_DOUBLE_EQ(rate(loaded, "gpu0", "nvswitch0"), 18 * 40.1);
  EXPECT_EQ(rate(loaded, "cpu0", "cpu1"), 16);
  EXPECT_FALSE(has_notice(loaded, "--cluster"));
}

const std::string kSwitches = R"(        GPU0  GPU1  GPU2  mlx5_0 mlx5_1  CPU Affinity
GPU0     X    PIX   PXB   PIX    SYS     0-15
GPU1    PIX    X    PXB   PIX    SYS     0-15
GPU2    PXB   PXB    X    PXB    SYS     0-15
mlx5_0  PIX   PIX   PXB    X     SYS
mlx5_1  SYS   SYS   SYS   SYS     X
)";

TEST(TopoMatrix, PcieSwitchesNestAndNicsHangWhereTheyAre) {
  const LoadedGraph loaded = need(kSwitches);
  EXPECT_EQ(rate(loaded, "gpu0", "pcie_switch0"), 24);
  EXPECT_EQ(rate(loaded, "nic0", "pcie_switch0"), 24);
  EXPECT_EQ(rate(loaded, "pcie_switch0", "pcie_switch1"), 24);
  EXPECT_EQ(rate(loaded, "gpu2", "pcie_switch1"), 24);
  EXPECT_EQ(rate(loaded, "pcie_switch1", "cpu0"), 24);
  EXPECT_EQ(rate(loaded, "gpu0", "cpu0"), 0);
  EXPECT_EQ(rate(loaded, "nic1", "cpu1"), 24) << "a NIC far from all is on a CPU of its own";
  EXPECT_EQ(loaded.graph.nodes.size(), 3u + 2 + 2 + 2);
}

TEST(TopoMatrix, TheCpuAffinityTellsWhatNvlinkHides) {
  const LoadedGraph loaded = need("     GPU0 GPU1 NIC0 CPU Affinity\nGPU0 X NV4 PHB 0-15\nGPU1 NV4 X SYS 16-31\n");
  EXPECT_EQ(rate(loaded, "gpu0", "gpu1"), 80);
  EXPECT_EQ(rate(loaded, "nic0", "cpu0"), 24) << "without a row of its own";
  EXPECT_EQ(rate(loaded, "gpu1", "cpu1"), 24);
  const LoadedGraph none = need("GPU0 GPU1\nGPU0 X NV12\nGPU1 NV12 X\n");
  EXPECT_EQ(rate(none, "gpu1", "cpu0"), 24) << "without affinity one CPU for GPUs with NVLink";
  const LoadedGraph odd = need(uniform(4, "SYS"));
  EXPECT_EQ(rate(odd, "gpu1", "cpu0"), 24);
  EXPECT_TRUE(has_notice(odd, "though the matrix says SYS"));
  EXPECT_EQ(rate(need("GPU0 CPU Affinity\nGPU0 X 0-15\n"), "gpu0", "cpu0"), 24);
}

// ITHACA_SHARED_DATA names a folder with nccl_topo: matrices that people have posted.
TEST(TopoMatrix, PublicFiles) {
  const char* folder = std::getenv("ITHACA_SHARED_DATA");
  if (folder == nullptr) GTEST_SKIP() << "set ITHACA_SHARED_DATA to the folder of nccl_topo";
  const auto load = [&](const char* name) {
    std::ifstream file(std::filesystem::path(folder) / "nccl_topo" / name);
    return need({std::istreambuf_iterator<char>(file), {}});
  };
  const LoadedGraph a100 = load("topo-m_a100_8_nv12.txt");
  EXPECT_EQ(rate(a100, "gpu7", "nvswitch0"), 240);
  EXPECT_EQ(rate(a100, "gpu4", "cpu1"), 24);
  const LoadedGraph rtx = load("topo-m_8x4090_tabs.txt");
  EXPECT_EQ(rate(rtx, "gpu6", "cpu1"), 24);
  EXPECT_EQ(rate(rtx, "nic1", "pcie_switch0"), 24);
  EXPECT_EQ(rate(rtx, "pcie_switch0", "cpu1"), 24);
}

}  // namespace
}  // namespace ithaca
