#include "model/uncertainty.hpp"

#include <cmath>

#include "model/split.hpp"

namespace ithaca {
namespace {

constexpr double kProbe = 0.1;  ///< an error to see by whether a source matters
constexpr double kMatters = 0.005;

/// Logarithms of the step's times with a source as given and slower and faster by a factor, halved.
struct Shift {
  double first = 0, second = 0;
};

void slow_down(GemmCurve::Rates& rates, double factor) {
  for (FlopPerSecond& tile : rates.tile) tile = tile * (1 / factor);
  rates.wave = rates.wave * factor;
  rates.split = rates.split * factor;
}

void slow_down(AttentionCurve& curve, double factor) {
  curve.launch = curve.launch * factor;
  for (AttentionCurve::Pass* pass : {&curve.forward, &curve.backward})
    for (AttentionCurve::Points* points : {&pass->full, &pass->causal})
      for (AttentionCurve::Point& point : *points) point.rate = point.rate * (1 / factor);
}

void slow_down_server(Cluster& c, double factor) {
  for (BytesPerSecond* rate : {&c.port_achieved, &c.port_achieved_all_to_all, &c.port_achieved_nvls})
    *rate = *rate * (1 / factor);
}

void slow_down_network(Cluster& c, double factor) {
  for (Domain& d : c.domains) {
    d.achieved = d.achieved * (1 / factor);
    d.achieved_all_to_all = d.achieved_all_to_all * (1 / factor);
  }
}

void slow_down(Cluster& c, ErrorSource source, double factor) {
  switch (source) {
    case ErrorSource::gemm:
      c.gpu.gemm.launch = c.gpu.gemm.launch * factor;
      slow_down(c.gpu.gemm.half, factor);
      return slow_down(c.gpu.gemm.fp32, factor);
    case ErrorSource::attention: return slow_down(c.gpu.attention, factor);
    case ErrorSource::streaming:
      c.gpu.memory_efficiency /= factor;
      c.gpu.streaming_efficiency /= factor;
      return;
    case ErrorSource::server_links: return slow_down_server(c, factor);
    case ErrorSource::network_links: break;
  }
  slow_down_network(c, factor);
}

/// One kind of collective: its regimes, or its curves where nothing was fitted in front of them.
void slow_down(CollectiveProfile& profile, const LinkError& link, double factor) {
  bool any = false;
  for (CollectiveRegime& r : profile.regimes) {
    if (r.op != link.op || r.across_nodes != link.across_nodes) continue;
    r.latency *= factor;
    r.transfer *= factor;
    any = true;
  }
  if (any) return;
  for (CollectiveCurve& curve : profile.curves) {
    if (curve.op != link.op || curve.across_nodes != link.across_nodes) continue;
    for (CollectiveCurve::Point& point : curve.points) point.factor *= factor;
  }
}

/// Whether both layouts run kernels of the same shapes.
bool same_gemms(const RankSplit& a, const RankSplit& b) {
  return a.tokens == b.tokens && a.heads == b.heads && a.kv_heads == b.kv_heads && a.ffn == b.ffn &&
         a.vocab == b.vocab && a.experts == b.experts && a.expert_rows == b.expert_rows && a.expert_ffn == b.expert_ffn;
}
bool same_attention(const RankSplit& a, const RankSplit& b, const Layout& l, const Layout& m) {
  return a.block_tokens == b.block_tokens && a.split.max_query == b.split.max_query &&
         a.split.max_kv == b.split.max_kv && l.ring == m.ring;
}

class Comparer {
 public:
  Comparer(const Question& p, const Row& first, const Question& q, const Row& second, const Uncertainty& errors)
      : p_(p), q_(q), first_(first), second_(second), errors_(errors) {}

