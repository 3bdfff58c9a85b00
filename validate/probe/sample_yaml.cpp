#include "validate/probe/sample_yaml.hpp"

#include <fmt/format.h>

#include <cctype>
#include <chrono>
#include <cmath>
#include <ctime>

namespace ithaca {
namespace {

using Op = KernelSample::Op;

/// In double quotes; control characters become spaces.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return result + "\"";
}

std::string seconds(const char* key, Seconds time) { return fmt::format(", {}: {:.4e}", key, time.value()); }

std::string shape(const KernelSample& s) {
  const Gemm& g = s.gemm;
  const AttentionCall& a = s.attention;
  if (s.op == Op::gemm || s.op == Op::gemm_beside)
    return fmt::format(", m: {}, n: {}, k: {}, batch: {}, layout: {}", g.m, g.n, g.k, g.batch, name(s.layout));
  if (is_attention(s.op))
    return fmt::format(", kernel: {}, seq: {}, heads: {}, kv_heads: {}, head_dim: {}, batch: {}, causal: {}", s.kernel,
                       a.queries, a.heads, a.kv_heads, a.head_dim, a.batch, a.causal);
  if (s.op == Op::copy) return fmt::format(", path: {}, bytes: {:.0f}", name(s.path), s.moved.value());
  std::string text = fmt::format(", rows: {}, columns: {}, bytes: {:.0f}", s.rows, s.columns, s.moved.value());
  if (s.op == Op::pack || s.op == Op::unpack) text += fmt::format(", ranks: {}", s.ranks);
  return text;
}

std::string spread(const KernelSample::Spread& s) {
  std::string text = fmt::format(", timings: {}", s.timings);
  if (s.marked > 0) text += fmt::format(", marked: {}", s.marked);
  text += seconds("p10_s", s.p10) + seconds("p90_s", s.p90);
  if (std::isfinite(s.error)) text += fmt::format(", error: {:.4f}", s.error);
  if (s.clock_mhz > 0) text += fmt::format(", clock_mhz: {:.0f}", s.clock_mhz);
  return text;
}

std::string_view dtype(Dtype type) {
  switch (type) {
    case Dtype::bf16: return "bf16";
    case Dtype::fp16: return "fp16";
    case Dtype::fp32: return "fp32";
    case Dtype::fp8: return "fp8";
  }
  return "";
}

std::string sample(const KernelSample& s) {
  std::string text = fmt::format("  - {{op: {}", name(s.op)) + shape(s) + fmt::format(", dtype: {}", dtype(s.dtype));
  if (s.op == Op::gemm_beside) text += fmt::format(", beside: {}", quoted(s.beside)) + seconds("alone_s", s.alone);
  text += seconds("time_s", s.time);
  if (s.launched) text += seconds("launched_s", *s.launched);
  if (s.spread) text += spread(*s.spread);
  if (!s.use.empty()) text += ", use: " + quoted(s.use);
  if (!s.doubt.empty()) text += ", doubt: " + quoted(s.doubt);
  return text + "}\n";
}

}  // namespace

std::string sample_yaml(const KernelSamples& table) {
  std::string text = "schema: measurements/1\nsource: " + quoted(table.source) + "\ngpu: " + table.gpu + "\n";
  if (!table.provenance.empty()) text += "provenance:\n";
  for (const auto& [key, value] : table.provenance) text += "  " + key + ": " + quoted(value) + "\n";
  if (!table.left_out.empty()) text += "left_out:\n";
  for (const std::string& reason : table.left_out) text += "  - " + quoted(reason) + "\n";
  text += table.samples.empty() ? "samples: []\n" : "samples:\n";
  for (const KernelSample& s : table.samples) text += sample(s);
  return text;
}

std::string utc_now() {
  const std::time_t time = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  char text[32] = "";
  gmtime_r(&time, &utc);
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

std::string with_family(const std::string& path, std::string_view family) {
  const std::size_t slash = path.rfind('/'), dot = path.rfind('.');
  const bool has_ending = dot != std::string::npos && (slash == std::string::npos || dot > slash);
  const std::size_t end = has_ending ? dot : path.size();
  return path.substr(0, end) + "-" + std::string(family) + path.substr(end);
}

std::string catalogue_gpu(std::string_view device_name) {
  struct Known {
    std::string_view device, name;
  };
  constexpr Known kKnown[] = {{"H100 80GB HBM3", "h100-sxm"},
                              {"H100 PCIe", "h100-pcie"},
                              {"H100 NVL", "h100-nvl"},
                              {"H200", "h200-sxm"},
                              {"GB200", "gb200"},
                              {"B200", "b200"},
                              {"A100-SXM4-80GB", "a100-80gb"},
                              {"A100-SXM4-40GB", "a100-40gb"},
                              {"A100 80GB PCIe", "a100-pcie-80gb"},
                              {"L40S", "l40s"},
                              {"V100-SXM2-32GB", "v100-sxm-32gb"},
                              {"V100-SXM2-16GB", "v100-sxm-16gb"},
                              {"GeForce RTX 4090", "rtx-4090"},
                              {"L20", "l20"}};
  for (const Known& known : kKnown)
    if (device_name.find(known.device) != std::string_view::npos) return std::string(known.name);
  std::string slug;
  for (const char c : device_name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (plain) slug += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (!plain && !slug.empty() && slug.back() != '-') slug += '-';
  }
  return slug.empty() ? "unknown" : slug;
}

}  // namespace ithaca
