#include "cli/sweep/figures.hpp"

#include <gtest/gtest.h>

#include "tests/support/machines.hpp"

namespace ithaca {
namespace {

/// One machine that figures are put into by name.
struct Bench {
  Transformer model = test::llama3_8b();
  Cluster cluster;
  FabricSpec fabric;

  Bench() {
    cluster.name = "c";
    cluster.node_gpus = 8;
    cluster.port_peak = BytesPerSecond{400e9};
    cluster.port_achieved = BytesPerSecond{300e9};
    cluster.domains.push_back(
        {Domain::Uplink::nics, 8, BytesPerSecond{400e9}, BytesPerSecond{360e9}, BytesPerSecond{320e9}, 8});
  }
  std::optional<PointProblem> set(std::string_view name, double value) {
    for (const FigureAxis& axis : figure_axes()) {
      if (axis.name == name) return axis.apply({model, cluster, fabric}, value);
    }
    return PointProblem{"test", "no such figure", ""};
  }
};

TEST(SweepFigures, NicsKeepTheirShareAndTiersTheirOversubscription) {
  Bench b;
  // 256 GPUs over 1:2: 32 nodes x 400 GB/s / 2.
  b.cluster.domains.push_back(
      {Domain::Uplink::tier, 256, BytesPerSecond{6400e9}, BytesPerSecond{5760e9}, BytesPerSecond{5120e9}});
  ASSERT_FALSE(b.set("nic", 100e9));  // 800 Gb/s: twice the rate
  EXPECT_DOUBLE_EQ(b.cluster.domains[0].peak.value(), 800e9);
  EXPECT_DOUBLE_EQ(b.cluster.domains[0].achieved.value(), 720e9);
  EXPECT_DOUBLE_EQ(b.cluster.domains[1].peak.value(), 12800e9);
  EXPECT_EQ(b.cluster.link_mark, Mark::extrapolated);
}

TEST(SweepFigures, OversubscriptionOfATierThatIsMadeWhereThereIsNone) {
  Bench b;
  ASSERT_FALSE(b.set("oversubscription", 4));
  ASSERT_EQ(b.cluster.domains.size(), 2u);
  EXPECT_EQ(b.cluster.domains[1].gpus, 256);  // 32 nodes of 8
  EXPECT_DOUBLE_EQ(b.cluster.domains[1].peak.value(), 32 * 400e9 / 4);
  EXPECT_DOUBLE_EQ(b.cluster.domains[1].achieved.value(), 32 * 360e9 / 4);
  EXPECT_EQ(b.fabric.oversubscription, 4);
  ASSERT_FALSE(b.set("oversubscription", 1));  // of the same tier
  ASSERT_EQ(b.cluster.domains.size(), 2u);
  EXPECT_DOUBLE_EQ(b.cluster.domains[1].peak.value(), 32 * 400e9);
}

TEST(SweepFigures, PortsAndMemory) {
  Bench b;
  ASSERT_FALSE(b.set("nvlink", 800e9));
  EXPECT_DOUBLE_EQ(b.cluster.port_achieved.value(), 600e9);
  ASSERT_FALSE(b.set("gpu_memory", 1e9));
  EXPECT_EQ(b.cluster.gpu.memory, Bytes{1e9});
  b.cluster.scale_up = ScaleUp::pcie;
  EXPECT_EQ(b.set("nvlink", 800e9)->rule, "nvlink");
  b.cluster.domains.clear();
  EXPECT_EQ(b.set("nic", 1e9)->rule, "nic");
}

TEST(SweepFigures, HeadsShareTheWidth) {
  Bench b;
  const double parameters = static_cast<double>(attention_parameters(test::llama_7b()));
  b.model = test::llama_7b();  // 32 heads of 128, no grouping
  ASSERT_FALSE(b.set("heads", 64));
  EXPECT_EQ(b.model.head_dim, 64);
  EXPECT_EQ(b.model.kv_heads, 64);  // still one for each
  EXPECT_EQ(static_cast<double>(attention_parameters(b.model)), parameters);
  EXPECT_FALSE(check_figures(b.model));
  EXPECT_EQ(b.set("heads", 48)->rule, "model.heads");  // 4096 / 48 is no whole number
  ASSERT_FALSE(b.set("kv_heads", 24));
  EXPECT_EQ(check_figures(b.model)->rule, "model.kv_heads");
  ASSERT_FALSE(b.set("heads", 8));  // 512 wide
  ASSERT_FALSE(b.set("kv_heads", 8));
  EXPECT_EQ(check_figures(b.model)->rule, "model.heads");
}

TEST(SweepFigures, BudgetsBuyWholeNodesAndTokensMakeLengths) {
  Question q;
  q.cluster = Bench().cluster;
  q.cluster.price_per_gpu_hour = Dollars{2};
  const auto axes = derived_axes();
  ASSERT_EQ(axes[0].name, "budget");
  ASSERT_FALSE(axes[0].apply(q, 100));  // a node is 16 an hour: 6 of them
  EXPECT_EQ(q.gpus, 48);
  EXPECT_EQ(axes[0].apply(q, 15)->rule, "budget");
  q.gpus = 48;
  q.work.global_batch = 2;
  ASSERT_FALSE(axes[1].apply(q, 1024));
  EXPECT_EQ(q.work.seq_len.count, 24576);  // 1024 x 48 / 2
  q.cluster.price_per_gpu_hour = {};
  EXPECT_EQ(axes[0].apply(q, 100)->rule, "budget");
}

}  // namespace
}  // namespace ithaca
