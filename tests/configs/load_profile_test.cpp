#include "configs/reader/load_profile.hpp"

#include <gtest/gtest.h>

namespace ithaca {
namespace {

Result<Profile, Diagnostics> read(const std::string& rest) {
  const auto document = parse_document("p.yaml", "schema: profile/1\nmade_by: test\n" + rest);
  EXPECT_TRUE(document);
  return read_profile(*document);
}

const std::string kCurves =
    "curves:\n"
    "  - {op: all_reduce, algorithm: ring, level: server, ranks: 8, points: [{bytes: 1, factor: 2}]}\n"
    "  - {op: all_reduce, algorithm: ring, level: server, ranks: 2, points: [{bytes: 1, factor: 3}]}\n";

TEST(LoadProfile, CurvesComeByRisingRanks) {
  const auto profile = read(kCurves);
  ASSERT_TRUE(profile) << print(profile.error());
  ASSERT_EQ(profile->collectives.curves.size(), 2u);
  EXPECT_EQ(profile->collectives.curves[0].ranks, 2);
}

TEST(LoadProfile, MistakesAreNamed) {
  EXPECT_FALSE(read("curves:\n  - {op: all_sing, algorithm: ring, level: server, ranks: 8, points: []}\n"));
  EXPECT_FALSE(
      read("curves:\n  - {op: all_reduce, algorithm: ring, level: server, ranks: 8, points: [{bytes: 2, factor: 1}, "
           "{bytes: 1, factor: 1}]}\n"));
  EXPECT_FALSE(read("colour: red\n"));
}

TEST(LoadProfile, IsOfOneMachine) {
  auto h100 = load_cluster("dgx-h100"), a100 = load_cluster("dgx-a100");
  const auto profile = read("cluster: dgx-h100\n" + kCurves);
  EXPECT_TRUE(apply(*profile, h100.value()).empty());
  EXPECT_EQ(h100->cluster.measured.curves.size(), 2u);
  EXPECT_FALSE(apply(*profile, a100.value()).empty());
}

TEST(LoadProfile, KernelsReplaceTheCatalogues) {
  auto gpu = load_gpu("h100-sxm");
  const auto profile = read("gpu: h100-sxm\nstreaming_efficiency: 0.5\n");
  EXPECT_TRUE(apply(*profile, gpu.value()).empty());
  EXPECT_EQ(gpu->gpu.streaming_efficiency, 0.5);
}

// FNV-1a of nothing is its offset basis; "a" is a published test vector.
TEST(LoadProfile, HashIsFnv1a) {
  EXPECT_EQ(text_hash(""), "cbf29ce484222325");
  EXPECT_EQ(text_hash("a"), "af63dc4c8601ec8c");
}

TEST(LoadProfile, IntervalsBecomeDeviations) {
  // 90 % intervals are 3.29 deviations wide: ln(1.1 / 0.9) / 3.29 = 0.0610, ln(820 / 780) / 3.29 = 0.0152.
  const auto profile = read(
      "regimes:\n"
      "  - {op: all_to_all, algorithm: direct, protocol: Simple, level: network, latency: 1, latency_low: 1,"
      " latency_high: 1, transfer: 1, transfer_low: 0.9, transfer_high: 1.1, samples: 9}\n"
      "kernel_intervals:\n"
      "  - {of: \"gemm half 256x128, TFLOPS\", value: 800, value_low: 780, value_high: 820}\n"
      "  - {of: \"gemm launch, us\", value: 5, value_low: 1, value_high: 9}\n"
      "errors:\n"
      "  - {of: all_to_all of 16 ranks from 1 MiB, held_out: true, samples: 4, mean_percent: 4, bias_percent: 0, "
      "max_percent: 9}\n");
  ASSERT_TRUE(profile) << print(profile.error());
  ASSERT_EQ(profile->links.size(), 1U);
  EXPECT_TRUE(profile->links[0].across_nodes && profile->links[0].error.known);
  EXPECT_NEAR(profile->links[0].error.common, 0.0610, 1e-4);
  EXPECT_NEAR(profile->links[0].error.own, 0.04 * 1.2533, 1e-5);
  EXPECT_NEAR(profile->gemm_deviation, 0.0152, 1e-4);  // launches are no part of the rates
}

}  // namespace
}  // namespace ithaca
