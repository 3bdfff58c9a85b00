#pragma once
// When to stop timing a kernel, and what its timings say. The median's 95 % confidence interval comes from order
// statistics: ranks n/2 -+ 0.98 sqrt(n) (Le Boudec, Performance Evaluation, 2010, theorem 2.1), whatever the
// distribution.

#include <cstdint>
#include <string>
#include <vector>

#include "model/quantity.hpp"
#include "model/result.hpp"

namespace ithaca {

struct Timing {
  Seconds time{};              ///< of one call
  double clock_mhz = 0;        ///< while it ran; 0: unknown
  std::uint64_t throttle = 0;  ///< NVML's reasons, a bit each
  int calls = 1;               ///< that were timed together
};

class Stopwatch {
 public:
  virtual ~Stopwatch() = default;
  virtual Result<Timing, std::string> time() = 0;
};

struct StoppingRule {
  int warm_least = 5;  ///< timings thrown away, and more
  int warm_most = 50;  ///< until the last three agree
  double warm_agreement = 0.02;
  Seconds warm_time{};         ///< of kernel time, thrown away at least
  int least = 20, most = 200;  ///< timings
  double error = 0.01;         ///< of the median
  Seconds budget{5};           ///< of kernel time; `least` is taken whatever it costs
  double clock_fall = 0.05;    ///< a timing whose clock is lower than the median by more than that is marked
};

/// A GPU under its power limit takes about a tenth of a second to find the clock that it can hold (an H200 under bf16
/// GEMMs goes from 1,980 to about 1,500 MHz), which is the clock of training.
constexpr Seconds kClockSettles{0.4};

struct Measurement {
  Seconds median{}, p10{}, p90{};  ///< of unmarked timings
  double error = 0;                ///< half the interval over the median
  int timings = 0;                 ///< that these are of
  int marked = 0;
  double clock_mhz = 0;        ///< the median
  std::uint64_t throttle = 0;  ///< every reason that was seen
  std::string doubt;           ///< empty: none
};

/// `sorted` is not empty and `share` within 0..1; between two values a straight line.
double quantile(const std::vector<double>& sorted, double share);
/// Half the 95 % interval of the median over the median; infinite below 6 values, which have no such interval.
double median_half_interval(const std::vector<double>& sorted);

Result<Measurement, std::string> measure(Stopwatch& stopwatch, const StoppingRule& rule);

}  // namespace ithaca
