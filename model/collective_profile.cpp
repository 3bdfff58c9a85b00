#include "model/collective_profile.hpp"

#include <algorithm>
#include <cmath>

namespace ithaca {
namespace {

/// A little beyond the last point is still that point: sizes are rounded.
constexpr double kSlack = 1.01;
/// Messages so many times the largest one measured follow the regime alone: one size's scatter is not theirs.
constexpr double kFade = 4;

struct Reading {
  double log_factor = 0;
  bool inside = false;
};

/// How far x lies between a and b on a logarithmic axis.
double between(double a, double b, double x) { return a < b ? std::log(x / a) / std::log(b / a) : 0; }

Reading read(const CollectiveCurve& curve, double bytes) {
  const auto& points = curve.points;
  const bool inside = bytes * kSlack >= points.front().bytes && bytes <= points.back().bytes * kSlack;
  if (bytes <= points.front().bytes) return {std::log(points.front().factor), inside};
  if (bytes >= points.back().bytes) {
    const double left = 1 - between(points.back().bytes, kFade * points.back().bytes, bytes);
    return {std::max(0.0, left) * std::log(points.back().factor), inside};
  }
  const auto above = std::upper_bound(points.begin(), points.end(), bytes,
                                      [](double b, const CollectiveCurve::Point& p) { return b < p.bytes; });
  const auto& [low, low_factor] = *(above - 1);
  const double low_log = std::log(low_factor);
  return {low_log + between(low, above->bytes, bytes) * (std::log(above->factor) - low_log), true};
}

/// The curves around `ranks`; both the nearest one beyond them.
struct Neighbours {
  const CollectiveCurve *below = nullptr, *above = nullptr;
};
Neighbours neighbours(const CollectiveProfile& profile, Op op, Algorithm algorithm, bool across_nodes, int ranks) {
  Neighbours found;
  for (const CollectiveCurve& curve : profile.curves) {
    if (curve.op != op || curve.algorithm != algorithm || curve.across_nodes != across_nodes) continue;
    if (curve.ranks <= ranks) found.below = &curve;
    if (curve.ranks >= ranks && found.above == nullptr) found.above = &curve;
  }
  if (found.below == nullptr) found.below = found.above;
  if (found.above == nullptr) found.above = found.below;
  return found;
}

}  // namespace

double step_bytes(Op op, Algorithm algorithm, Bytes message, int ranks) {
  const bool in_parts = op != Op::send_recv && algorithm != Algorithm::tree && algorithm != Algorithm::nvls;
  return in_parts ? message.value() / std::max(1, ranks) : message.value();
}

Correction correction(const CollectiveProfile& profile, Op op, Algorithm algorithm, Protocol protocol,
                      bool across_nodes, int ranks, double step_bytes) {
  Correction result;
  for (const CollectiveRegime& r : profile.regimes) {
    if (r.op != op || r.algorithm != algorithm || r.across_nodes != across_nodes) continue;
    if (r.protocol == protocol) {
      result = {r.latency, r.transfer, r.hop, r.held};
      break;
    }
    if (r.hop > 0) result = {1, 1, r.hop, r.held};
  }
  const auto [below, above] = neighbours(profile, op, algorithm, across_nodes, ranks);
  if (below == nullptr || !(step_bytes > 0)) return result;
  const Reading low = read(*below, step_bytes), high = read(*above, step_bytes);
  const double x = between(below->ranks, above->ranks, ranks);
  const double factor = std::exp(low.log_factor + x * (high.log_factor - low.log_factor));
  result.latency *= factor;
  result.transfer *= factor;
  result.hop *= factor;
  result.known = true;
  result.inside = low.inside && high.inside && below->ranks <= ranks && above->ranks >= ranks;
  return result;
}

CorrectedTimes corrected(const ConstantTimes& times, Bytes message, const Correction& by) {
  if (by.hop == 0) return {times.latency * by.latency, times.transfer * by.transfer};
  const double kept = std::min(1.0, by.held / message);
  return {times.latency * by.latency + times.levels * (kept * by.hop), times.wire * ((1 - kept) * by.transfer)};
}

}  // namespace ithaca
