#include "validate/attention_fit.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

namespace ithaca {
namespace {

using Op = KernelSample::Op;

/// An event record and a launch, as the GEMM fit finds it; kernels of 100 us and more do not show it.
constexpr Seconds kAttentionLaunch{5e-6};
/// Of the backward pass in the time of both, if both ran at one rate: it has 2.5 times the FLOPs.
constexpr double kShareAtOneRate = 2.5 / 3.5;

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
    const Samples same = filter(samples, [&](const KernelSample& s) { return s.attention.head_dim == d; });
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

/// A rate and a start-up take two lengths to be told apart.
bool tells_start_up(const Samples& samples, double head_dim) {
  std::set<std::int64_t> lengths;
  for (const KernelSample& s : samples)
    if (static_cast<double>(s.attention.head_dim) == head_dim) lengths.insert(s.attention.queries);
  return lengths.size() >= 2;
}

/// Causal points of head sizes of which `causal` (what the fit saw) does not tell enough: the full mask's, scaled as at
/// the nearest head size that tells. Whether there was any.
bool derive_untold(AttentionCurve::Pass& pass, const Samples& causal) {
  const AttentionCurve::Pass fitted = pass;
  const auto full = [&](const AttentionCurve::Point& p) {
    return std::find_if(fitted.full.begin(), fitted.full.end(),
                        [&](const AttentionCurve::Point& f) { return f.head_dim == p.head_dim; });
  };
  bool derived = false;
  for (AttentionCurve::Point& point : pass.causal) {
    if (tells_start_up(causal, point.head_dim) || full(point) == fitted.full.end()) continue;
    const AttentionCurve::Point* like = nullptr;
    for (const AttentionCurve::Point& other : fitted.causal) {
      if (!tells_start_up(causal, other.head_dim) || full(other) == fitted.full.end()) continue;
      if (like == nullptr || std::abs(other.head_dim - point.head_dim) < std::abs(like->head_dim - point.head_dim))
        like = &other;
    }
    if (like == nullptr) continue;
    point.rate = full(point)->rate * (like->rate / full(*like)->rate);
    point.start_up = full(point)->start_up * (like->start_up / std::max(full(*like)->start_up, 1.0));
    derived = true;
  }
  return derived;
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

}  // namespace

AttentionKernel fit_attention(Gpu gpu, Samples samples, const AttentionCurve* like, std::vector<FitError>& errors) {
  const std::string kernel = samples.front().kernel;
  gpu.attention = {};
  gpu.attention.launch = kAttentionLaunch;
  const auto apart = [](const KernelSample& s) { return s.op != Op::attention_forward_backward; };
  const auto forwards = filter(samples, [](const KernelSample& s) { return s.op == Op::attention_forward; }).size();
  const bool only_both = std::none_of(samples.begin(), samples.end(), apart);
  const double backward_share = only_both ? kShareAtOneRate : forwards == 1 ? take_backward_share(samples) : 0;
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
  std::string derived = only_both            ? "forward at the rate of backward"
                        : backward_share > 0 ? "forward and backward apart, by their shares of one shape"
                                             : "";
  for (const Op op : {Op::attention_forward, Op::attention_backward}) {
    AttentionCurve::Pass& pass = op == Op::attention_backward ? gpu.attention.backward : gpu.attention.forward;
    if (derive_untold(pass, not_held_out(choose(samples, op, true))))
      derived = "causal rates of head sizes timed at one length, by the ratio of causal to full of the nearest other";
  }
  if (only_both && gpu.attention.backward.full.empty()) {
    for (AttentionCurve::Pass* pass : {&gpu.attention.forward, &gpu.attention.backward}) pass->full = pass->causal;
    derived += ", without a mask at the rate under one";
  }
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

}  // namespace ithaca
