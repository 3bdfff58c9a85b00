#pragma once
// What the `validate` commands share: the tolerance, and the summary by source.

#include <string>
#include <vector>

#include "cli/arguments.hpp"

namespace ithaca {

inline constexpr double kUsualTolerance = 0.15;

/// --tolerance as a share, or the usual one.
double read_tolerance(const Arguments& arguments, Diagnostics& problems, double usual = kUsualTolerance);

struct SourceError {
  std::string source;
  double error = 0;  ///< signed, relative
};
struct SourceSummary {
  std::string source;
  int count = 0;
  double mean = 0, max = 0;  ///< of the absolute errors
};
/// In the order in which the sources appear.
std::vector<SourceSummary> summary_by_source(const std::vector<SourceError>& errors);

/// "+3.2 %"
std::string signed_percent(double share);

}  // namespace ithaca
