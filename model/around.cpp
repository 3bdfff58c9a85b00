#include "model/around.hpp"

#include <algorithm>

namespace ithaca {
namespace {

constexpr int kMostGpusDrawn = 1 << 16;

/// What the installation has.
int most_gpus(const Question& q) { return q.cluster.max_gpus > 0 ? q.cluster.max_gpus : kMostGpusDrawn; }

/// The question with the whole sequence split over `gpus` by one strategy. USP's two degrees are left to the model.
Question split_over(Question q, Strategy strategy, int gpus) {
  q.gpus = gpus;
  q.work.global_batch = q.work.micro_batch;
  Degrees& d = q.degrees;
  d.pp = d.dp = d.tp = 1;
  d.ulysses = d.ring = std::nullopt;
  d.ep = d.virtual_pp = d.inner_ring = 1;
  if (has_tensor(strategy)) {
    d.tp = gpus;
  } else if (has_ulysses(strategy) && !has_ring(strategy)) {
    d.ulysses = gpus;
  } else if (has_ring(strategy) && !has_ulysses(strategy)) {
    d.ring = gpus;
  }
  return q;
}

/// value / 8 to value x 8 by factors of two, as far as they are whole.
std::vector<std::int64_t> around(std::int64_t value, std::int64_t most) {
  std::int64_t first = value;
  for (int i = 0; i < 3 && first % 2 == 0; ++i) first /= 2;
  std::vector<std::int64_t> values;
  for (std::int64_t next = first; next <= 8 * value && (next <= most || next == value); next *= 2)
    values.push_back(next);
  return values;
}

WinnerCell cell_at(Question q, int gpus, Tokens length) {
  q.gpus = gpus;
  q.work.seq_len = length;
  WinnerCell cell{gpus, length, {}, std::nullopt};
  for (const Strategy strategy : q.strategies) cell.rows.push_back(compare_strategy(q, strategy, false));
  cell.best = best_row(cell.rows);
  return cell;
}

}  // namespace

std::vector<CommCurve> comm_curves(const Question& question) {
  const std::int64_t last =
      std::min<std::int64_t>(most_gpus(question), 2 * std::max<std::int64_t>(question.gpus, question.model.heads));
  std::vector<CommCurve> curves;
  for (const Strategy strategy : question.strategies) {
    CommCurve curve{strategy, {}};
    for (int gpus = 2; gpus <= last; gpus *= 2)
      curve.points.push_back({gpus, compare_strategy(split_over(question, strategy, gpus), strategy, false)});
    curves.push_back(std::move(curve));
  }
  return curves;
}

WinnerMap winner_map(const Question& question) {
  constexpr std::int64_t kLongest = std::int64_t{1} << 40;
  WinnerMap map;
  for (const std::int64_t gpus : around(question.gpus, most_gpus(question))) map.gpus.push_back(static_cast<int>(gpus));
  for (const std::int64_t length : around(question.work.seq_len.count, kLongest)) map.lengths.push_back({length});
  std::reverse(map.lengths.begin(), map.lengths.end());
  for (const Tokens length : map.lengths) {
    for (const int gpus : map.gpus) map.cells.push_back(cell_at(question, gpus, length));
  }
  return map;
}

}  // namespace ithaca
