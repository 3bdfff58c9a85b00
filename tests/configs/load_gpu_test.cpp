#include <gtest/gtest.h>

#include <algorithm>

#include "configs/reader/catalogue.hpp"
#include "configs/reader/load_hardware.hpp"
#include "configs/reader/load_kernels.hpp"
#include "tests/support/edited_profile.hpp"

namespace ithaca {
namespace {

constexpr std::size_t kBf16 = 0, kFp16 = 1, kFp32 = 2;

LoadedGpu load(std::string_view name) {
  auto gpu = load_gpu(name);
  if (gpu) return *gpu;
  ADD_FAILURE() << print(gpu.error());
  return {};
}

const FigureSource* find(const std::vector<FigureSource>& sources, std::string_view figure) {
  const auto found = std::find_if(sources.begin(), sources.end(), [&](const auto& s) { return s.figure == figure; });
  return found == sources.end() ? nullptr : &*found;
}

TEST(GpuCatalogue, HoldsTheKnownGpus) {
  const std::vector<std::string> expected{"a100-40gb",     "a100-80gb",    "a100-pcie-80gb", "b200",     "gb200",
                                          "gh200",         "h100-nvl",     "h100-pcie",      "h100-sxm", "h200-sxm",
                                          "l20",           "l40s",         "mi300x",         "mi355x",   "rtx-4090",
                                          "v100-sxm-16gb", "v100-sxm-32gb"};
  EXPECT_EQ(catalogue_names(Kind::gpu), expected);
}

class EveryGpu : public testing::TestWithParam<std::string> {};

TEST_P(EveryGpu, LoadsWithPossibleValues) {
  const LoadedGpu loaded = load(GetParam());
  const Gpu& gpu = loaded.gpu;
  EXPECT_EQ(gpu.name, GetParam());
  EXPECT_FALSE(loaded.description.empty());
  EXPECT_GT(gpu.memory.value(), 15e9);
  EXPECT_LT(gpu.memory.value(), 400e9);
  EXPECT_GT(gpu.memory_efficiency, 0.5);
  EXPECT_LE(gpu.memory_efficiency, 1);
  EXPECT_GT(gpu.host_link.value(), 0);
  for (std::size_t i = 0; i < kDtypes; ++i) {
    EXPECT_LE(gpu.sustained[i], gpu.peak[i]) << "dtype " << i;
    EXPECT_EQ(gpu.sustained[i].value() > 0, gpu.peak[i].value() > 0) << "dtype " << i;
  }
  for (const FlopPerSecond rate : gpu.gemm.half.tile) EXPECT_GT(rate.value(), 0);
  EXPECT_FALSE(gpu.attention.forward.causal.empty());
  EXPECT_FALSE(gpu.attention.backward.full.empty());
}

TEST_P(EveryGpu, SaysWhereEachFigureComesFrom) {
  const LoadedGpu loaded = load(GetParam());
  for (const FigureSource& s : loaded.sources) {
    EXPECT_FALSE(s.value.empty()) << s.figure;
    EXPECT_GT(s.source.size(), 10u) << s.figure;
  }
  for (const char* figure :
       {"gpu.sms", "gpu.memory", "gpu.memory_rate", "gpu.memory_efficiency", "gpu.peak.fp16", "gpu.peak.fp32",
        "gpu.sustained.fp16", "gpu.sustained.fp32", "gpu.host_link", "gpu.kernels.gemm", "gpu.kernels.attention"})
    EXPECT_NE(find(loaded.sources, figure), nullptr) << figure;
}

INSTANTIATE_TEST_SUITE_P(Catalogue, EveryGpu, testing::ValuesIn(catalogue_names(Kind::gpu)), test_name);

// A card never offers its programs more than the vendor's round number of binary gigabytes.
TEST(Gpu, MemoryIsWhatTheDriverReports) {
  EXPECT_LT(load("h100-sxm").gpu.memory.value(), 80 * 1073741824.0);
  EXPECT_GT(load("h100-sxm").gpu.memory.value(), 79 * 1073741824.0);
  EXPECT_LT(load("v100-sxm-16gb").gpu.memory.value(), 16 * 1073741824.0);
}

TEST(Gpu, V100HasNoBf16AndNoTf32) {
  const Gpu gpu = load("v100-sxm-32gb").gpu;
  EXPECT_EQ(gpu.peak[kBf16].value(), 0);
  EXPECT_EQ(gpu.sustained[kBf16].value(), 0);
  EXPECT_EQ(gpu.peak[kFp32].value(), 15.7e12);
}

// Nobody measured an L40S: 362.05 TFLOPS x 794.5 / 989.4, the share that an H100 SXM reaches.
TEST(Gpu, UnmeasuredSustainedRateIsTheShareOfAnother) {
  const LoadedGpu loaded = load("l40s");
  EXPECT_NEAR(loaded.gpu.sustained[kBf16].value() / (362.05e12 * 794.5 / 989.4), 1, 1e-9);
  const FigureSource* source = find(loaded.sources, "gpu.sustained.bf16");
  ASSERT_NE(source, nullptr);
  EXPECT_EQ(source->mark, Mark::extrapolated);
  EXPECT_NE(source->source.find("h100-sxm"), std::string::npos);
}

// fp16 was not measured on an A100 either, but it runs on the units of bf16.
TEST(Gpu, Fp16TakesTheRateOfBf16) {
  const LoadedGpu loaded = load("a100-80gb");
  EXPECT_NEAR(loaded.gpu.sustained[kFp16].value(), 271.2e12, 1);
  EXPECT_EQ(find(loaded.sources, "gpu.sustained.fp16")->mark, Mark::measured);
}

TEST(Gpu, OwnCurvesStayAsTheyAreAndOthersAreExtrapolated) {
  const auto kernels = load_kernels("h100-sxm-probe");
  ASSERT_TRUE(kernels);
  const Gpu h100 = load("h100-sxm").gpu, gh200 = load("gh200").gpu;
  const Gpu b200 = load("b200").gpu, gb200 = load("gb200").gpu;
  EXPECT_EQ(h100.gemm.half.tile[0], kernels->gemm->half.tile[0]);
  EXPECT_EQ(h100.gemm_mark, Mark::calibrated);
  EXPECT_EQ(h100.attention_mark, Mark::extrapolated);
  // The same die at the same rates, but nobody ran the kernels on it.
  EXPECT_EQ(gh200.gemm.half.tile[0], load("h200-sxm").gpu.gemm.half.tile[0]);
  EXPECT_EQ(gh200.gemm_mark, Mark::extrapolated);
  // A B200 takes a GB200's: sustained rates fall to 1745/1822 = 0.958, peaks to 2250/2500 = 0.9: the smaller counts.
  EXPECT_NEAR(b200.gemm.half.tile[0] / gb200.gemm.half.tile[0], 0.9, 1e-9);
}

struct Bad {
  const char* name;
  std::vector<Edit> edits;
  const char* what;
  bool in_file;        ///< reported at the edit's line of h100-sxm.yaml, or for a file that it names
  const char* beside;  ///< a text of the conflicting line, or null
};
void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.name; }

class BadGpu : public testing::TestWithParam<Bad> {};

TEST_P(BadGpu, IsReportedAtItsPlace) {
  const Bad& bad = GetParam();
  const EditedProfile file("hw_profiles/gpus/h100-sxm.yaml", bad.edits);
  const auto gpu = load_gpu(file.path());
  ASSERT_FALSE(gpu);
  const Diagnostic& first = gpu.error().front();
  EXPECT_NE(first.what.find(bad.what), std::string::npos) << print(gpu.error());
  EXPECT_EQ(first.at.line, bad.in_file ? file.line_of(bad.edits.front().with) : 0) << print(gpu.error());
  EXPECT_EQ(first.conflicts.has_value(), bad.beside != nullptr) << print(gpu.error());
  if (first.conflicts && bad.beside != nullptr) {
    EXPECT_EQ(first.conflicts->line, file.line_of(bad.beside));
  }
}

const Bad kBad[] = {
    {"sustained_above_peak", {{"794.5TFLOPS", "1.2PFLOPS"}}, "sustained 1.2PFLOPS is above", true, "989.4TFLOPS"},
    {"no_unit", {{"value: 79.11GiB", "value: 80"}}, "'80'", true, nullptr},
    {"no_bytes", {{"value: 79.11GiB", "value: 0GB"}}, "'0GB' is zero", true, nullptr},
    {"share_above_one", {{"0.897", "1.2"}}, "'1.2' is no share", true, nullptr},
    {"no_multiprocessor", {{"value: 132", "value: 0"}}, "'0' is below 1", true, nullptr},
    {"too_many", {{"value: 132", "value: 99999999999"}}, "more than any machine has", true, nullptr},
    {"octal", {{"value: 132", "value: 0132"}}, "'0132'", true, nullptr},
    {"generation", {{"arch: 90 ", "arch: 9000 "}}, "'9000' is no generation", true, nullptr},
    {"unknown_source",
     {{"from: driver", "from: drivr"}},
     "source 'drivr' is not in this file's sources",
     true,
     nullptr},
    {"unknown_mark", {{"mark: measured}", "mark: guessed}"}}, "'guessed' is no mark", true, nullptr},
    {"misspelt_key",
     {{"memory_rate:", "memory_bandwidth: {value: 1GBps, from: driver}\nmemory_rate:"}},
     "unknown key 'memory_bandwidth'",
     true,
     nullptr},
    {"no_such_kernels",
     {{"gemm: h100-sxm-probe", "gemm: h100-xsm"}},
     "there is no kernel file 'h100-xsm'",
     false,
     nullptr},
    {"kernels_without_gemm", {{"gemm: h100-sxm-probe", "gemm: a100-80gb"}}, "have no GEMM curve", false, nullptr},
};
INSTANTIATE_TEST_SUITE_P(Reader, BadGpu, testing::ValuesIn(kBad),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Gpu, SustainedRateWithoutAPeakIsAConflict) {
  const EditedProfile file("hw_profiles/gpus/h100-sxm.yaml",
                           {{"peak:\n  bf16: {value: 989.4TFLOPS, from: datasheet}\n", "peak:\n"}});
  const auto gpu = load_gpu(file.path());
  ASSERT_FALSE(gpu);
  EXPECT_NE(gpu.error().front().what.find("a sustained rate in bf16, but no peak"), std::string::npos);
}

TEST(Gpu, AFileMayNameItsKernelsOnce) {
  const EditedProfile file(
      "hw_profiles/gpus/h200-sxm.yaml",
      {{"kernels: {gemm: h200-sxm-probe, attention: [h100-sxm, h200-sxm-probe], streaming: a100-80gb-steps}",
        "kernels: h200-sxm-probe"}});
  const LoadedGpu edited = load(file.path());
  EXPECT_EQ(edited.gpu.gemm.half.tile[0], load("h200-sxm").gpu.gemm.half.tile[0]);
  ASSERT_EQ(edited.attention.size(), 1u);
  EXPECT_EQ(edited.attention[0].kernel, "cudnn");
}

TEST(Gpu, ALaterFileReplacesAnEarlierOnesKernel) {
  // H100's file has fa3, fa2 and cudnn; H200's own cudnn takes the place of the last, and the order stays.
  const LoadedGpu h200 = load("h200-sxm");
  ASSERT_EQ(h200.attention.size(), 3u);
  EXPECT_EQ(h200.attention[0].kernel, "fa3");
  EXPECT_EQ(h200.attention[0].mark, Mark::extrapolated);
  EXPECT_EQ(h200.attention[2].kernel, "cudnn");
  EXPECT_EQ(h200.attention[2].mark, Mark::calibrated);
  const auto is_cudnn = [](const FigureSource& s) { return s.figure == "gpu.kernels.attention.cudnn"; };
  ASSERT_EQ(std::count_if(h200.sources.begin(), h200.sources.end(), is_cudnn), 1);
  EXPECT_EQ(std::find_if(h200.sources.begin(), h200.sources.end(), is_cudnn)->value, "h200-sxm-probe cudnn");
}

TEST(Gpu, AMisspeltNameGetsTheNearestOne) {
  const auto gpu = load_gpu("h100-smx");
  ASSERT_FALSE(gpu);
  EXPECT_NE(print(gpu.error()).find("h100-sxm"), std::string::npos) << print(gpu.error());
}

}  // namespace
}  // namespace ithaca
