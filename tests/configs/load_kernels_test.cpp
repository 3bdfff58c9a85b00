#include "configs/reader/load_kernels.hpp"

#include <gtest/gtest.h>

#include "configs/reader/catalogue.hpp"

namespace ithaca {
namespace {

Result<KernelSamples, Diagnostics> table(const std::string& samples) {
  const auto document =
      parse_document("table.yaml", "schema: measurements/1\nsource: a test\ngpu: h100-sxm\nsamples:\n" + samples);
  if (!document) return document.error();
  return read_kernel_samples(*document);
}

/// A kernel file with one attention kernel whose forward points are `points`.
Result<Kernels, Diagnostics> kernels(const std::string& points) {
  const std::string pass =
      "\n      full:\n" + points + "      causal: [{head_dim: 64, rate: 400TFLOPS, start_up: 9}]\n";
  const auto document = parse_document(
      "kernels.yaml",
      "schema: kernels/1\nname: x\ngpu: x\nmade_by: x\nsource: x\nsplit: x\nattention:\n  - kernel: fa3\n    mark: "
      "measured\n    launch: 5us\n    forward:" +
          pass + "    backward:" + pass);
  if (!document) return document.error();
  return read_kernels(*document);
}

std::string problems(const Diagnostics& diagnostics) { return print(diagnostics); }

TEST(LoadKernels, EveryCatalogueFileReads) {
  const auto names = catalogue_names(Kind::kernels);
  EXPECT_FALSE(names.empty());
  for (const std::string& name : names) {
    const auto loaded = load_kernels(name);
    ASSERT_TRUE(loaded) << problems(loaded.error());
    EXPECT_EQ(loaded->name, name);
  }
}

TEST(LoadKernels, TheH100HasAllCurves) {
  const auto h100 = load_kernels("h100-sxm");
  ASSERT_TRUE(h100) << problems(h100.error());
  ASSERT_TRUE(h100->gemm);
  EXPECT_EQ(h100->gemm_mark, Mark::calibrated);
  for (const GemmCurve::Rates* rates : {&h100->gemm->half, &h100->gemm->fp32})
    for (const FlopPerSecond rate : rates->tile) EXPECT_GT(rate.value(), 50e12);
  EXPECT_EQ(h100->attention.front().kernel, "fa3");
  for (const AttentionKernel& a : h100->attention)
    for (const AttentionCurve::Pass* pass : {&a.curve.forward, &a.curve.backward}) {
      EXPECT_GE(pass->full.size(), 2u) << a.kernel;
      EXPECT_GE(pass->causal.size(), 2u) << a.kernel;
    }
}

TEST(LoadKernels, ReadsPoints) {
  const auto loaded = kernels(
      "        - {head_dim: 64, rate: 400TFLOPS, start_up: 120.5}\n"
      "        - {head_dim: 128, rate: 0.5PFLOPS, start_up: 0, burst: 1.25}\n");
  ASSERT_TRUE(loaded) << problems(loaded.error());
  const AttentionCurve::Points& points = loaded->attention[0].curve.forward.full;
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[0].start_up, 120.5);
  EXPECT_EQ(points[0].burst, 0);
  EXPECT_EQ(points[1].burst, 1.25);
  EXPECT_DOUBLE_EQ(points[1].rate.value(), 500e12);
}

TEST(LoadKernels, PointsMustRiseAndHaveUnits) {
  const auto unsorted = kernels(
      "        - {head_dim: 128, rate: 400TFLOPS, start_up: 1}\n        - {head_dim: 64, rate: 400TFLOPS, start_up: "
      "1}\n");
  ASSERT_FALSE(unsorted);
  EXPECT_NE(problems(unsorted.error()).find("rise"), std::string::npos);
  const auto bare = kernels("        - {head_dim: 128, rate: 400, start_up: -1}\n");
  ASSERT_FALSE(bare);
  EXPECT_GE(bare.error().size(), 4u);  // no unit and a negative start, forward and backward
  const auto crowd = kernels("        []\n");
  ASSERT_FALSE(crowd);
  EXPECT_NE(problems(crowd.error()).find("0 head sizes"), std::string::npos);
}

TEST(LoadKernels, AFileWithoutCurvesIsOfNoUse) {
  const auto document =
      parse_document("empty.yaml", "schema: kernels/1\nname: x\ngpu: x\nmade_by: x\nsource: x\nsplit: x\n");
  ASSERT_TRUE(document);
  const auto loaded = read_kernels(*document);
  ASSERT_FALSE(loaded);
  EXPECT_NE(problems(loaded.error()).find("no curve"), std::string::npos);
}

TEST(LoadKernels, ReadsSamples) {
  const auto loaded = table(
      "  - {op: gemm, m: 256, n: 512, k: 1024, batch: 2, dtype: fp32, time_s: 1.5e-5}\n"
      "  - {op: attention_backward, kernel: fa3, seq: 4096, heads: 16, kv_heads: 8, head_dim: 128, batch: 4, causal: "
      "true, "
      "dtype: bf16, time_s: 2e-3}\n");
  ASSERT_TRUE(loaded) << problems(loaded.error());
  ASSERT_EQ(loaded->samples.size(), 2u);
  const KernelSample& gemm = loaded->samples[0];
  EXPECT_EQ(gemm.gemm.m, 256);
  EXPECT_EQ(gemm.gemm.batch, 2);
  EXPECT_EQ(gemm.dtype, Dtype::fp32);
  EXPECT_EQ(gemm.time, Seconds{1.5e-5});
  const KernelSample& attention = loaded->samples[1];
  EXPECT_EQ(attention.op, KernelSample::Op::attention_backward);
  EXPECT_EQ(attention.attention, (AttentionCall{4, 4096, 4096, 16, 8, 128, true, true}));
}

TEST(LoadKernels, ReadsWhatAProbeMeasured) {
  const auto loaded = table(
      "  - {op: gemm, m: 1, n: 2, k: 3, batch: 1, layout: nt, dtype: bf16, time_s: 2e-5, launched_s: 3e-5, timings: "
      "20, "
      "marked: 2, p10_s: 1.9e-5, p90_s: 2.2e-5, error: 0.01, clock_mhz: 1980, use: qkv, doubt: the clock fell}\n"
      "  - {op: swiglu, rows: 8, columns: 16, bytes: 768, dtype: bf16, time_s: 1e-6}\n"
      "  - {op: pack, rows: 8, columns: 16, ranks: 4, bytes: 512, dtype: bf16, time_s: 1e-6}\n"
      "  - {op: copy, path: to_host, bytes: 4096, dtype: bf16, time_s: 1e-6}\n"
      "  - {op: gemm_beside, m: 1, n: 2, k: 3, batch: 1, dtype: bf16, beside: copy to_host, alone_s: 1e-5, time_s: "
      "2e-5}\n"
      "provenance: {driver: '580.1', date: 2026-11-24}\nleft_out: ['attention: no memory']\n");
  ASSERT_TRUE(loaded) << problems(loaded.error());
  const std::vector<KernelSample>& s = loaded->samples;
  ASSERT_EQ(s.size(), 5u);
  EXPECT_EQ(s[0].layout, KernelSample::Layout::nt);
  EXPECT_EQ(s[0].launched, Seconds{3e-5});
  ASSERT_TRUE(s[0].spread);
  EXPECT_EQ(s[0].spread->timings, 20);
  EXPECT_EQ(s[0].spread->marked, 2);
  EXPECT_EQ(s[0].spread->p90, Seconds{2.2e-5});
  EXPECT_EQ(s[0].spread->clock_mhz, 1980);
  EXPECT_EQ(s[0].use, "qkv");
  EXPECT_EQ(s[0].doubt, "the clock fell");
  EXPECT_EQ(s[1].columns, 16);
  EXPECT_EQ(s[1].moved, Bytes{768});
  EXPECT_FALSE(s[1].spread);
  EXPECT_EQ(s[2].ranks, 4);
  EXPECT_EQ(s[3].path, KernelSample::Path::to_host);
  EXPECT_EQ(s[4].alone, Seconds{1e-5});
  ASSERT_EQ(loaded->provenance.size(), 2u);
  EXPECT_EQ(loaded->provenance[0].second, "580.1");
  EXPECT_EQ(loaded->left_out, std::vector<std::string>{"attention: no memory"});
}

TEST(LoadKernels, SamplesOfMemoryNeedTheirShape) {
  const auto loaded = table(
      "  - {op: pack, rows: 8, columns: 16, bytes: 512, dtype: bf16, time_s: 1e-6}\n"
      "  - {op: copy, path: sideways, bytes: 1, dtype: bf16, time_s: 1e-6}\n"
      "provenance: {driver: [1]}\nleft_out: [{a: 1}]\n");
  ASSERT_FALSE(loaded);
  const std::string text = problems(loaded.error());
  for (const char* part : {"ranks", "sideways", "'driver' is no text", "'left_out' is no text"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
}

TEST(LoadKernels, AllProblemsOfATableAtOnce) {
  const auto loaded = table(
      "  - {op: gemn, m: 256, n: 512, k: 1024, batch: 1, dtype: bf16, time_s: 1e-5}\n"
      "  - {op: gemm, m: 0, n: 512, k: 1024, batch: 1, dtype: bf61, time_s: 1e-5, speed: 3}\n"
      "  - {op: gemm, m: 1, n: 512, k: 1024, batch: 1, dtype: bf16, time_s: 0}\n"
      "  - 7\n");
  ASSERT_FALSE(loaded);
  const std::string text = problems(loaded.error());
  for (const char* part : {"gemn", "did you mean 'gemm'", "bf61", "did you mean 'bf16'?", "speed", "'0'", "sample 4"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
}

}  // namespace
}  // namespace ithaca
