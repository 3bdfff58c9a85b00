#include "validate/collective_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include "model/units.hpp"
#include "validate/collective_rows.hpp"
#include "validate/least_squares.hpp"
#include "validate/resample.hpp"

namespace ithaca {
namespace {

constexpr int kCollectiveResamples = 100;
constexpr std::uint64_t kCollectiveSeed = 1;
/// A line's part is fitted if some row consists of it to this share at least.
constexpr double kSeen = 0.25;
/// Weight of NCCL's constants against a row: rows scatter by some 5 %, machines differ from the constants by some 15 %.
constexpr double kTrust = 0.3;
/// Sizes that a regime needs for two parameters.
constexpr int kSizes = 3;

using RegimeKey = std::tuple<Op, Algorithm, bool, Protocol>;
using CurveKey = std::tuple<Op, Algorithm, bool, int>;
RegimeKey regime_key(const PlacedSample& r) { return {r.sample.op, r.plain.algorithm, r.across, r.plain.protocol}; }
CurveKey curve_key(const PlacedSample& r) { return {r.sample.op, r.plain.algorithm, r.across, r.sample.ranks}; }

template <class Key>
std::map<Key, Rows> grouped(const Rows& rows, Key (*key)(const PlacedSample&)) {
  std::map<Key, Rows> groups;
  for (const PlacedSample& row : rows) groups[key(row)].push_back(row);
  return groups;
}

std::string words(const CollectiveRegime& r) {
  return fmt::format("{} by {} {} {}", name(r.op), name(r.algorithm), name(r.protocol),
                     r.across_nodes ? "across servers" : "in one server");
}

/// What the rows of a regime can tell.
struct Seen {
  double latency = 0, transfer = 0;  ///< largest shares of the plain time
  int sizes = 0;
};
Seen seen(const Rows& rows) {
  Seen s;
  std::map<double, int> sizes;
  for (const PlacedSample& row : rows) {
    s.latency = std::max(s.latency, row.plain.latency / row.plain.total());
    s.transfer = std::max(s.transfer, row.plain.transfer / row.plain.total());
    ++sizes[row.sample.message.value()];
  }
  s.sizes = static_cast<int>(sizes.size());
  return s;
}

/// Huber's: quadratic up to a tenth, linear beyond, so that a slow size does not bend the line.
double robust(double residual) {
  constexpr double kLinear = 0.1;
  const double size = std::abs(residual);
  return size <= kLinear ? residual : std::copysign(std::sqrt(2 * kLinear * size - kLinear * kLinear), residual);
}

/// One factor for both parts where the rows cannot tell them apart. NCCL's constants count as one more observation of
/// each, so that a part that hardly shows stays near them.
CollectiveRegime fit_regime(CollectiveRegime regime, const Rows& rows) {
  const Seen s = seen(rows);
  const bool apart = s.latency >= kSeen && s.transfer >= kSeen && s.sizes >= kSizes;
  const auto residuals = [&](const std::vector<double>& p, std::vector<double>& out) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const CollectiveCost& plain = rows[i].plain;
      out[i] = robust(std::log((plain.latency * p[0] + plain.transfer * p[apart ? 1 : 0]) / rows[i].sample.time));
    }
    for (std::size_t i = 0; i < p.size(); ++i) out[rows.size() + i] = kTrust * std::log(p[i]);
  };
  const std::vector<double> start(apart ? 2 : 1, 1.0);
  const std::vector<double> best = least_squares(start, rows.size() + start.size(), residuals);
  regime.latency = best[0];
  regime.transfer = best[apart ? 1 : 0];
  return regime;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

CollectiveCurve fit_curve(const CurveKey& key, const Rows& rows, const CollectiveProfile& lines) {
  std::map<double, std::vector<double>> by_bytes;
  for (const PlacedSample& row : rows) {
    const CollectiveSample& s = row.sample;
    const double bytes = step_bytes(s.op, row.plain.algorithm, s.message, s.ranks);
    const Correction line =
        correction(lines, s.op, row.plain.algorithm, row.plain.protocol, row.across, s.ranks, bytes);
    const Seconds time = row.plain.latency * line.latency + row.plain.transfer * line.transfer;
    by_bytes[bytes].push_back(std::log(s.time / time));
  }
  const auto [op, algorithm, across, ranks] = key;
  CollectiveCurve curve{op, algorithm, across, ranks, {}};
  for (const auto& [bytes, logs] : by_bytes) curve.points.push_back({bytes, std::exp(median(logs))});
  return curve;
}

CollectiveProfile fit(const Rows& rows) {
  CollectiveProfile profile;
  for (const auto& [key, group] : grouped(rows, regime_key)) {
    const auto [op, algorithm, across, protocol] = key;
    profile.regimes.push_back(fit_regime({op, algorithm, protocol, across, 1, 1}, group));
  }
  std::vector<CollectiveCurve> curves;
  for (const auto& [key, group] : grouped(rows, curve_key)) curves.push_back(fit_curve(key, group, profile));
  profile.curves = std::move(curves);
  return profile;
}

/// The numbers that a profile gives for the same questions as `like` answers.
std::vector<double> figures(const CollectiveProfile& profile, const CollectiveProfile& like) {
  std::vector<double> out;
  for (const CollectiveRegime& r : like.regimes) {
    const Correction c = correction({profile.regimes, {}}, r.op, r.algorithm, r.protocol, r.across_nodes, 0, 0);
    out.insert(out.end(), {c.latency, c.transfer});
  }
  for (const CollectiveCurve& curve : like.curves) {
    for (const auto& [bytes, factor] : curve.points) {
      out.push_back(correction({{}, profile.curves}, curve.op, curve.algorithm, Protocol::simple, curve.across_nodes,
                               curve.ranks, bytes)
                        .transfer);
    }
  }
  return out;
}

/// Drawn within each curve, so that none gets lost.
Rows resampled(const Rows& rows, Resampler& resampler) {
  Rows drawn;
  for (const auto& [key, group] : grouped(rows, curve_key)) {
    const Rows some = resampler.draw(group);
    drawn.insert(drawn.end(), some.begin(), some.end());
  }
  return drawn;
}

void keep(CollectiveFit& out, const CollectiveProfile& profile, const Rows& rows) {
  std::vector<std::vector<double>> draws;
  Resampler resampler(kCollectiveSeed);
  for (int i = 0; i < kCollectiveResamples; ++i) draws.push_back(figures(fit(resampled(rows, resampler)), profile));
  const std::vector<Interval> intervals = intervals_of(draws);
  const auto groups = grouped(rows, regime_key);
  std::size_t at = 0;
  for (const CollectiveRegime& r : profile.regimes) {
    const Rows& group = groups.at({r.op, r.algorithm, r.across_nodes, r.protocol});
    out.regimes.push_back({r, intervals[at], intervals[at + 1], static_cast<int>(group.size())});
    at += 2;
    const Seen s = seen(group);
    if (s.latency < kSeen)
      out.not_fitted.push_back("the latency of " + words(r) + ": no message was small enough to show it");
    if (s.transfer < kSeen)
      out.not_fitted.push_back("the rate of " + words(r) + ": no message was large enough to show it");
    if (s.latency >= kSeen && s.transfer >= kSeen && s.sizes < kSizes)
      out.not_fitted.push_back(
          fmt::format("latency and rate of {} apart: {} sizes, it takes {}", words(r), s.sizes, kSizes));
  }
  for (const CollectiveCurve& curve : profile.curves) {
    FittedCurve fitted{curve, {}};
    for (std::size_t i = 0; i < curve.points.size(); ++i) fitted.factors.push_back(intervals[at++]);
    out.curves.push_back(std::move(fitted));
  }
}

/// What the model would ask of the profile and nobody measured.
void name_missing(CollectiveFit& out, const Cluster& cluster) {
  const bool network = !cluster.domains.empty() && cluster.domains[cluster.domains.size() - 1].gpus < cluster.max_gpus;
  for (const Op op : {Op::all_to_all, Op::all_gather, Op::reduce_scatter, Op::all_reduce, Op::send_recv}) {
    for (const bool across : {false, true}) {
      if (across && !network && cluster.max_gpus > 0) continue;
      const auto same = [&](const FittedCurve& c) { return c.curve.op == op && c.curve.across_nodes == across; };
      if (std::any_of(out.curves.begin(), out.curves.end(), same)) continue;
      out.not_fitted.push_back(fmt::format("{} {}: no row of it; measure it with nccl-tests or 'ithaca measure'",
                                           name(op), across ? "across servers" : "in one server"));
    }
  }
}

}  // namespace

CollectiveProfile CollectiveFit::profile() const {
  CollectiveProfile out;
  for (const FittedRegime& r : regimes) out.regimes.push_back(r.regime);
  for (const FittedCurve& c : curves) out.curves.push_back(c.curve);
  return out;
}

CollectiveFit fit_collectives(const Cluster& cluster, const std::vector<CollectiveSample>& samples) {
  CollectiveFit out;
  std::vector<CollectiveSample> sound;
  for (const std::size_t i : sound_rows(samples, out.outliers)) {
    sound.push_back(samples[i]);
    sound.back().time = sound.back().time - std::exchange(sound.back().host_adds, {});
  }
  const Rows rows = rows_on(cluster, sound, out.outliers);
  if (rows.empty()) return out;
  std::vector<CollectiveSample> placed;
  for (const PlacedSample& row : rows) placed.push_back(row.sample);
  const std::vector<bool> held_out = held_out_rows(placed);
  Rows half;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (!held_out[i]) half.push_back(rows[i]);
  Cluster judged = cluster;
  judged.measured = fit(half);
  out.errors = errors_by_class(judged, rows, held_out);
  keep(out, fit(rows), rows);
  name_missing(out, cluster);
  return out;
}

}  // namespace ithaca
