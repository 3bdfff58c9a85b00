#include "validate/profile_yaml.hpp"

#include <fmt/format.h>

#include "validate/kernel_yaml.hpp"

namespace ithaca {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + "\"";
}

std::string bounded(std::string_view key, double value, const Interval& interval) {
  return fmt::format("{0}: {1:.5g}, {0}_low: {2:.5g}, {0}_high: {3:.5g}", key, value, interval.low, interval.high);
}

std::string_view level(bool across_nodes) { return across_nodes ? "network" : "server"; }

std::string regimes(const std::vector<FittedRegime>& fitted) {
  std::string out = fitted.empty() ? "" : "regimes:\n";
  for (const auto& [r, latency, transfer, hop, samples] : fitted) {
    const std::string levels =
        r.hop > 0 ? fmt::format(", {}, held_bytes: {:.12g}", bounded("hop", r.hop, hop), r.held.value()) : "";
    out +=
        fmt::format("  - {{op: {}, algorithm: {}, protocol: {}, level: {}, {}, {}{}, samples: {}}}\n", name(r.op),
                    name(r.algorithm), name(r.protocol), level(r.across_nodes), bounded("latency", r.latency, latency),
                    bounded("transfer", r.transfer, transfer), levels, samples);
  }
  return out;
}

std::string curves(const std::vector<FittedCurve>& fitted) {
  std::string out = fitted.empty() ? "" : "curves:\n";
  for (const auto& [c, factors] : fitted) {
    out += fmt::format("  - op: {}\n    algorithm: {}\n    level: {}\n    ranks: {}\n    points:\n", name(c.op),
                       name(c.algorithm), level(c.across_nodes), c.ranks);
    for (std::size_t i = 0; i < c.points.size(); ++i)
      out += fmt::format("      - {{bytes: {:.12g}, {}}}\n", c.points[i].bytes,
                         bounded("factor", c.points[i].factor, factors[i]));
  }
  return out;
}

std::string texts(std::string_view key, const std::vector<std::string>& a, const std::vector<std::string>& b) {
  if (a.empty() && b.empty()) return "";
  std::string out = fmt::format("{}:\n", key);
  for (const auto* list : {&a, &b})
    for (const std::string& line : *list) out += "  - " + quoted(line) + "\n";
  return out;
}

std::string kernels(const Calibration& c) {
  std::string out = kernel_curves_yaml(c.kernels);
  if (c.streaming_efficiency)
    out += fmt::format(
        "streaming_efficiency: {0:.4g}\nstreaming_efficiency_low: {1:.4g}\nstreaming_efficiency_high: {2:.4g}\n",
        c.streaming_efficiency->value, c.streaming_efficiency->interval.low, c.streaming_efficiency->interval.high);
  if (!c.overlap.empty()) out += "overlap:\n";
  for (const auto& [beside, slowdown] : c.overlap)
    out += fmt::format("  - {{beside: {}, {}, samples: {}}}\n", quoted(beside),
                       bounded("slowdown", slowdown.value, slowdown.interval), slowdown.samples);
  if (!c.kernel_intervals.empty()) out += "kernel_intervals:\n";
  for (const auto& [of, value, interval] : c.kernel_intervals)
    out += fmt::format("  - {{of: {}, {}}}\n", quoted(of), bounded("value", value, interval));
  return out;
}

}  // namespace

std::string profile_yaml(const Calibration& c) {
  std::string out =
      "# Made by a program: measure again, and run it again. Intervals are those of 90 % by resampled rows.\n"
      "schema: profile/1\nmade_by: ithaca calibrate\n";
  if (!c.cluster.empty()) out += "cluster: " + quoted(c.cluster) + "\n";
  if (!c.gpu.empty()) out += "gpu: " + quoted(c.gpu) + "\n";
  out +=
      "split: \"errors are of fits without the held-out rows: of collectives every second size of each group; of "
      "attention 1024 and 8192 tokens; of GEMMs every fourth shape by FNV-1a of batch, m, n, k. The collectives' "
      "figures below are then fitted to all rows\"\n";
  out += "inputs:\n";
  for (const Profile::Input& input : c.inputs)
    out += fmt::format("  - {{file: {}, hash: \"{}\", samples: {}}}\n", quoted(input.file), input.hash, input.samples);
  out += regimes(c.collectives.regimes) + curves(c.collectives.curves) + kernels(c);
  std::vector<FitError> errors = c.collectives.errors;
  errors.insert(errors.end(), c.kernels.errors.begin(), c.kernels.errors.end());
  out += fit_errors_yaml(errors);
  return out + texts("outliers", c.collectives.outliers, c.outliers) +
         texts("not_fitted", c.collectives.not_fitted, c.not_fitted);
}

}  // namespace ithaca
