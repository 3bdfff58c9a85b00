#include "validate/run_machine.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

RunHardware named(const std::string& gpu) {
  RunHardware hardware;
  hardware.gpu = gpu;
  return hardware;
}

Result<RunMachine, RunRefusal> machine_of(const RunHardware& hardware, int gpus) {
  RunProfiles profiles;
  return run_machine(hardware, gpus, profiles);
}

std::string gpu_of(const RunHardware& hardware) {
  const auto machine = machine_of(hardware, 8);
  return machine ? machine->loaded.cluster.gpu.name : machine.error().rule;
}

TEST(RunMachine, KnowsGpusByTheirNames) {
  EXPECT_EQ(gpu_of(named("A100-SXM4-80GB")), "a100-80gb");
  EXPECT_EQ(gpu_of(named("NVIDIA A100 SXM4 40 GB")), "a100-40gb");
  EXPECT_EQ(gpu_of(named("A100 (memory size not stated in the data)")), "a100-80gb");
  EXPECT_EQ(gpu_of(named("A100-PCIE-80GB")), "a100-pcie-80gb");
  EXPECT_EQ(gpu_of(named("H100-SXM5-80GB")), "h100-sxm");
  EXPECT_EQ(gpu_of(named("H100 80GB HBM3")), "h100-sxm");
  EXPECT_EQ(gpu_of(named("H200")), "h200-sxm");
  EXPECT_EQ(gpu_of(named("B200-SXM")), "b200");
  EXPECT_EQ(gpu_of(named("GB200")), "gb200");
  EXPECT_EQ(gpu_of(named("Tesla V100-SXM2-32GB")), "v100-sxm-32gb");
  EXPECT_EQ(gpu_of(named("V100")), "v100-sxm-16gb");
  EXPECT_EQ(gpu_of(named("TPU v4")), "hardware.gpu");
  EXPECT_EQ(gpu_of(named("GH200")), "hardware.gpu");
  RunHardware sized = named("A100");
  sized.memory = Bytes{40e9};
  EXPECT_EQ(gpu_of(sized), "a100-40gb");
}

TEST(RunMachine, GivenRatesKeepTheShareThatNcclReaches) {
  const auto usual = machine_of(named("A100-SXM4-80GB"), 16);
  RunHardware given = named("A100-SXM4-80GB");
  given.uplink = BytesPerSecond{100e9};  // half of the profile's 200 GB/s
  given.port = BytesPerSecond{150e9};    // half of 300
  const auto machine = machine_of(given, 16);
  ASSERT_TRUE(usual);
  ASSERT_TRUE(machine);
  const Cluster &a = usual->loaded.cluster, &b = machine->loaded.cluster;
  EXPECT_DOUBLE_EQ(b.domains[0].peak.value(), 100e9);
  EXPECT_DOUBLE_EQ(b.domains[0].achieved / a.domains[0].achieved, 0.5);
  EXPECT_DOUBLE_EQ(b.port_achieved / a.port_achieved, 0.5);
  EXPECT_EQ(usual->assumed.size(), 2u);  // the profile, and its network
  EXPECT_EQ(machine->assumed.size(), 1u);
}

TEST(RunMachine, KernelsOfItsOwnReplaceTheProfiles) {
  // b200-steps has matrix products at 1133 TFLOPS, streaming at 0.4112 and cudnn's attention alone.
  RunHardware given = named("B200-SXM");
  given.kernels = "b200-steps";
  const auto machine = machine_of(given, 8);
  ASSERT_TRUE(machine);
  const Gpu& gpu = machine->loaded.cluster.gpu;
  EXPECT_NEAR(gpu.gemm.half.tile[0].value(), 1133e12, 1);
  EXPECT_EQ(gpu.streaming_efficiency, 0.4112);
  ASSERT_EQ(machine->loaded.attention.size(), 1u);
  EXPECT_EQ(machine->loaded.attention[0].kernel, "cudnn");
  EXPECT_EQ(machine->assumed.back(), "kernels as timed for b200-steps");
  given.kernels = "nobody";
  EXPECT_EQ(machine_of(given, 8).error().rule, "hardware.kernels");
}

TEST(RunMachine, NodesOfAnotherSizeAndOtherPeaks) {
  RunHardware given = named("A100-SXM4-80GB");
  given.gpus_per_node = 4;
  given.peak_half = FlopPerSecond{156e12};
  given.memory_rate = BytesPerSecond{1600e9};
  const auto machine = machine_of(given, 16);
  ASSERT_TRUE(machine);
  const Cluster& c = machine->loaded.cluster;
  EXPECT_EQ(c.node_gpus, 4);
  EXPECT_EQ(c.domains[0].gpus, 4);
  EXPECT_DOUBLE_EQ(c.domains[0].peak.value(), 100e9);  // four of eight NICs of 25 GB/s
  EXPECT_DOUBLE_EQ(c.gpu.peak[0].value(), 156e12);
  EXPECT_DOUBLE_EQ(c.gpu.memory_rate.value(), 1600e9);
}

TEST(RunMachine, ACutDownGpuHasItsOwnLinks) {
  const auto machine = machine_of(named("H800"), 8);
  ASSERT_TRUE(machine);
  EXPECT_DOUBLE_EQ(machine->loaded.cluster.port_peak.value(), 200e9);
}

}  // namespace
}  // namespace ithaca
