#include "validate/kernel_fit.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "validate/attention_fit.hpp"

namespace ithaca {
namespace {

using Op = KernelSample::Op;

GemmCurve::Rates rates_of(const double* p) {
  GemmCurve::Rates rates;
  for (FlopPerSecond& tile : rates.tile) tile = FlopPerSecond{*p++};
  rates.wave = Seconds{*p++};
  rates.split = Seconds{*p++};
  rates.batched = std::min(1.0, *p);  // a batch is never faster than its parts
  return rates;
}

/// Tile rates from `peak` downwards, wave, split and the share of batches: where the search begins.
std::vector<double> first_guess(FlopPerSecond peak) {
  std::vector<double> guess;
  for (const double share : {0.9, 0.8, 0.65, 0.5}) guess.push_back(share * peak.value());
  guess.insert(guess.end(), {2e-6, 2e-6, 1});
  return guess;
}

/// Whether enough shapes have so few tiles that their k is split.
bool tells_split(const Samples& samples, int sms) {
  constexpr std::int64_t kLeast = 8, kTile = 128;
  const auto tiles = [](std::int64_t size) { return (size + kTile - 1) / kTile; };
  const auto few = [&](const KernelSample& s) { return 2 * s.gemm.batch * tiles(s.gemm.m) * tiles(s.gemm.n) <= sms; };
  return std::count_if(samples.begin(), samples.end(), few) >= kLeast;
}

bool is_batch(const KernelSample& s) { return s.gemm.batch > 1; }

void fit_gemm(Gpu gpu, const Samples& all, Kernels& kernels) {
  const auto of_type = [&](Dtype dtype) {
    return filter(all, [&](const KernelSample& s) { return s.dtype == dtype; });
  };
  const auto peak = [&](Dtype dtype) { return gpu.peak[static_cast<std::size_t>(dtype)]; };

  const Samples half = of_type(Dtype::bf16), fp32 = of_type(Dtype::fp32);
  std::vector<double> start = first_guess(peak(Dtype::bf16));
  start.push_back(5e-6);
  const GemmCurve::Rates before = gpu.gemm.half;
  const bool keeps_split = before.split.value() > 0 && !tells_split(half, gpu.sms);
  const bool keeps_batched = std::none_of(half.begin(), half.end(), is_batch);
  fit(gpu, not_held_out(half), start, [&](Gpu& g, const std::vector<double>& p) {
    g.gemm.half = rates_of(p.data());
    g.gemm.launch = Seconds{p.back()};
    if (keeps_split) g.gemm.half.split = before.split;
    if (keeps_batched) g.gemm.half.batched = before.batched;
  });
  // The launch is the same kernel's start on the same GPU: fp32 keeps it.
  if (not_held_out(fp32).size() >= 8) {
    fit(gpu, not_held_out(fp32), first_guess(peak(Dtype::fp32)),
        [](Gpu& g, const std::vector<double>& p) { g.gemm.fp32 = rates_of(p.data()); });
  }
  kernels.gemm = gpu.gemm;
  kernels.gemm_mark = Mark::calibrated;
  for (const auto& [type, name] : {std::pair{&half, "gemm bf16"}, {&fp32, "gemm fp32"}}) {
    add_errors(gpu, *type, name, kernels.errors);
    const Samples longer = filter(*type, [](const KernelSample& s) { return s.time >= kLongKernel; });
    add_errors(gpu, longer, std::string(name) + " from 25 us", kernels.errors);
  }
}

}  // namespace

bool is_held_out(const KernelSample& sample) {
  if (is_attention(sample.op)) return sample.attention.queries == 1024 || sample.attention.queries == 8192;
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a over the four numbers
  for (const std::int64_t number : {sample.gemm.batch, sample.gemm.m, sample.gemm.n, sample.gemm.k})
    hash = (hash ^ static_cast<std::uint64_t>(number)) * 1099511628211ULL;
  return (hash >> 32) % 4 == 0;
}

Seconds predicted_time(const Gpu& gpu, const KernelSample& s) {
  switch (s.op) {
    case Op::gemm: return gemm_time(gpu, s.gemm, s.dtype);
    case Op::attention_forward: return attention_forward_time(gpu, s.attention, s.dtype);
    case Op::attention_backward: return attention_backward_time(gpu, s.attention, s.dtype);
    case Op::attention_forward_backward:
      return attention_forward_time(gpu, s.attention, s.dtype) + attention_backward_time(gpu, s.attention, s.dtype);
    case Op::gemm_beside: return gemm_time(gpu, s.gemm, s.dtype);
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
    case Op::copy: return memory_time(gpu, s.moved * (s.path == KernelSample::Path::within_device ? 2 : 1));
  }
  return memory_time(gpu, s.moved);
}

Kernels fit_kernels(const Gpu& gpu, const Samples& all) {
  Kernels kernels;
  const Samples gemms = filter(all, [](const KernelSample& s) { return s.op == Op::gemm; });
  if (!gemms.empty()) fit_gemm(gpu, gemms, kernels);

  std::vector<Samples> by_kernel;  // in the order of the table
  for (const KernelSample& sample : all) {
    if (!is_attention(sample.op) || !sample.attention.flash) continue;
    const auto same = [&](const Samples& s) { return s.front().kernel == sample.kernel; };
    auto group = std::find_if(by_kernel.begin(), by_kernel.end(), same);
    if (group == by_kernel.end()) group = by_kernel.insert(by_kernel.end(), Samples{});
    group->push_back(sample);
  }
  // The kernel that shows the causal backward pass, for the others to follow.
  std::optional<AttentionCurve> like;
  for (const Samples& samples : by_kernel) {
    std::vector<FitError> ignored;
    const AttentionCurve curve = fit_attention(gpu, samples, nullptr, ignored).curve;
    if (!like && !curve.backward.causal.empty() && !curve.backward.full.empty()) like = curve;
  }
  for (const Samples& samples : by_kernel)
    kernels.attention.push_back(fit_attention(gpu, samples, like ? &*like : nullptr, kernels.errors));
  return kernels;
}

namespace {

/// The table's source, with the machine and the day where it names them.
std::string origin(const KernelSamples& table) {
  std::string text = table.source;
  for (const auto& [key, value] : table.provenance) {
    if (key == "device") text.append(", ").append(value);
    if (key == "driver") text.append(", driver ").append(value);
    if (key == "date") text.append(", ").append(value, 0, 10);
  }
  return text;
}

}  // namespace

Kernels fit_tables(const Gpu& gpu, const std::vector<KernelSamples>& tables) {
  Samples all;
  std::string source;
  for (const KernelSamples& table : tables) {
    std::copy_if(table.samples.begin(), table.samples.end(), std::back_inserter(all),
                 [](const KernelSample& s) { return s.doubt.empty(); });
    const std::string one = origin(table);
    if (source.find(one) == std::string::npos) source += (source.empty() ? "" : "; ") + one;
  }
  Kernels kernels = fit_kernels(gpu, all);
  kernels.name = kernels.gpu = gpu.name;
  kernels.made_by = "ithaca_fit_kernels";
  kernels.source = source;
  kernels.split =
      "held out: attention of 1024 and 8192 tokens; GEMMs of every fourth shape by FNV-1a of batch, m, n, k";
  return kernels;
}

}  // namespace ithaca
