#include "configs/reader/run_fields.hpp"

#include "tests/support/runs.hpp"

namespace ithaca {
namespace {

TEST(RunFields, MeasuredFiguresByTheirKeys) {
  // 149 TFLOP/s; 43 days are 3.7152e6 s; 80,000 GPU-hours on 8 GPUs are 3.6e7 s.
  const RunMeasured m = test::one_run("", "tflops_per_gpu: 149, days_for_300B_tokens: 43").measured;
  EXPECT_EQ(m.rate_per_gpu, FlopPerSecond{149e12});
  EXPECT_EQ(m.whole, Seconds{3.7152e6});
  EXPECT_EQ(m.whole_tokens, 300e9);
  EXPECT_EQ(test::one_run("", "gpu_hours_for_1.4T_tokens: 80000").measured.whole, Seconds{3.6e7});
  EXPECT_EQ(test::one_run("", "iter_time_ms: 250").measured.step, Seconds{0.25});
  EXPECT_EQ(test::one_run("", "iter_time_s: null").measured.step, std::nullopt);
}

TEST(RunFields, RatesOfTheNetworkAreANodes) {
  // 25 GB/s a GPU of 8, 200 Gb/s a NIC of 4, 800 Gb/s a node: 200, 100 and 100 GB/s.
  for (const auto& [keys, rate] : {std::pair{"gpus_per_node: 8, nic_GBps_per_gpu_per_dir: 25", 200e9},
                                   {"gpus_per_node: 8, nics_per_node: 4, nic_Gbps: 200", 100e9},
                                   {"gpus_per_node: 8, inter_node_Gbps_per_node: 800", 100e9}}) {
    std::string text = test::runs_text();
    text.replace(text.find("gpus_per_node: 8"), 16, keys);
    const auto runs = test::read_runs_text(text);
    ASSERT_TRUE(runs) << print(runs.error());
    EXPECT_EQ(runs->runs[0].hardware.uplink, BytesPerSecond{rate}) << keys;
  }
}

TEST(RunFields, ShapesOfExpertsAndLatents) {
  std::string text = test::runs_text();
  text.replace(text.find("gated_mlp: false"), 16,
               "experts: 160, topk: 6, moe_ffn: 1536, dense_layers: 0, kv_lora_rank: 512, gated_mlp: true");
  const auto runs = test::read_runs_text(text);
  ASSERT_TRUE(runs) << print(runs.error());
  const RunModel& m = runs->runs[0].model;
  EXPECT_EQ(m.experts, 160);
  EXPECT_EQ(m.topk, 6);
  EXPECT_EQ(m.dense_layers, 0);
  EXPECT_EQ(m.kv_lora_rank, 512);
  EXPECT_EQ(m.q_lora_rank, std::nullopt);
}

TEST(RunFields, DegreesInEitherPlace) {
  const RunDegrees d = test::one_run("  parallel: {tp: 2, cp: 4, ulysses: 2, ring: 2}\n").degrees;
  EXPECT_EQ(d.cp, 4);
  EXPECT_EQ(d.ulysses, 2);
  EXPECT_EQ(d.dp, std::nullopt);
  const RunDegrees nested = test::one_run("  hierarchical_context_parallel_sizes: [4, 2]\n").degrees;
  EXPECT_EQ(nested.ulysses, 4);
  EXPECT_EQ(nested.ring, 2);
  EXPECT_EQ(test::one_run("  parallel: {vpp: 4}\n").virtual_pp, 4);
  EXPECT_EQ(test::one_run("  parallel: null\n  virtual_pp: 3\n").virtual_pp, 3);
}

}  // namespace
}  // namespace ithaca
