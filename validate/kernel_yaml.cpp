#include "validate/kernel_yaml.hpp"

#include <fmt/format.h>

namespace ithaca {
namespace {

std::string tflops(FlopPerSecond rate) { return fmt::format("{:.4g}TFLOPS", rate.value() / 1e12); }
std::string us(Seconds time) { return fmt::format("{:.4g}us", time.value() * 1e6); }

std::string rates(const char* key, const GemmCurve::Rates& r) {
  return fmt::format(
      "  {}:\n"
      "    tiles: {{256x128: {}, 128x128: {}, 128x64: {}, 64x64: {}}}\n"
      "    wave: {}\n"
      "    split: {}\n"
      "    batched: {:.4g}\n",
      key, tflops(r.tile[0]), tflops(r.tile[1]), tflops(r.tile[2]), tflops(r.tile[3]), us(r.wave), us(r.split),
      r.batched);
}

std::string gemm(const GemmCurve& curve, Mark mark) {
  return fmt::format("gemm:\n  mark: {}\n  launch: {}\n", name(mark), us(curve.launch)) + rates("half", curve.half) +
         rates("fp32", curve.fp32);
}

std::string points(const char* key, const AttentionCurve::Points& points) {
  std::string text = fmt::format("      {}:\n", key);
  for (const AttentionCurve::Point& p : points)
    text += fmt::format("        - {{head_dim: {:.0f}, rate: {}, start_up: {:.4g}{}}}\n", p.head_dim, tflops(p.rate),
                        p.start_up, p.burst > 0 ? fmt::format(", burst: {:.4g}", p.burst) : "");
  return text;
}

std::string pass(const char* key, const AttentionCurve::Pass& pass) {
  return fmt::format("    {}:\n", key) + points("full", pass.full) + points("causal", pass.causal);
}

std::string attention(const AttentionKernel& a) {
  const std::string derived = a.derived.empty() ? "" : fmt::format("    derived: {}\n", a.derived);
  return fmt::format("  - kernel: {}\n    mark: {}\n", a.kernel, name(a.mark)) + derived +
         fmt::format("    launch: {}\n", us(a.curve.launch)) + pass("forward", a.curve.forward) +
         pass("backward", a.curve.backward);
}

std::string streaming(const StreamingFit& s) {
  return fmt::format(
      "streaming:\n  mark: {}\n  efficiency: {:.4g}\n  host_forward_layer: {}\n  host_backward_layer: {}\n",
      name(s.mark), s.efficiency, us(s.host.forward_layer), us(s.host.backward_layer));
}

std::string error(const FitError& e) {
  return fmt::format(
      "  - {{of: {}, held_out: {}, samples: {}, mean_percent: {:.1f}, bias_percent: {:.1f}, max_percent: {:.1f}}}\n",
      e.of, e.held_out, e.samples, e.mean, e.bias, e.max);
}

}  // namespace

std::string kernel_yaml(const Kernels& kernels) {
  std::string text = fmt::format(
      "# Made by a program: change what it reads, and run it again.\n"
      "schema: kernels/1\nname: {}\ngpu: {}\nmade_by: {}\nsource: \"{}\"\nsplit: \"{}\"\n",
      kernels.name, kernels.gpu, kernels.made_by, kernels.source, kernels.split);
  return text + kernel_curves_yaml(kernels) + fit_errors_yaml(kernels.errors);
}

std::string kernel_curves_yaml(const Kernels& kernels) {
  std::string text;
  if (kernels.gemm) text += gemm(*kernels.gemm, kernels.gemm_mark);
  if (!kernels.attention.empty()) text += "attention:\n";
  for (const AttentionKernel& a : kernels.attention) text += attention(a);
  if (kernels.streaming) text += streaming(*kernels.streaming);
  return text;
}

std::string fit_errors_yaml(const std::vector<FitError>& errors) {
  std::string text = errors.empty() ? "" : "errors:\n";
  for (const FitError& e : errors) text += error(e);
  return text;
}

}  // namespace ithaca
