// The committed curves: made by the program from the committed tables, and as good as is said of them.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "configs/reader/load_hardware.hpp"
#include "validate/kernel_fit.hpp"

namespace ithaca {
namespace {

const std::string kRoot = ITHACA_SOURCE_DIR "/";

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 4096> buffer;
  for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) text.append(buffer.data(), n);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return text;
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> all;
  for (std::string word; in >> word;) all.push_back(word);
  return all;
}

/// Equal word by word; numbers within 1 %, since the search ends at a slightly different place with another compiler.
void expect_same(const std::string& made, const std::string& committed) {
  const auto a = words(made), b = words(committed);
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    char *rest_a = nullptr, *rest_b = nullptr;
    const double x = std::strtod(a[i].c_str(), &rest_a), y = std::strtod(b[i].c_str(), &rest_b);
    EXPECT_STREQ(rest_a, rest_b);
    EXPECT_NEAR(x, y, 0.01 * std::abs(y) + 0.11) << "word " << i << " of " << a.size();
  }
}

std::string content(const std::string& file) {
  std::ifstream in(file);
  EXPECT_TRUE(in) << file;
  return {std::istreambuf_iterator<char>(in), {}};
}

/// `what` is a name, a GPU and the file that gives what the tables cannot tell.
std::string fitted(const std::string& what, const std::vector<std::string>& tables) {
  std::string command = ITHACA_FIT_KERNELS " " + what;
  for (const std::string& table : tables) command += " " + kRoot + "validate/data/" + table;
  return output_of(command);
}

Gpu gpu(const char* name) {
  const auto loaded = load_gpu(name);
  EXPECT_TRUE(loaded) << print(loaded.error());
  return loaded->gpu;
}

std::vector<KernelSample> samples(const std::string& table, const std::string& kernel) {
  const auto loaded = load_kernel_samples(kRoot + "validate/data/" + table);
  EXPECT_TRUE(loaded) << print(loaded.error());
  std::vector<KernelSample> chosen;
  for (const KernelSample& s : loaded->samples)
    if (s.kernel == kernel) chosen.push_back(s);
  EXPECT_FALSE(chosen.empty());
  return chosen;
}

TEST(FitKernels, TheCommittedFilesAreTheProgramsOutput) {
  expect_same(fitted("h100-sxm h100-sxm h100-sxm", {"h100-gemm.yaml", "h100-attention.yaml"}),
              content(kRoot + "hw_profiles/kernels/h100-sxm.yaml"));
  expect_same(fitted("a100-80gb a100-80gb a100-80gb-steps", {"a100-attention.yaml"}),
              content(kRoot + "hw_profiles/kernels/a100-80gb.yaml"));
}

TEST(FitKernels, SoAreThoseOfMeasuredGpus) {
  for (const std::string gpu : {"h100-sxm", "h200-sxm"})
    expect_same(fitted(gpu + "-probe " + gpu + " h100-sxm", {gpu + "/*-gemm.yaml", gpu + "/attention-*.yaml"}),
                content(kRoot + "hw_profiles/kernels/" + gpu + "-probe.yaml"));
}

TEST(FitKernels, MeasuredGpusAreKnownToAFewPercent) {
  // Rows that were not fitted.
  struct Stated {
    const char *file, *of;
    double most;
  };
  for (const auto& [file, of, most] : {Stated{"h200-sxm-probe", "gemm bf16", 2},
                                       {"h200-sxm-probe", "cudnn forward", 2.1},
                                       {"h200-sxm-probe", "cudnn backward", 4.1},
                                       {"h100-sxm-probe", "gemm bf16", 3.2},
                                       {"h100-sxm-probe", "cudnn forward", 3},
                                       {"h100-sxm-probe", "cudnn backward", 4.3}}) {
    const auto kernels = load_kernels(file);
    ASSERT_TRUE(kernels) << print(kernels.error());
    const auto held_out = [of = of](const FitError& e) { return e.held_out && e.of == of; };
    const auto error = std::find_if(kernels->errors.begin(), kernels->errors.end(), held_out);
    ASSERT_NE(error, kernels->errors.end()) << file << " " << of;
    EXPECT_LE(error->mean, most) << file << " " << of;
    EXPECT_GE(error->samples, 16);
  }
}

TEST(FitKernels, OneGpusCurvesHoldForTheOther) {
  // H100 and H200 are one die under one power limit: each one's GEMM curve is within 3.5 % of the other's rows on
  // average.
  for (const auto& [curve, table] : {std::pair{"h100-sxm", "h200-sxm"}, {"h200-sxm", "h100-sxm"}}) {
    double sum = 0, rows = 0;
    for (const KernelSample& s : samples(std::string(table) + "/llama3-8b-gemm.yaml", "")) {
      if (!s.doubt.empty()) continue;
      sum += std::abs(predicted_time(gpu(curve), s) / s.time - 1);
      ++rows;
    }
    EXPECT_LT(sum / rows, 0.035) << curve << " on " << table;
  }
}

