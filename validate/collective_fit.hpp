#pragma once
// A machine's collective profile from its own measurements: robust straight lines of latency and transfer for each op,
// algorithm, protocol and level, and for each size of group what no straight line explains. What the data cannot tell
// keeps NCCL's constants and is named.

#include <string>
#include <vector>

#include "configs/reader/load_collectives.hpp"
#include "configs/reader/load_kernels.hpp"
#include "validate/resample.hpp"

namespace ithaca {

/// 90 % intervals, by fits to resampled rows.
struct FittedRegime {
  CollectiveRegime regime;
  Interval latency, transfer, hop;
  int samples = 0;
};
struct FittedCurve {
  CollectiveCurve curve;
  std::vector<Interval> factors;  ///< of the curve's points
};

struct CollectiveFit {
  std::vector<FittedRegime> regimes;
  std::vector<FittedCurve> curves;
  std::vector<FitError> errors;         ///< of a fit to every second size, judged on these sizes and on the others
  std::vector<std::string> outliers;    ///< rows that were left out, each with its reason
  std::vector<std::string> not_fitted;  ///< what keeps NCCL's constants, and the measurement that it lacks

  CollectiveProfile profile() const;
};

/// All but the rows that speak against themselves: wrong results, slower by a tenth than a larger message, slower by
/// half than another row of the same size; and those that time the calling host. Indices rise; `said` gets a line for
/// each that is left out.
std::vector<std::size_t> sound_rows(const std::vector<CollectiveSample>& samples, std::vector<std::string>& said);

/// Of the sizes that one op was measured with on one group every second is held out, from the second on.
std::vector<bool> held_out_rows(const std::vector<CollectiveSample>& samples);

/// `cluster` is the machine without a profile. Groups that it cannot hold are left out, and named. Deterministic.
CollectiveFit fit_collectives(const Cluster& cluster, const std::vector<CollectiveSample>& samples);

}  // namespace ithaca
