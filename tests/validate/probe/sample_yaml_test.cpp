#include "validate/probe/sample_yaml.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "configs/reader/load_model.hpp"
#include "validate/probe/kernel_cases.hpp"

namespace ithaca {
namespace {

Result<KernelSamples, Diagnostics> read_back(const KernelSamples& table) {
  const auto document = parse_document("probe.yaml", sample_yaml(table));
  if (!document) return document.error();
  return read_kernel_samples(*document);
}

void expect_same(const KernelSample& a, const KernelSample& b) {
  EXPECT_EQ(a.op, b.op);
  EXPECT_EQ(a.gemm.m, b.gemm.m);
  EXPECT_EQ(a.gemm.n, b.gemm.n);
  EXPECT_EQ(a.gemm.k, b.gemm.k);
  EXPECT_EQ(a.layout, b.layout);
  if (is_attention(a.op)) {
    EXPECT_EQ(a.attention, b.attention);
  }
  EXPECT_EQ(a.kernel, b.kernel);
  EXPECT_EQ(a.rows, b.rows);
  EXPECT_EQ(a.columns, b.columns);
  EXPECT_EQ(a.ranks, b.ranks);
  EXPECT_EQ(a.moved, b.moved);
  EXPECT_EQ(a.beside, b.beside);
  EXPECT_EQ(a.time, b.time);
  EXPECT_EQ(a.alone, b.alone);
  EXPECT_EQ(a.launched, b.launched);
  EXPECT_EQ(a.use, b.use);
  EXPECT_EQ(a.doubt, b.doubt);
}

TEST(SampleYaml, EveryCaseReadsBack) {
  const CaseRequest request{load_model("llama3-8b")->model, {8192}, 8};
  KernelSamples table{"a test", "h100-sxm", {}, {}, {}};
  for (const Family family : kFamilies)
    for (KernelSample s : cases(family, request)) {
      s.time = Seconds{1.25e-4};
      if (s.op == KernelSample::Op::gemm_beside) s.alone = Seconds{1e-4};
      table.samples.push_back(s);
    }
  const auto back = read_back(table);
  ASSERT_TRUE(back) << print(back.error());
  ASSERT_EQ(back->samples.size(), table.samples.size());
  for (std::size_t i = 0; i < table.samples.size(); ++i) {
    SCOPED_TRACE(i);
    expect_same(table.samples[i], back->samples[i]);
    if (table.samples[i].op == KernelSample::Op::copy) {
      EXPECT_EQ(table.samples[i].path, back->samples[i].path);
    }
  }
}

TEST(SampleYaml, WhatIsKnownOfTheTimingsReadsBack) {
  KernelSample s;
  s.gemm = {1, 2, 3, 4};
  s.time = Seconds{2e-5};
  s.launched = Seconds{3e-5};
  s.spread = KernelSample::Spread{Seconds{1e-5}, Seconds{4e-5}, 20, 3, 0.0125, 1980};
  s.use = "a \"quoted\": name\n";
  s.doubt = "back\\slash";
  const auto back = read_back({"x: y", "h100-sxm", {{"driver", "580.1"}, {"date", "2026-11-24"}}, {s}, {"gemm: no"}});
  ASSERT_TRUE(back) << print(back.error());
  const KernelSample& b = back->samples[0];
  EXPECT_EQ(b.launched, s.launched);
  ASSERT_TRUE(b.spread);
  EXPECT_EQ(b.spread->p10, s.spread->p10);
  EXPECT_EQ(b.spread->p90, s.spread->p90);
  EXPECT_EQ(b.spread->timings, 20);
  EXPECT_EQ(b.spread->marked, 3);
  EXPECT_EQ(b.spread->error, 0.0125);
  EXPECT_EQ(b.spread->clock_mhz, 1980);
  EXPECT_EQ(b.use, "a \"quoted\": name ");  // a line stays a line
  EXPECT_EQ(b.doubt, "back\\slash");
  EXPECT_EQ(back->source, "x: y");
  EXPECT_EQ(back->provenance,
            (std::vector<std::pair<std::string, std::string>>{{"driver", "580.1"}, {"date", "2026-11-24"}}));
  EXPECT_EQ(back->left_out, std::vector<std::string>{"gemm: no"});
}

TEST(SampleYaml, AnEmptyFamilyIsStillADocument) {
  const auto back = read_back({"a test", "h100-sxm", {}, {}, {"everything: no memory"}});
  ASSERT_TRUE(back) << print(back.error());
  EXPECT_TRUE(back->samples.empty());
}

TEST(SampleYaml, AnUnknownErrorIsLeftOut) {
  KernelSample s;
  s.gemm = {1, 1, 1, 1};
  s.time = Seconds{1};
  s.spread = KernelSample::Spread{Seconds{1}, Seconds{1}, 3, 0, std::numeric_limits<double>::infinity(), 0};
  const auto back = read_back({"a test", "h100-sxm", {}, {s}, {}});
  EXPECT_TRUE(back) << print(back.error());
}

TEST(SampleYaml, FilesOfFamilies) {
  EXPECT_EQ(with_family("h100.yaml", "gemm"), "h100-gemm.yaml");
  EXPECT_EQ(with_family("a.b/h100", "gemm"), "a.b/h100-gemm");
}

TEST(SampleYaml, GpusHaveTheirCatalogueName) {
  EXPECT_EQ(catalogue_gpu("NVIDIA H100 80GB HBM3"), "h100-sxm");
  EXPECT_EQ(catalogue_gpu("NVIDIA H200"), "h200-sxm");
  EXPECT_EQ(catalogue_gpu("NVIDIA GB200"), "gb200");
  EXPECT_EQ(catalogue_gpu("NVIDIA A100-SXM4-80GB"), "a100-80gb");
  EXPECT_EQ(catalogue_gpu("Some (new) GPU 9"), "some-new-gpu-9");
  EXPECT_EQ(catalogue_gpu(""), "unknown");
}

}  // namespace
}  // namespace ithaca
