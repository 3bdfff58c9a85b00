#include "model/goodput.hpp"

#include <cmath>

namespace ithaca {
namespace {

constexpr double kLeastShare = 1e-6;

}  // namespace

Seconds best_checkpoint_interval(Seconds job_mtbf, Seconds checkpoint) {
  // g(x) = ln(1 - x) + x + c = 0 has one root in (0, 1), where g falls and is concave: Newton from its right side.
  const double c = checkpoint / job_mtbf;
  double x = -std::expm1(-c - std::sqrt(2 * c));
  for (int i = 0; i < 100; ++i) {
    const double slope = -x / (1 - x), next = x - (std::log1p(-x) + x + c) / slope;
    if (!(std::abs(next - x) > 1e-15 * x)) break;
    x = next;
  }
  return job_mtbf * x;
}

Goodput goodput(const Failures& f, int gpus) {
  Goodput g;
  g.job_mtbf = f.gpu_mtbf / gpus;
  g.every = f.every.value_or(best_checkpoint_interval(g.job_mtbf, f.checkpoint));
  const Seconds kept = g.every + f.checkpoint;
  // Until one stretch of `kept` passes without a failure, M (e^(kept/M) - 1) seconds go by and e^(kept/M) - 1 failures,
  // each followed by M (e^(restart/M) - 1) seconds of restarts.
  const double failures = std::expm1(kept / g.job_mtbf);
  const Seconds running = g.job_mtbf * failures;
  const Seconds restarts = g.job_mtbf * (failures * std::expm1(f.restart / g.job_mtbf));
  const Seconds all = running + restarts;
  g.trained = g.every / all;
  if (!(g.trained >= kLeastShare)) {
    g.trained = 0;
    return g;
  }
  g.written = f.checkpoint / all;
  g.redone = (running - kept) / all;
  g.restarted = restarts / all;
  return g;
}

}  // namespace ithaca
