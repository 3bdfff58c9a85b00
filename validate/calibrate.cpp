#include "validate/calibrate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "validate/kernel_fit.hpp"

namespace ithaca {
namespace {

using Op = KernelSample::Op;
using Samples = std::vector<KernelSample>;

constexpr int kKernelResamples = 20;  // a fit of 250 GEMMs takes tens of milliseconds
constexpr int kMedianResamples = 100;
constexpr std::uint64_t kResampleSeed = 1;
constexpr int kShapes = 16;  ///< twice the parameters of the GEMM curve

bool streams(Op op) {
  switch (op) {
    case Op::rms_norm:
    case Op::layer_norm:
    case Op::swiglu:
    case Op::gelu:
    case Op::residual:
    case Op::pack:
    case Op::unpack:
    case Op::norm:
    case Op::activation:
    case Op::permute: return true;
    case Op::copy:
    case Op::gemm:
    case Op::gemm_beside:
    case Op::attention_forward:
    case Op::attention_backward:
    case Op::attention_forward_backward: break;
  }
  return false;
}

Samples only(const Samples& samples, bool (*wanted)(const KernelSample&)) {
  Samples out;
  std::copy_if(samples.begin(), samples.end(), std::back_inserter(out), wanted);
  return out;
}

Fitted median_of(const std::vector<double>& values) {
  const auto median = [](std::vector<double> v) {
    const auto middle = v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2);
    std::nth_element(v.begin(), middle, v.end());
    return *middle;
  };
  std::vector<std::vector<double>> draws;
  Resampler resampler(kResampleSeed);
  draws.reserve(kMedianResamples);
  for (int i = 0; i < kMedianResamples; ++i) draws.push_back({median(resampler.draw(values))});
  return {median(values), intervals_of(draws)[0], static_cast<int>(values.size())};
}

/// GEMMs of half precision, all of one name; whether there are enough.
Samples gemms_to_fit(const Samples& all, std::vector<std::string>& not_fitted) {
  Samples gemms = only(all, [](const KernelSample& s) { return s.op == Op::gemm; });
  std::set<std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>> shapes;
  for (KernelSample& s : gemms) {
    if (s.dtype == Dtype::fp16) s.dtype = Dtype::bf16;  // the same units
    if (s.dtype == Dtype::bf16 && !is_held_out(s)) shapes.insert({s.gemm.m, s.gemm.n, s.gemm.k, s.gemm.batch});
  }
  if (shapes.size() >= kShapes) return gemms;
  not_fitted.push_back(
      fmt::format("the GEMM curve: {} shapes in half precision, it takes {} beside those that are held out; measure "
                  "small, middle and large ones",
                  shapes.size(), kShapes));
  return {};
}

/// Attention of head sizes with two lengths and more.
Samples attention_to_fit(const Samples& all, std::vector<std::string>& not_fitted) {
  Samples flash = only(all, [](const KernelSample& s) { return is_attention(s.op) && s.attention.flash; });
  using Key = std::tuple<std::string, Op, bool, std::int64_t>;
  std::map<Key, std::set<std::int64_t>> lengths;
  const auto key = [](const KernelSample& s) { return Key{s.kernel, s.op, s.attention.causal, s.attention.head_dim}; };
  for (KernelSample& s : flash) {
    if (s.kernel.empty()) s.kernel = "measured";
    std::set<std::int64_t>& seen = lengths[key(s)];
    if (!is_held_out(s)) seen.insert(s.attention.queries);
  }
  for (const auto& [k, seen] : lengths) {
    if (seen.size() >= 2) continue;
    not_fitted.push_back(fmt::format("{} {} {} of head size {}: {} length, it takes 2 beside 1024 and 8192",
                                     name(std::get<1>(k)), std::get<0>(k), std::get<2>(k) ? "causal" : "full",
                                     std::get<3>(k), seen.size()));
  }
  std::erase_if(flash, [&](const KernelSample& s) { return lengths[key(s)].size() < 2; });
  return flash;
}

/// What was not measured keeps the curve that the GPU had.
void fill(AttentionCurve& curve, const AttentionCurve& had) {
  const auto fill_pass = [](AttentionCurve::Pass& pass, const AttentionCurve::Pass& other) {
    if (pass.full.empty()) pass.full = other.full;
    if (pass.causal.empty()) pass.causal = other.causal;
  };
  fill_pass(curve.forward, had.forward);
  fill_pass(curve.backward, had.backward);
}

std::vector<KernelInterval> figures(const Kernels& k) {
  std::vector<KernelInterval> out;
  constexpr const char* kTiles[] = {"256x128", "128x128", "128x64", "64x64"};
  if (k.gemm) {
    for (std::size_t i = 0; i < GemmCurve::kTileSizes; ++i)
      out.push_back({fmt::format("gemm half {}, TFLOPS", kTiles[i]), k.gemm->half.tile[i].value() / 1e12, {}});
    out.push_back({"gemm launch, us", k.gemm->launch.value() * 1e6, {}});
  }
  for (const AttentionKernel& a : k.attention) {
    for (const auto& [pass, direction] : {std::pair{&a.curve.forward, "forward"}, {&a.curve.backward, "backward"}}) {
      for (const auto& [points, mask] : {std::pair{&pass->full, "full"}, {&pass->causal, "causal"}}) {
        for (const AttentionCurve::Point& p : *points)
          out.push_back({fmt::format("{} {} {} {:.0f}, TFLOPS", a.kernel, direction, mask, p.head_dim),
                         p.rate.value() / 1e12,
                         {}});
      }
    }
  }
  return out;
}

/// Refits to rows drawn anew; figures that a draw does not have take the value of the whole.
std::vector<KernelInterval> intervals(const Gpu& gpu, const Samples& samples, const Kernels& whole) {
  std::vector<KernelInterval> out = figures(whole);
  if (out.empty()) return out;
  std::vector<std::vector<double>> draws;
  Resampler resampler(kResampleSeed);
  for (int i = 0; i < kKernelResamples; ++i) {
    std::map<std::string, double> drawn;
    for (const KernelInterval& f : figures(fit_kernels(gpu, resampler.draw(samples)))) drawn[f.of] = f.value;
    std::vector<double>& values = draws.emplace_back();
    for (const KernelInterval& f : out) values.push_back(drawn.contains(f.of) ? drawn[f.of] : f.value);
  }
  const std::vector<Interval> found = intervals_of(draws);
  for (std::size_t i = 0; i < out.size(); ++i) out[i].interval = found[i];
  return out;
}

void fit_memory(Calibration& out, const Gpu& gpu, const Samples& all) {
  std::vector<double> shares;
  for (const KernelSample& s : all) {
    if (!streams(s.op) || s.time < kLongKernel) continue;
    shares.push_back(std::min(1.0, s.moved / gpu.memory_rate / (s.time - gpu.gemm.launch)));
  }
  if (!shares.empty()) {
    out.streaming_efficiency = median_of(shares);
  } else if (std::any_of(all.begin(), all.end(), [](const KernelSample& s) { return streams(s.op); })) {
    out.not_fitted.emplace_back("the share of the memory's rate: no streaming kernel ran for 25 us");
  }
}

void fit_overlap(Calibration& out, const Samples& all) {
  std::map<std::string, std::vector<double>> slowdowns;
  for (const KernelSample& s : all)
    if (s.op == Op::gemm_beside) slowdowns[s.beside].push_back(s.time / s.alone);
  for (const auto& [beside, values] : slowdowns) out.overlap.push_back({beside, median_of(values)});
}

}  // namespace

void fit_kernel_tables(Calibration& out, const Gpu& gpu, const std::vector<KernelSamples>& tables) {
  Samples all;
  for (const KernelSamples& table : tables) {
    for (const KernelSample& s : table.samples) {
      if (s.doubt.empty()) all.push_back(s);
      if (!s.doubt.empty()) out.outliers.push_back(fmt::format("{} {}: left out, {}", name(s.op), s.use, s.doubt));
    }
  }
  Samples curves = gemms_to_fit(all, out.not_fitted);
  const Samples attention = attention_to_fit(all, out.not_fitted);
  curves.insert(curves.end(), attention.begin(), attention.end());
  out.kernels = fit_kernels(gpu, curves);
  for (AttentionKernel& kernel : out.kernels.attention) fill(kernel.curve, gpu.attention);
  out.kernel_intervals = intervals(gpu, curves, out.kernels);
  fit_memory(out, gpu, all);
  fit_overlap(out, all);
}

}  // namespace ithaca
