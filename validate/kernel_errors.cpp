#include "validate/kernel_errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "validate/kernel_fit.hpp"

namespace ithaca {
namespace {

using Op = KernelSample::Op;

constexpr const char* kTypes[] = {"bf16", "fp16", "fp32"};

bool answered(const KernelSample& s) {
  return s.op != Op::gemm_beside && !(s.op == Op::copy && s.path != KernelSample::Path::within_device);
}

std::string class_of(const KernelSample& s) {
  std::string of(name(s.op));
  if (s.op == Op::gemm || is_attention(s.op)) of += fmt::format(" {}", kTypes[static_cast<std::size_t>(s.dtype)]);
  return s.kernel.empty() ? of : of + " " + s.kernel;
}

Mark mark_of(const Gpu& gpu, const KernelSample& s) {
  if (s.op == Op::gemm) return gpu.gemm_mark;
  return is_attention(s.op) && s.attention.flash ? gpu.attention_mark : worst(gpu.gemm_mark, Mark::datasheet);
}

/// The GPU with the curve of the kernel that the sample names.
const Gpu& with_kernel(const Gpu& gpu, const std::vector<AttentionKernel>& attention, const KernelSample& s,
                       Gpu& changed) {
  const auto same = [&](const AttentionKernel& k) { return k.kernel == s.kernel; };
  const auto found = std::find_if(attention.begin(), attention.end(), same);
  if (!is_attention(s.op) || found == attention.end()) return gpu;
  changed.attention = found->curve;
  changed.attention_mark = found->mark;
  return changed;
}

std::vector<KernelClass> classes_of(const std::vector<KernelError>& rows) {
  std::map<std::string, KernelClass> classes;
  for (const KernelError& row : rows) {
    KernelClass& c = classes[class_of(row.sample)];
    ++c.rows;
    c.mean += std::abs(row.error);
    c.bias += row.error;
    if (std::abs(row.error) > std::abs(c.worst)) c.worst = row.error;
  }
  std::vector<KernelClass> out;
  for (auto& [of, c] : classes) {
    c.of = of;
    c.mean /= c.rows;
    c.bias /= c.rows;
    out.push_back(c);
  }
  return out;
}

}  // namespace

Seconds kernel_bound(const Gpu& gpu, const KernelSample& s) {
  const FlopPerSecond peak = gpu.peak[static_cast<std::size_t>(s.dtype)];
  const Flop forward = attention_flops(s.attention);
  switch (s.op) {
    case Op::gemm:
    case Op::gemm_beside: return flops(s.gemm) / peak;
    case Op::attention_forward: return forward / peak;
    case Op::attention_backward: return forward * 2.5 / peak;
    case Op::attention_forward_backward: return forward * 3.5 / peak;
    case Op::copy: return s.moved * 2 / gpu.memory_rate;
    case Op::rms_norm:
    case Op::layer_norm:
    case Op::swiglu:
    case Op::gelu:
    case Op::residual:
    case Op::pack:
    case Op::unpack:
    case Op::norm:
    case Op::activation:
    case Op::permute: break;
  }
  return s.moved / gpu.memory_rate;
}

KernelErrors kernel_errors(const Gpu& gpu, const std::vector<AttentionKernel>& attention,
                           const std::vector<KernelSamples>& tables) {
  KernelErrors errors;
  Gpu changed = gpu;
  int unanswered = 0, doubtful = 0, untyped = 0;
  for (const KernelSamples& table : tables) {
    for (const KernelSample& s : table.samples) {
      const Gpu& judged = with_kernel(gpu, attention, s, changed);
      const Seconds predicted = predicted_time(judged, s);
      if (!answered(s)) {
        ++unanswered;
      } else if (!s.doubt.empty()) {
        ++doubtful;
      } else if (!std::isfinite(predicted.value())) {
        ++untyped;
      } else {
        errors.rows.push_back(
            {s, predicted, kernel_bound(gpu, s), predicted / s.time - 1, mark_of(judged, s), table.source});
      }
    }
  }
  errors.classes = classes_of(errors.rows);
  const auto say = [&](int rows, const char* why) {
    if (rows > 0) errors.left_out.push_back(fmt::format("{} {} {}", rows, rows == 1 ? "row" : "rows", why));
  };
  say(unanswered, "of copies over the host link or of kernels beside others, which no curve answers");
  say(doubtful, "that the table itself doubts");
  say(untyped, "of a type that the GPU does not have");
  return errors;
}

}  // namespace ithaca
