#pragma once
// The comparison asked again around the question, by the closed form: what each strategy sends as GPUs are added, and
// which one wins over lengths and GPU counts.

#include <vector>

#include "model/compare.hpp"

namespace ithaca {

/// One strategy over GPU counts. Rows that the heads allow no more are refused and stay.
struct CommCurve {
  struct Point {
    int gpus = 0;
    Row row;
  };
  Strategy strategy{};
  std::vector<Point> points;
};
/// Every power of two from 2 up to twice the larger of the question's GPUs and heads, within the installation: the
/// sequence split over all of them, without data or pipeline parallelism, one micro-batch.
std::vector<CommCurve> comm_curves(const Question& question);

struct WinnerCell {
  int gpus = 0;
  Tokens seq_len{};
  std::vector<Row> rows;
  std::optional<std::size_t> best;
};
/// An eighth to eight times the question's length and GPUs by factors of two, where whole and within the installation.
struct WinnerMap {
  std::vector<int> gpus;          ///< rising
  std::vector<Tokens> lengths;    ///< falling, as a chart shows them
  std::vector<WinnerCell> cells;  ///< by length, then GPUs
};
WinnerMap winner_map(const Question& question);

}  // namespace ithaca
