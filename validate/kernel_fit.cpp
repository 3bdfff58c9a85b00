#include "validate/kernel_fit.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "validate/least_squares.hpp"

namespace ithaca {
namespace {

using Op = KernelSample::Op;
using Samples = std::vector<KernelSample>;
using Choice = std::function<bool(const KernelSample&)>;

/// An event record and a launch, as the GEMM fit finds it; kernels of 100 us and more do not show it.
constexpr Seconds kAttentionLaunch{5e-6};
/// GEMMs from here on are told apart in the errors: those of training are as long, and shorter ones show the library's
/// luck with split k.
constexpr Seconds kLong{25e-6};

Samples filter(const Samples& samples, const Choice& choice) {
  Samples chosen;
  std::copy_if(samples.begin(), samples.end(), std::back_inserter(chosen), choice);
  return chosen;
}

Samples not_held_out(const Samples& samples) {
  return filter(samples, [](const KernelSample& s) { return !is_held_out(s); });
}

double relative_error(const Gpu& gpu, const KernelSample& sample) {
  return predicted_time(gpu, sample) / sample.time - 1;
}

/// Residual of the logarithms, quadratic up to 30 % and linear beyond: a shape for which the library picked a bad
/// algorithm must not bend the curve.
double residual(const Gpu& gpu, const KernelSample& sample) {
  constexpr double kLinear = 0.3;
  const double r = std::log(predicted_time(gpu, sample) / sample.time);
  return std::abs(r) <= kLinear ? r : std::copysign(std::sqrt(2 * kLinear * std::abs(r) - kLinear * kLinear), r);
}

/// `place` puts parameters into a GPU's curve. Returns the best parameters, placed.
void fit(Gpu& gpu, const Samples& samples, const std::vector<double>& start,
         const std::function<void(Gpu&, const std::vector<double>&)>& place) {
  const auto residuals = [&](const std::vector<double>& parameters, std::vector<double>& out) {
    place(gpu, parameters);
    for (std::size_t i = 0; i < samples.size(); ++i) out[i] = residual(gpu, samples[i]);
  };
  place(gpu, least_squares(start, samples.size(), residuals));
}

void add_errors(const Gpu& gpu, const Samples& samples, const std::string& of, std::vector<FitError>& errors) {
  for (const bool held_out : {false, true}) {
    FitError error{.of = of, .held_out = held_out};
    for (const KernelSample& sample : samples) {
      if (is_held_out(sample) != held_out) continue;
      const double percent = 100 * relative_error(gpu, sample);
      ++error.samples;
      error.mean += std::abs(percent);
      error.bias += percent;
      error.max = std::max(error.max, std::abs(percent));
    }
    if (error.samples == 0) continue;
    error.mean /= error.samples;
    error.bias /= error.samples;
    errors.push_back(error);
  }
}

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

AttentionCurve::Points& points(AttentionCurve& curve, bool backward, bool causal) {
  AttentionCurve::Pass& pass = backward ? curve.backward : curve.forward;
  return causal ? pass.causal : pass.full;
}

/// Points of one direction and mask from `samples`, one head size after the other.
/// With a `backward_share` the samples are of both, and the points of the other direction follow.
void fit_points(Gpu& gpu, const Samples& samples, bool backward, bool causal, double backward_share = 0) {
  std::set<std::int64_t> head_dims;
  for (const KernelSample& s : samples) head_dims.insert(s.attention.head_dim);
  AttentionCurve::Points& mine = points(gpu.attention, backward, causal);
  AttentionCurve::Points& other = points(gpu.attention, !backward, causal);
  const double half_peak = gpu.peak[static_cast<std::size_t>(Dtype::bf16)].value() / 2;
  for (const std::int64_t d : head_dims) {
    const std::size_t i = mine.size();
    if (i == AttentionCurve::kMaxHeadSizes) return;  // the largest head sizes run at the last one's rate
    mine.push_back({static_cast<double>(d), FlopPerSecond{half_peak}, 0});
    if (backward_share > 0) other.push_back(mine[i]);
    const auto place = [&](Gpu&, const std::vector<double>& p) {
      mine[i] = {static_cast<double>(d), FlopPerSecond{p[0]}, p[1]};
      if (backward_share > 0) {
        other[i] = mine[i];
        other[i].rate = mine[i].rate * (backward_share / (1 - backward_share) / 2.5);
      }
    };
    const Samples same =
        filter(samples, [&](const KernelSample& s) { return static_cast<double>(s.attention.head_dim) == d; });
    fit(gpu, not_held_out(same), {half_peak, 150}, place);
  }
}

/// Whether enough shapes leave multiprocessors idle for the fit to see how fast the others then are.
bool tells_burst(const Samples& samples, int sms) {
  constexpr std::int64_t kLeast = 3, kQueryBlock = 128;
  const auto idle = [&](const KernelSample& s) {
    return s.attention.batch * s.attention.heads * ((s.attention.queries + kQueryBlock - 1) / kQueryBlock) < sms;
  };
  return std::count_if(samples.begin(), samples.end(), idle) >= kLeast;
}

/// The points of one head size, of both masks.
std::vector<AttentionCurve::Point*> points_of(AttentionCurve::Pass& pass, std::int64_t head_dim) {
  std::vector<AttentionCurve::Point*> found;
  for (AttentionCurve::Points* points : {&pass.full, &pass.causal})
    for (AttentionCurve::Point& point : *points)
      if (point.head_dim == static_cast<double>(head_dim)) found.push_back(&point);
  return found;
}

/// Rates and start-ups of these points anew, from where they are; the burst too where none is given.
void fit_with_burst(Gpu& gpu, const Samples& samples, const std::vector<AttentionCurve::Point*>& points, double given) {
  std::vector<double> start;
  for (const AttentionCurve::Point* p : points)
    start.insert(start.end(), {p->rate.value(), std::max(p->start_up, 1.0)});
  if (given == 0) start.push_back(1.1);
  fit(gpu, samples, start, [&](Gpu&, const std::vector<double>& p) {
    std::size_t i = 0;
    for (AttentionCurve::Point* point : points) {
      point->rate = FlopPerSecond{p[i++]};
      point->start_up = p[i++];
      point->burst = given > 0 ? given : std::max(1.0, p.back());
    }
  });
}

/// How fast few blocks are is told by both masks together. A head size whose shapes do not tell it is like the nearest
/// one that does.
void fit_bursts(Gpu& gpu, const Samples& samples, bool backward) {
  AttentionCurve::Pass& pass = backward ? gpu.attention.backward : gpu.attention.forward;
  std::map<std::int64_t, double> known;  // by head size
  std::set<std::int64_t> unknown;
  const auto of_size = [&](std::int64_t d) {
    return filter(not_held_out(samples), [d](const KernelSample& s) { return s.attention.head_dim == d; });
  };
  for (const KernelSample& s : samples) unknown.insert(s.attention.head_dim);
  for (const std::int64_t d : std::set<std::int64_t>(unknown)) {
    const std::vector<AttentionCurve::Point*> points = points_of(pass, d);
    if (points.empty() || !tells_burst(of_size(d), gpu.sms)) continue;
    fit_with_burst(gpu, of_size(d), points, 0);
    known[d] = points.front()->burst;
    unknown.erase(d);
  }
  if (known.empty()) return;
  for (const std::int64_t d : unknown) {
    const auto nearer = [d](const auto& a, const auto& b) { return std::abs(a.first - d) < std::abs(b.first - d); };
    const double burst = std::min_element(known.begin(), known.end(), nearer)->second;
    fit_with_burst(gpu, of_size(d), points_of(pass, d), burst);
  }
}

/// Causal backward of a kernel without such samples: its full backward, scaled as `like`'s causal is to its full.
void derive_causal_backward(AttentionCurve& curve, const AttentionCurve& like) {
  const AttentionCurve::Pass& pattern = like.backward;
  for (std::size_t i = 0; i < curve.backward.full.size() && i < pattern.causal.size(); ++i) {
    AttentionCurve::Point point = curve.backward.full[i];
    point.rate = point.rate * (pattern.causal[i].rate / pattern.full[i].rate);
    point.start_up *= pattern.causal[i].start_up / pattern.full[i].start_up;
    curve.backward.causal.push_back(point);
  }
}

/// Whether enough shapes have so few tiles that their k is split.
bool tells_split(const Samples& samples, int sms) {
  constexpr std::int64_t kLeast = 8, kTile = 128;
  const auto tiles = [](std::int64_t size) { return (size + kTile - 1) / kTile; };
  const auto few = [&](const KernelSample& s) { return 2 * s.gemm.batch * tiles(s.gemm.m) * tiles(s.gemm.n) <= sms; };
  return std::count_if(samples.begin(), samples.end(), few) >= kLeast;
}

void fit_gemm(Gpu gpu, const Samples& all, Kernels& kernels) {
  const auto of_type = [&](Dtype dtype) {
    return filter(all, [&](const KernelSample& s) { return s.dtype == dtype; });
  };
  const auto peak = [&](Dtype dtype) { return gpu.peak[static_cast<std::size_t>(dtype)]; };

  const Samples half = of_type(Dtype::bf16), fp32 = of_type(Dtype::fp32);
  std::vector<double> start = first_guess(peak(Dtype::bf16));
  start.push_back(5e-6);
  const GemmCurve::Rates before = gpu.gemm.half;
  fit(gpu, not_held_out(half), start, [&](Gpu& g, const std::vector<double>& p) {
    g.gemm.half = rates_of(p.data());
    g.gemm.launch = Seconds{p.back()};
    if (before.split.value() > 0 && !tells_split(half, gpu.sms)) g.gemm.half.split = before.split;
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
    const Samples longer = filter(*type, [](const KernelSample& s) { return s.time >= kLong; });
    add_errors(gpu, longer, std::string(name) + " from 25 us", kernels.errors);
  }
}

Samples choose(const Samples& all, Op op, bool causal) {
  return filter(all, [&](const KernelSample& s) { return s.op == op && s.attention.causal == causal; });
}

/// Removes the shape that was measured forward and both together, and returns the backward share of the two; 0 if there
/// is none.
double take_backward_share(Samples& samples) {
  for (const KernelSample& forward : samples)
    for (const KernelSample& both : samples) {
      const AttentionCall shape = forward.attention;
      if (forward.op != Op::attention_forward || both.op != Op::attention_forward_backward ||
          !(both.attention == shape))
        continue;
      const double share = 1 - forward.time / both.time;
      samples = filter(samples, [&](const KernelSample& s) { return !(s.attention == shape); });
      return share;
    }
  return 0;
}

/// `samples` are of one kernel. Points stay empty where there is nothing to fit them to.
AttentionKernel fit_attention(Gpu gpu, Samples samples, const AttentionCurve* like, std::vector<FitError>& errors) {
  const std::string kernel = samples.front().kernel;
  gpu.attention = {};
  gpu.attention.launch = kAttentionLaunch;
  const auto forwards = filter(samples, [](const KernelSample& s) { return s.op == Op::attention_forward; }).size();
  const double backward_share = forwards == 1 ? take_backward_share(samples) : 0;
  for (const bool causal : {false, true}) {
    const Samples backward = choose(samples, Op::attention_backward, causal);
    const Samples both = choose(samples, Op::attention_forward_backward, causal);
    fit_points(gpu, choose(samples, Op::attention_forward, causal), false, causal);
    fit_points(gpu, backward.empty() ? both : backward, true, causal, backward_share);
  }
  for (const Op op : {Op::attention_forward, Op::attention_backward}) {
    const Samples same = filter(samples, [op](const KernelSample& s) { return s.op == op; });
    fit_bursts(gpu, same, op == Op::attention_backward);
  }
  std::string derived = backward_share > 0 ? "forward and backward apart, by their shares of one shape" : "";
  if (like && gpu.attention.backward.causal.empty()) {
    derive_causal_backward(gpu.attention, *like);
    derived = "causal backward, by another kernel's ratio of causal to full";
  }
  for (const auto& [op, text] : {std::pair{Op::attention_forward, " forward"},
                                 {Op::attention_backward, " backward"},
                                 {Op::attention_forward_backward, " forward and backward"}})
    add_errors(gpu, filter(samples, [op = op](const KernelSample& s) { return s.op == op; }), kernel + text, errors);
  return {kernel, gpu.attention, Mark::calibrated, derived};
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
    if (key == "device" || key == "driver") text += ", " + (key == "driver" ? key + " " : "") + value;
    if (key == "date") text += ", " + value.substr(0, 10);
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
