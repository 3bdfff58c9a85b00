#include "model/uncertainty.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "model/split.hpp"

namespace ithaca {
namespace {

constexpr double kProbe = 0.1;  ///< an error to see by whether a source matters
constexpr double kMatters = 0.005;

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
    r.hop *= factor;
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
  Comparer(const Contender& first, const Contender& second)
      : first_(first), second_(second), shared_(first.question.cluster.name == second.question.cluster.name) {}

  TimeComparison run(double dearness) {
    const Question &p = first_.question, &q = second_.question;
    const Layout &l = first_.row.layout, &m = second_.row.layout;
    const RankSplit a = split_rank(p.model, p.work, l), b = split_rank(q.model, q.work, m);
    const auto gemm = p.work.dtype == Dtype::fp32 ? &Uncertainty::fp32_gemm : &Uncertainty::half_gemm;
    add(ErrorSource::gemm, first_.errors.*gemm, second_.errors.*gemm, same_gemms(a, b));
    add(ErrorSource::attention, first_.errors.attention, second_.errors.attention, same_attention(a, b, l, m));
    add(ErrorSource::streaming, first_.errors.streaming, second_.errors.streaming, same_gemms(a, b));
    add_links();
    add_steps();
    out_.deviation = std::sqrt(variance_);
    const double lead = std::log(second_.row.estimate->step.time / first_.row.estimate->step.time * dearness);
    if (out_.known && out_.deviation > 0) out_.faster = 0.5 * std::erfc(-lead / (out_.deviation * std::sqrt(2.0)));
    if (out_.known && out_.deviation == 0) out_.faster = lead > 0 ? 1 : lead < 0 ? 0 : 0.5;
    return out_;
  }

 private:
  /// Logarithm of the step's time on the cluster that `change` made slower by a factor.
  template <class Change>
  static double log_time(const Contender& c, Change change, double factor) {
    const Question& q = c.question;
    Cluster cluster = q.cluster;
    change(cluster, factor);
    const auto estimate = estimate_step(q.model, q.work, cluster, c.row.layout, q.traffic);
    return estimate ? std::log(estimate->step.time.value()) : 0;
  }

  /// What one standard deviation of a source moves the logarithm by.
  template <class Change>
  static double shift(const Contender& c, double deviation, Change change) {
    if (deviation == 0) return 0;
    return (log_time(c, change, std::exp(deviation)) - log_time(c, change, std::exp(-deviation))) / 2;
  }

  /// Adds shifts to the variance of the difference and to that of each alone.
  void count(double first, double second, bool same) {
    variance_ += same ? (first - second) * (first - second) : first * first + second * second;
    alone_first_ += first * first;
    alone_second_ += second * second;
  }

  template <class Change>
  void count(const CurveError& first, const CurveError& second, bool same, Change change) {
    out_.known = true;
    count(shift(first_, first.common, change), shift(second_, second.common, change), shared_);
    count(shift(first_, first.own, change), shift(second_, second.own, change), shared_ && same);
  }

  void add(ErrorSource source, const CurveError& first, const CurveError& second, bool same) {
    const auto change = [source](Cluster& c, double factor) { slow_down(c, source, factor); };
    if (first.known && second.known) return count(first, second, same, change);
    const double moved = shift(first_, kProbe, change) - shift(second_, kProbe, change);
    if (std::abs(moved) >= kMatters) out_.unknown.push_back(source);
  }

  /// Measured collectives of one side, or of both where they share them; says at which level there are any.
  std::array<bool, 2> add_measured(const std::vector<LinkError>& links, bool first, bool second) {
    std::array<bool, 2> known{};
    constexpr CurveError kNone{true, 0, 0};
    for (const LinkError& link : links) {
      const auto change = [&link](Cluster& c, double factor) { slow_down(c.measured, link, factor); };
      count(first ? link.error : kNone, second ? link.error : kNone, false, change);
      known[link.across_nodes] = true;
    }
    return known;
  }

  void add_links() {
    const auto first = add_measured(first_.errors.links, true, shared_);
    const auto second = shared_ ? first : add_measured(second_.errors.links, false, true);
    const auto rest = [](bool measured, const CurveError& error) { return measured ? CurveError{true, 0, 0} : error; };
    const Uncertainty &a = first_.errors, &b = second_.errors;
    add(ErrorSource::server_links, rest(first[0], a.server_links), rest(second[0], b.server_links), false);
    add(ErrorSource::network_links, rest(first[1], a.network_links), rest(second[1], b.network_links), false);
  }

  void add_steps() {
    const double first = first_.errors.steps, second = second_.errors.steps;
    variance_ += std::max(0.0, first * first - alone_first_) + std::max(0.0, second * second - alone_second_);
    out_.known = out_.known || (first > 0 && second > 0);
  }

  const Contender &first_, &second_;
  bool shared_;
  TimeComparison out_;
  double variance_ = 0, alone_first_ = 0, alone_second_ = 0;
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

TimeComparison compare_times(const Contender& first, const Contender& second, double dearness) {
  return Comparer(first, second).run(dearness);
}

}  // namespace ithaca
