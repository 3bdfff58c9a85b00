#include "cli/fit_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/text.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

constexpr std::size_t kShown = 10;  ///< of a list

std::string lines(const std::vector<FittedRegime>& regimes) {
  if (regimes.empty()) return "";
  std::string out = fmt::format("{:<14} {:<7} {:<7} {:<7} {:>17} {:>17} {:>5}\n", "times NCCL's", "", "", "",
                                "latency (90 %)", "transfer (90 %)", "rows");
  for (const auto& [r, latency, transfer, hop, samples] : regimes) {
    const auto cell = [](double value, const Interval& i) {
      return fmt::format("{:.2f} ({:.2f}..{:.2f})", value, i.low, i.high);
    };
    out += fmt::format("{:<14} {:<7} {:<7} {:<7} {:>17} {:>17} {:>5}\n", name(r.op), name(r.algorithm),
                       name(r.protocol), r.across_nodes ? "network" : "server", cell(r.latency, latency),
                       cell(r.transfer, transfer), samples);
    if (r.hop > 0)
      out += fmt::format("  each level keeps up to {} for {} times the NICs' time\n", print(r.held), cell(r.hop, hop));
  }
  return out + "\n";
}

std::string errors(const Calibration& c) {
  std::vector<FitError> all = c.collectives.errors;
  all.insert(all.end(), c.kernels.errors.begin(), c.kernels.errors.end());
  if (all.empty()) return "";
  std::string out =
      fmt::format("{:<38} {:<8} {:>5} {:>8} {:>8} {:>8}\n", "mean absolute error", "", "rows", "mean", "bias", "worst");
  for (const FitError& e : all)
    out += fmt::format("{:<38} {:<8} {:>5} {:>6.1f} % {:>+6.1f} % {:>6.1f} %\n", e.of,
                       e.held_out ? "held out" : "fitted", e.samples, e.mean, e.bias, e.max);
  return out + "\n";
}

std::string list(std::string_view title, std::vector<std::string> items, const std::vector<std::string>& more) {
  items.insert(items.end(), more.begin(), more.end());
  if (items.empty()) return "";
  std::string out = fmt::format("{}:\n", title);
  const std::size_t shown = items.size() > kShown + 1 ? kShown : items.size();
  for (std::size_t i = 0; i < shown; ++i) out += wrap(items[i], 80, "  ", "    ");
  if (shown < items.size()) out += fmt::format("  and {} more: the profile names them all\n", items.size() - shown);
  return out;
}

}  // namespace

std::string fit_report(const Calibration& c) {
  std::string out = lines(c.collectives.regimes) + errors(c);
  if (c.streaming_efficiency)
    out += fmt::format("streaming kernels: {:.1f} % of the memory's rate ({:.1f}..{:.1f}, {} rows)\n",
                       100 * c.streaming_efficiency->value, 100 * c.streaming_efficiency->interval.low,
                       100 * c.streaming_efficiency->interval.high, c.streaming_efficiency->samples);
  for (const auto& [beside, s] : c.overlap)
    out += fmt::format("GEMM beside {}: {:.2f} times slower ({:.2f}..{:.2f}, {} rows)\n", beside, s.value,
                       s.interval.low, s.interval.high, s.samples);
  return out + list("Odd rows", c.collectives.outliers, c.outliers) +
         list("Not fitted", c.collectives.not_fitted, c.not_fitted);
}

}  // namespace ithaca
