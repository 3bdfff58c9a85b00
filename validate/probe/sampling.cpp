#include "validate/probe/sampling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace ithaca {
namespace {

using Timings = std::vector<Timing>;

/// The last three lie within `agreement` of each other.
bool agree(const Timings& timings, double agreement) {
  if (timings.size() < 3) return false;
  const auto [least, most] = std::minmax({timings.end()[-1].time, timings.end()[-2].time, timings.end()[-3].time});
  return most.value() <= least.value() * (1 + agreement);
}

std::vector<double> sorted_times(const Timings& timings) {
  std::vector<double> times;
  for (const Timing& t : timings) times.push_back(t.time.value());
  std::sort(times.begin(), times.end());
  return times;
}

double median_clock(Timings::const_iterator begin, Timings::const_iterator end) {
  std::vector<double> clocks;
  for (auto t = begin; t != end; ++t)
    if (t->clock_mhz > 0) clocks.push_back(t->clock_mhz);
  if (clocks.empty()) return 0;
  std::sort(clocks.begin(), clocks.end());
  return quantile(clocks, 0.5);
}

double median_clock(const Timings& timings) { return median_clock(timings.begin(), timings.end()); }

Timings with_steady_clock(const Timings& timings, double fall) {
  const double steady = median_clock(timings);
  Timings kept;
  for (const Timing& t : timings)
    if (t.clock_mhz == 0 || t.clock_mhz >= steady * (1 - fall)) kept.push_back(t);
  return kept;
}

/// Of the first and the second half of the timings.
std::string clock_doubt(const Timings& timings, double fall) {
  const auto middle = timings.begin() + static_cast<std::ptrdiff_t>(timings.size() / 2);
  const double first = median_clock(timings.begin(), middle), second = median_clock(middle, timings.end());
  if (std::abs(first - second) <= fall * std::max(first, second)) return {};
  return "the clock went from " + std::to_string(static_cast<int>(first)) + " to " +
         std::to_string(static_cast<int>(second)) + " MHz";
}

Measurement summary(const Timings& all, const StoppingRule& rule, bool is_warm) {
  const Timings kept = with_steady_clock(all, rule.clock_fall);
  Measurement m;
  m.marked = static_cast<int>(all.size() - kept.size());
  m.doubt = clock_doubt(all, rule.clock_fall);
  const std::vector<double> times = sorted_times(kept);
  m.median = Seconds{quantile(times, 0.5)};
  m.p10 = Seconds{quantile(times, 0.1)};
  m.p90 = Seconds{quantile(times, 0.9)};
  m.error = median_half_interval(times);
  m.timings = static_cast<int>(times.size());
  m.clock_mhz = median_clock(kept);
  for (const Timing& t : all) m.throttle |= t.throttle;
  if (m.doubt.empty() && m.error > rule.error) m.doubt = "the median did not settle";
  if (m.doubt.empty() && !is_warm) m.doubt = "warm-up did not settle";
  return m;
}

}  // namespace

double quantile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

double median_half_interval(const std::vector<double>& sorted) {
  constexpr std::size_t kLeast = 6;  // 1 - 2^-5: the least and the most of 6 hold the median with 97 %
  if (sorted.size() < kLeast) return std::numeric_limits<double>::infinity();
  const double n = static_cast<double>(sorted.size());
  const double low = std::max(1.0, std::floor(0.5 * n - 0.98 * std::sqrt(n)));
  const double high = std::min(n, std::ceil(0.5 * n + 1 + 0.98 * std::sqrt(n)));
  const double width = sorted[static_cast<std::size_t>(high) - 1] - sorted[static_cast<std::size_t>(low) - 1];
  return width / 2 / quantile(sorted, 0.5);
}

Result<Measurement, std::string> measure(Stopwatch& stopwatch, const StoppingRule& rule) {
  Timings warm, timings;
  bool is_warm = false;
  Seconds spent{};
  while (spent < rule.warm_time || (!is_warm && static_cast<int>(warm.size()) < rule.warm_most)) {
    const auto timing = stopwatch.time();
    if (!timing) return timing.error();
    warm.push_back(*timing);
    spent += timing->time * timing->calls;
    is_warm = static_cast<int>(warm.size()) >= rule.warm_least && agree(warm, rule.warm_agreement);
    if (spent > rule.budget && static_cast<int>(warm.size()) >= rule.warm_least) break;
  }
  spent = Seconds{};
  while (static_cast<int>(timings.size()) < rule.most) {
    const auto timing = stopwatch.time();
    if (!timing) return timing.error();
    timings.push_back(*timing);
    spent += timing->time * timing->calls;
    if (static_cast<int>(timings.size()) < rule.least) continue;
    const Timings kept = with_steady_clock(timings, rule.clock_fall);
    if (median_half_interval(sorted_times(kept)) <= rule.error || spent > rule.budget) break;
  }
  return summary(timings, rule, is_warm);
}

}  // namespace ithaca
