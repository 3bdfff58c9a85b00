#include "validate/collective_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <set>
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
  bool levels = false;  ///< trees over several servers, of enough sizes
};
Seen seen(const Rows& rows) {
  Seen s;
  std::map<double, int> sizes;
  std::map<int, std::set<double>> by_nodes;
  for (const PlacedSample& row : rows) {
    s.latency = std::max(s.latency, row.plain.latency / row.plain.total());
    s.transfer = std::max(s.transfer, row.plain.transfer / row.plain.total());
    ++sizes[row.sample.message.value()];
    if (row.times.levels > Seconds{}) by_nodes[row.placement.nodes].insert(row.sample.message.value());
  }
  s.sizes = static_cast<int>(sizes.size());
  s.levels = std::any_of(by_nodes.begin(), by_nodes.end(), [](const auto& n) { return n.second.size() >= kSizes; });
  return s;
}

/// Huber's: quadratic up to a tenth, linear beyond, so that a slow size does not bend the line.
double robust(double residual) {
  constexpr double kLinear = 0.1;
  const double size = std::abs(residual);
  return size <= kLinear ? residual : std::copysign(std::sqrt(2 * kLinear * size - kLinear * kLinear), residual);
}

Seconds line_time(const PlacedSample& row, const Correction& line) {
  const CorrectedTimes times = corrected(row.times, row.sample.message, line);
  return times.latency + times.transfer;
}

/// One factor for latency and transfer where the rows cannot tell them apart. NCCL's constants count as one more
/// observation of each, so that a part that hardly shows stays near them. With `held` bytes also the levels' part.
/// Gives the sum of the squares.
double fit_line(CollectiveRegime& regime, const Rows& rows, bool apart, Bytes held) {
  const std::size_t factors = apart ? 2 : 1;
  const bool levels = held > Bytes{};
  const auto residuals = [&](const std::vector<double>& p, std::vector<double>& out) {
    const Correction line{p[0], p[factors - 1], levels ? p.back() : 0, held};
    for (std::size_t i = 0; i < rows.size(); ++i)
      out[i] = robust(std::log(line_time(rows[i], line) / rows[i].sample.time));
    for (std::size_t i = 0; i < factors; ++i) out[rows.size() + i] = kTrust * std::log(p[i]);
  };
  const std::size_t count = rows.size() + factors;
  const std::vector<double> best =
      least_squares(std::vector<double>(factors + (levels ? 1 : 0), 1.0), count, residuals);
  regime.latency = best[0];
  regime.transfer = best[factors - 1];
  regime.hop = levels ? best.back() : 0;
  regime.held = held;
  std::vector<double> left(count);
  residuals(best, left);
  return std::inner_product(left.begin(), left.end(), left.begin(), 0.0);
}

/// What the levels keep is looked for among the measured sizes, unless it is `held`.
CollectiveRegime fit_regime(CollectiveRegime regime, const Rows& rows, std::optional<Bytes> held) {
  const Seen s = seen(rows);
  const bool apart = s.latency >= kSeen && s.transfer >= kSeen && s.sizes >= kSizes;
  double least = fit_line(regime, rows, apart, {});
  std::set<double> sizes;
  for (const PlacedSample& row : rows) sizes.insert(row.sample.message.value());
  if (!s.levels) sizes.clear();
  if (held) sizes = {held->value()};
  for (const double bytes : sizes) {
    CollectiveRegime with = regime;
    const double squares = fit_line(with, rows, apart, Bytes{bytes});
    if (squares >= least) continue;
    least = squares;
    regime = with;
  }
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
    by_bytes[bytes].push_back(std::log(s.time / line_time(row, line)));
  }
  const auto [op, algorithm, across, ranks] = key;
  CollectiveCurve curve{op, algorithm, across, ranks, {}};
  for (const auto& [bytes, logs] : by_bytes) curve.points.push_back({bytes, std::exp(median(logs))});
  return curve;
}

/// What levels keep is that of `like`, if there is one.
CollectiveProfile fit(const Rows& rows, const CollectiveProfile* like = nullptr) {
  CollectiveProfile profile;
  for (const auto& [key, group] : grouped(rows, regime_key)) {
    const auto [op, algorithm, across, protocol] = key;
    std::optional<Bytes> held;
    if (like != nullptr) held = correction({like->regimes, {}}, op, algorithm, protocol, across, 0, 0).held;
    profile.regimes.push_back(fit_regime({op, algorithm, protocol, across}, group, held));
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
    out.insert(out.end(), {c.latency, c.transfer, c.hop});
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
  draws.reserve(kCollectiveResamples);
  Resampler resampler(kCollectiveSeed);
  for (int i = 0; i < kCollectiveResamples; ++i)
    draws.push_back(figures(fit(resampled(rows, resampler), &profile), profile));
  const std::vector<Interval> intervals = intervals_of(draws);
  const auto groups = grouped(rows, regime_key);
  std::size_t at = 0;
  for (const CollectiveRegime& r : profile.regimes) {
    const Rows& group = groups.at({r.op, r.algorithm, r.across_nodes, r.protocol});
    out.regimes.push_back({r, intervals[at], intervals[at + 1], intervals[at + 2], static_cast<int>(group.size())});
    at += 3;
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