  TimeComparison run() {
    const RankSplit a = split_rank(p_.model, p_.work, first_.layout), b = split_rank(q_.model, q_.work, second_.layout);
    const bool fp32 = p_.work.dtype == Dtype::fp32;
    add(ErrorSource::gemm, fp32 ? errors_.fp32_gemm : errors_.half_gemm, same_gemms(a, b));
    add(ErrorSource::attention, errors_.attention, same_attention(a, b, first_.layout, second_.layout));
    add(ErrorSource::streaming, errors_.streaming, same_gemms(a, b));
    add_links();
    const double steps = errors_.steps * errors_.steps;
    variance_ += std::max(0.0, steps - alone_.first) + std::max(0.0, steps - alone_.second);
    out_.known = out_.known || steps > 0;
    out_.deviation = std::sqrt(variance_);
    const double lead = std::log(second_.estimate->step.time / first_.estimate->step.time);
    if (out_.known && out_.deviation > 0) out_.faster = 0.5 * std::erfc(-lead / (out_.deviation * std::sqrt(2.0)));
    if (out_.known && out_.deviation == 0) out_.faster = lead > 0 ? 1 : lead < 0 ? 0 : 0.5;
    return out_;
  }

 private:
  static double seconds(const Question& q, const Cluster& cluster, const Layout& layout) {
    const auto estimate = estimate_step(q.model, q.work, cluster, layout, q.traffic);
    return estimate ? std::log(estimate->step.time.value()) : 0;
  }

  /// `change` makes a cluster slower by a factor.
  template <class Change>
  Shift shift(double deviation, Change change) const {
    Cluster slow = p_.cluster, fast = p_.cluster;
    change(slow, std::exp(deviation));
    change(fast, std::exp(-deviation));
    return {(seconds(p_, slow, first_.layout) - seconds(p_, fast, first_.layout)) / 2,
            (seconds(q_, slow, second_.layout) - seconds(q_, fast, second_.layout)) / 2};
  }

  /// Adds a shift to the variance of the difference and to that of each alone.
  void count(const Shift& s, bool shared) {
    const double apart = s.first - s.second;
    variance_ += shared ? apart * apart : s.first * s.first + s.second * s.second;
    alone_.first += s.first * s.first;
    alone_.second += s.second * s.second;
  }

  void add(ErrorSource source, const CurveError& error, bool same) {
    const auto change = [source](Cluster& c, double factor) { slow_down(c, source, factor); };
    if (!error.known) return note(source, shift(kProbe, change));
    out_.known = true;
    count(shift(error.common, change), true);
    count(shift(error.own, change), same);
  }

  void note(ErrorSource source, const Shift& probed) {
    if (std::abs(probed.first - probed.second) >= kMatters) out_.unknown.push_back(source);
  }

  void add_links() {
    bool known[2] = {false, false};
    for (const LinkError& link : errors_.links) {
      const auto change = [&link](Cluster& c, double factor) { slow_down(c.measured, link, factor); };
      count(shift(link.error.common, change), true);
      count(shift(link.error.own, change), false);
      known[link.across_nodes] = out_.known = true;
    }
    if (!known[false]) add(ErrorSource::server_links, errors_.server_links, false);
    if (!known[true]) add(ErrorSource::network_links, errors_.network_links, false);
  }

  const Question &p_, &q_;
  const Row &first_, &second_;
  const Uncertainty& errors_;
  TimeComparison out_;
  double variance_ = 0;
  Shift alone_;
};

}  // namespace

std::string_view name(ErrorSource source) {
  switch (source) {
    case ErrorSource::gemm: return "matrix products";
    case ErrorSource::attention: return "attention";
    case ErrorSource::streaming: return "streaming kernels";
    case ErrorSource::server_links: return "links inside a node";
    case ErrorSource::network_links: break;
  }
  return "links between nodes";
}

TimeComparison compare_times(const Question& of_first, const Row& first, const Question& of_second, const Row& second,
                             const Uncertainty& errors) {
  return Comparer(of_first, first, of_second, second, errors).run();
}

}  // namespace ithaca
