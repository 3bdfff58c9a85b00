#pragma once
// What the page of `ithaca report` draws of a question, as flat numbers beside a list of words: written here, read by
// the page's script.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/compare.hpp"

namespace ithaca {

struct LiveAnswer {
  std::vector<double> numbers;
  std::vector<std::string> words;  ///< that numbers name by their place
};

/// One number of a row that stands, under its public name.
struct LiveField {
  std::string_view name;  ///< as in the JSON of `ithaca compare`: "step.time_s"
  double (*get)(const Question&, const Row&);
};
std::span<const LiveField> live_fields();

// A row is: strategy, 1 if refused. Refused: tp, ulysses, ring, dp, pp, places of rule, why, instead. Else: every
// field; the number of memory terms (none but in live_rows); of each its bytes, and the places of its name, formula and
// source.

/// Parameters, the place of the row to take (-1: none), the number of rows, the rows of compare().
LiveAnswer live_rows(const Question& question);
/// The number of curves of comm_curves(); of each its strategy, the number of points, and GPUs and row of each point.
LiveAnswer live_curves(const Question& question);
/// Of winner_map(): the number of GPU counts and they, the number of lengths and they; of each cell the place of its
/// best row (-1: none) and its rows, one a strategy.
LiveAnswer live_winners(const Question& question);

}  // namespace ithaca
