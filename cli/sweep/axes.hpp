#pragma once
// The axes of a sweep: any flag of `compare` (or of `plan`), and figures of model and machine. The last axis changes
// fastest.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/compare_flags.hpp"

namespace ithaca {

/// What each point asks: `compare` for a training step, `plan`, or `compare --phase` for inference.
enum class SweepAsks : std::uint8_t { step, plan, phase };

struct SweepAxis {
  /// words: the flag is read anew for each value. number: as words, but read once and put into the question, which
  /// takes no time. figure, derived: see sweep/figures.hpp.
  enum class Kind : std::uint8_t { words, number, figure, derived };
  std::string name;  ///< "seq"
  Kind kind = Kind::words;
  std::size_t entry = 0;  ///< of the table of numbers, figures or derived ones
  std::string flag;       ///< "--seq"; empty for figures
  bool is_switch = false;
  std::vector<std::string> words;
  std::vector<double> numbers;  ///< of the same values, but for Kind::words
};

/// A flag whose value is one number of the question.
struct NumberAxis {
  std::string_view flag;
  double (*get)(const CompareRequest&);
  void (*set)(Question&, double);
};
std::span<const NumberAxis> number_axes();

/// Name and values as given: {"seq", "64Ki..4Mi*2"}.
using AxisTexts = std::vector<std::pair<std::string, std::string>>;

/// "--strategies" for strategy, "--micro-batch" for micro_batch.
std::string flag_of_axis(std::string_view name);

/// The axes with every value read, by the command that is asked; for plans all are words. Values that are wrong by
/// themselves are problems, and flags that this command does not have.
std::vector<SweepAxis> make_axes(const AxisTexts& texts, SweepAsks asks, Diagnostics& problems);

/// What is wrong with the flags that all points share: said once, not in every row.
void check_shared_flags(const Arguments& base, SweepAsks asks, Diagnostics& problems);

/// Where a flag's meaning goes by the numbers of a point (documents are packed into the length, a batch of tokens
/// counts sequences), every flag has to be read anew: makes words of the axes that are numbers. `base` are the other
/// flags.
void read_anew_where_due(std::vector<SweepAxis>& axes, const Arguments& base, Diagnostics& problems);

/// How many points they span; nothing above 10^15.
std::optional<std::uint64_t> count_points(std::span<const SweepAxis> axes);
/// The value of each axis at a point.
using Digits = std::vector<std::uint32_t>;
void digits_at(std::span<const SweepAxis> axes, std::uint64_t point, Digits& digits);

}  // namespace ithaca
