#include "validate/probe/kernel_cases.hpp"

#include <gtest/gtest.h>

#include "configs/reader/load_model.hpp"

namespace ithaca {
namespace {

using Op = KernelSample::Op;
using Layout = KernelSample::Layout;

CaseRequest llama(std::int64_t length, std::int64_t gpus) { return {load_model("llama3-8b")->model, {length}, gpus}; }

const KernelSample* find(const std::vector<KernelSample>& samples, const std::string& use) {
  for (const KernelSample& s : samples)
    if (s.use == use) return &s;
  return nullptr;
}

void expect_gemm(const std::vector<KernelSample>& samples, const std::string& use, Gemm g, Layout layout) {
  const KernelSample* s = find(samples, use);
  ASSERT_NE(s, nullptr) << use;
  EXPECT_EQ(s->gemm.m, g.m) << use;
  EXPECT_EQ(s->gemm.n, g.n) << use;
  EXPECT_EQ(s->gemm.k, g.k) << use;
  EXPECT_EQ(s->layout, layout) << use;
}

TEST(KernelCases, GemmsOfALayer) {
  // Llama 3 8B: h 4096, 32 query and 8 KV heads of 128, f 14336 with a gate. 8192 tokens on one GPU.
  const auto samples = cases(Family::gemm, llama(8192, 1));
  EXPECT_EQ(samples.size(), 12u);  // four matrices, three passes; one GPU has no other split
  expect_gemm(samples, "llama3-8b qkv forward", {8192, 4096 + 2 * 1024, 4096, 1}, Layout::tn);
  expect_gemm(samples, "llama3-8b qkv input gradient", {8192, 4096, 6144, 1}, Layout::nn);
  expect_gemm(samples, "llama3-8b qkv weight gradient", {4096, 6144, 8192, 1}, Layout::nt);
  expect_gemm(samples, "llama3-8b output forward", {8192, 4096, 4096, 1}, Layout::tn);
  expect_gemm(samples, "llama3-8b up forward", {8192, 28672, 4096, 1}, Layout::tn);
  expect_gemm(samples, "llama3-8b down forward", {8192, 4096, 14336, 1}, Layout::tn);
}

TEST(KernelCases, BothSplitsOfASequence) {
  // 8 GPUs: Ulysses has 1024 tokens and whole matrices; Megatron-SP 8192 and an eighth of QKV: 512 + 2 x 128.
  const auto samples = cases(Family::gemm, llama(8192, 8));
  EXPECT_EQ(samples.size(), 24u);
  expect_gemm(samples, "llama3-8b qkv forward", {1024, 6144, 4096, 1}, Layout::tn);
  const KernelSample& megatron = samples[12];
  EXPECT_EQ(megatron.gemm.m, 8192);
  EXPECT_EQ(megatron.gemm.n, 768);
  // 16 GPUs do not divide 8 KV heads: no Megatron-SP.
  EXPECT_EQ(cases(Family::gemm, llama(8192, 16)).size(), 12u);
}

TEST(KernelCases, RepeatedLengthsAreTimedOnce) {
  CaseRequest request = llama(8192, 1);
  request.lengths = {8192, 8192};
  EXPECT_EQ(cases(Family::gemm, request).size(), 12u);
  EXPECT_EQ(cases(Family::attention, request).size(), 4u);
}

TEST(KernelCases, AttentionOverTheWholeSequence) {
  const auto samples = cases(Family::attention, llama(65536, 8));
  ASSERT_EQ(samples.size(), 4u);  // causal and full, forward and backward
  EXPECT_EQ(samples[0].op, Op::attention_forward);
  EXPECT_EQ(samples[1].op, Op::attention_backward);
  EXPECT_EQ(samples[0].attention, (AttentionCall{1, 65536, 65536, 4, 1, 128, true, true}));
  EXPECT_FALSE(samples[2].attention.causal);
  EXPECT_EQ(samples[0].kernel, "cudnn");
}

TEST(KernelCases, UnevenHeads) {
  // 32 query heads on 3 GPUs: the first has 11, behind which stand KV heads 0, 1 and 2 (4 queries each); 11 is no
  // multiple of 3, so the kernel sees 11.
  const auto samples = cases(Family::attention, llama(65536, 3));
  EXPECT_EQ(samples[0].attention.heads, 11);
  EXPECT_EQ(samples[0].attention.kv_heads, 11);
  // The permutation pads to 33 heads of 128: 3 ranks of 11 x 128, and 65536 / 3 tokens, rounded up.
  const auto pack = cases(Family::permute, llama(65536, 3));
  ASSERT_EQ(pack.size(), 2u);
  EXPECT_EQ(pack[0].rows, 21846);
  EXPECT_EQ(pack[0].columns, 33 * 128);
  EXPECT_EQ(pack[0].ranks, 3);
}

TEST(KernelCases, BytesOfStreamingKernels) {
  // 8192 / 8 = 1024 tokens in bf16. RMSNorm: 2 x 2 B x 1024 x 4096; SwiGLU: 3 x 2 B x 1024 x 14336; residual 3 x.
  const auto samples = cases(Family::streaming, llama(8192, 8));
  ASSERT_EQ(samples.size(), 3u);
  EXPECT_EQ(samples[0].op, Op::rms_norm);
  EXPECT_EQ(samples[0].moved, Bytes{16777216});
  EXPECT_EQ(samples[1].op, Op::swiglu);
  EXPECT_EQ(samples[1].moved, Bytes{88080384});
  EXPECT_EQ(samples[2].moved, Bytes{25165824});
  CaseRequest gpt = llama(8192, 8);
  gpt.model.gated_ffn = false;
  gpt.model.norm = Norm::layer;
  EXPECT_EQ(cases(Family::streaming, gpt)[0].op, Op::layer_norm);
  EXPECT_EQ(cases(Family::streaming, gpt)[1].op, Op::gelu);
}

TEST(KernelCases, CopiesAndOverlap) {
  // 64 KiB, 1 MiB, 16 MiB, 256 MiB on three paths.
  const auto copies = cases(Family::copy, llama(8192, 1));
  ASSERT_EQ(copies.size(), 12u);
  EXPECT_EQ(copies[3].moved, Bytes{268435456});
  const auto overlap = cases(Family::overlap, llama(8192, 1));
  ASSERT_EQ(overlap.size(), 3u);
  EXPECT_EQ(overlap[0].beside, "copy to_device");
  EXPECT_EQ(overlap[2].path, KernelSample::Path::within_device);
  EXPECT_EQ(overlap[0].gemm.n, 28672);
}

TEST(KernelCases, EveryFamilyHasAName) {
  for (const Family family : kFamilies) EXPECT_FALSE(name(family).empty());
}

}  // namespace
}  // namespace ithaca