TEST(FitKernels, HeldOutErrorsAreAsStated) {
  // Means of absolute errors in percent, on samples that were not fitted, rounded up from the committed files.
  const std::vector<std::pair<std::string, double>> stated = {{"gemm bf16", 4.1},
                                                              {"gemm bf16 from 25 us", 2.5},
                                                              {"gemm fp32", 18},
                                                              {"gemm fp32 from 25 us", 14},
                                                              {"fa3 forward", 2.5},
                                                              {"fa3 backward", 1.5},
                                                              {"fa2 forward", 1.6},
                                                              {"fa2 backward", 0.5},
                                                              {"cudnn forward", 2},
                                                              {"cudnn backward", 2.1},
                                                              {"fa2 forward and backward", 1.6},
                                                              {"fa1 forward and backward", 1.4}};
  std::size_t found = 0;
  for (const char* name : {"h100-sxm", "a100-80gb"}) {
    const auto kernels = load_kernels(name);
    ASSERT_TRUE(kernels) << print(kernels.error());
    for (const FitError& error : kernels->errors)
      for (const auto& [of, limit] : stated)
        if (error.held_out && error.of == of) {
          EXPECT_LE(error.mean, limit) << name << " " << of;
          ++found;
        }
  }
  EXPECT_EQ(found, stated.size() + 1);  // "fa2 forward and backward" on both
}

TEST(FitKernels, TheCommittedCurvesReproduceTheTables) {
  // The committed digits, through the catalogue, against every bf16 GEMM of 25 us and more: within 9 %.
  Gpu h100 = gpu("h100-sxm");
  h100.gemm = *load_kernels("h100-sxm")->gemm;
  for (const KernelSample& s : samples("h100-gemm.yaml", "")) {
    if (s.dtype == Dtype::fp32 || s.time.value() < 25e-6) continue;
    EXPECT_NEAR(predicted_time(h100, s) / s.time, 1, 0.09)
        << s.gemm.batch << " x " << s.gemm.m << " x " << s.gemm.n << " x " << s.gemm.k;
  }
  for (const KernelSample& s : samples("h100-attention.yaml", "fa3"))
    EXPECT_NEAR(predicted_time(h100, s) / s.time, 1, 0.065);
}

TEST(FitKernels, FirstFlashAttentionInTraining) {
  // arXiv 2307.08691 table 1: GPT3-1.3B (24 layers, 16 heads of 128) at 8192 tokens, 170 TFLOP/s with FlashAttention
  // and 220 with its successor, by 6 N + 12 L h s = 7.9e9 + 4.83e9 = 12.7e9 FLOPs a token, N = 1.31e9: 74.8 and 57.8 us
  // a token. Of the latter attention takes 3.5/3 x 4.83e9 / 2 = 2.82e9 FLOPs at the 185 TFLOP/s of its curve, 15.2 us;
  // the first then has 15.4 + 74.8 - 57.8 = 32.4 us, 87.0 TFLOP/s. Its curve knows head size 64 alone.
  Gpu a100 = gpu("a100-80gb");
  const auto kernels = load_kernels("a100-80gb");
  ASSERT_TRUE(kernels);
  const AttentionCall call{1, 8192, 8192, 16, 16, 128};
  for (const auto& [name, expected, off] : {std::tuple{"fa2", 183e12, 0.005}, {"fa1", 87e12, 0.05}}) {
    const auto named = [name = name](const AttentionKernel& k) { return k.kernel == name; };
    a100.attention = std::find_if(kernels->attention.begin(), kernels->attention.end(), named)->curve;
    const Seconds time =
        attention_forward_time(a100, call, Dtype::bf16) + attention_backward_time(a100, call, Dtype::bf16);
    EXPECT_NEAR(attention_flops(call).value() * 3.5 / time.value() / expected, 1, off) << name;
  }
}

TEST(FitKernels, LongSequencesOfAnotherSource) {
  // Nothing was fitted to these. 64 Ki tokens under Ulysses on 8 GPUs, all-to-alls included: forward moves Q, K, V and
  // O, 8192 x (2 x 64 + 2 x 8) x 128 x 2 x 7/8 bytes = 0.26 GB or 0.7 ms at 375 GB/s, backward twice that; kernels
  // alone must not take longer than measured, and 12 % less is as far as communication and hotter GPUs explain.
  const Gpu h100 = gpu("h100-sxm");
  for (const KernelSample& s : samples("h100-attention-distributed.yaml", "fa3")) {
    EXPECT_LT(predicted_time(h100, s), s.time);
    EXPECT_GT(predicted_time(h100, s), s.time * 0.88);
  }
}

TEST(FitKernels, AttentionWithoutFlash) {
  // Not fitted either: PyTorch's attention of 2048 tokens and more. Forward without a mask within 15 %, backward up to
  // 30 % longer than scores passed through memory as rarely as assumed. A causal mask is a pass of its own there (and
  // in its cast another), where the model has Megatron-LM's fused softmax.
  const Gpu h100 = gpu("h100-sxm");
  for (const KernelSample& s : samples("h100-attention.yaml", "standard")) {
    if (s.attention.queries < 2048) continue;
    const double ratio = predicted_time(h100, s) / s.time;
    const bool plain = s.op == KernelSample::Op::attention_forward && !s.attention.causal;
    EXPECT_GT(ratio, plain ? 0.85 : s.attention.causal ? 0.53 : 0.7);
    EXPECT_LT(ratio, plain ? 1.25 : 1.1);
  }
}

}  // namespace
}  // namespace ithaca
