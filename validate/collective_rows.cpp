#include "validate/collective_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "model/collective_parts.hpp"
#include "model/units.hpp"
#include "validate/collective_fit.hpp"

namespace ithaca {
namespace {

constexpr double kFalls = 0.9;   ///< of the time: a larger message that is as fast speaks against the row
constexpr double kHosted = 0.8;  ///< of the time: if the calling host takes as much, the row hardly tells of GPUs

bool same_group(const CollectiveSample& a, const CollectiveSample& b) {
  return a.op == b.op && a.ranks == b.ranks && a.nodes == b.nodes && a.algorithm == b.algorithm;
}

std::string words(const CollectiveSample& s) {
  return fmt::format("{}{} of {} ranks, {}, {:.4g} us{}", s.line > 0 ? fmt::format("line {}: ", s.line) : "",
                     name(s.op), s.ranks, print(s.message), s.time.value() * 1e6, s.in_place ? " in place" : "");
}

bool wrong(const CollectiveSample& s) { return s.wrong.value_or(0) > 0 || !(s.time.value() > 0); }

bool hosted(const CollectiveSample& s) { return s.host_needs + s.host_adds > s.time * kHosted; }

bool falls(const std::vector<CollectiveSample>& all, const CollectiveSample& s) {
  return std::any_of(all.begin(), all.end(), [&](const CollectiveSample& other) {
    return same_group(s, other) && !wrong(other) && other.message > s.message && other.time < s.time * kFalls;
  });
}

/// Much slower than the fastest row of the same size.
bool straggles(const std::vector<CollectiveSample>& all, const CollectiveSample& s) {
  return std::any_of(all.begin(), all.end(), [&](const CollectiveSample& other) {
    return same_group(s, other) && !wrong(other) && other.message == s.message && other.time * 1.5 < s.time;
  });
}

}  // namespace

std::vector<std::size_t> sound_rows(const std::vector<CollectiveSample>& samples, std::vector<std::string>& said) {
  std::vector<std::size_t> sound;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const CollectiveSample& s = samples[i];
    if (wrong(s)) {
      said.push_back(words(s) + ": left out, its results were wrong");
      continue;
    }
    if (!s.doubt.empty()) {
      said.push_back(words(s) + ": left out, " + s.doubt);
    } else if (hosted(s)) {
      said.push_back(words(s) + ": left out, the calling host took about as long");
    } else if (straggles(samples, s)) {
      said.push_back(words(s) + ": left out, another row of this size is faster by half");
    } else if (falls(samples, s)) {
      said.push_back(words(s) + ": left out, a larger message was faster");
    } else {
      sound.push_back(i);
    }
  }
  return sound;
}

std::vector<bool> held_out_rows(const std::vector<CollectiveSample>& samples) {
  std::map<std::tuple<Op, int, int>, std::map<double, int>> sizes;
  const auto key = [](const CollectiveSample& s) { return std::tuple(s.op, s.ranks, s.nodes); };
  for (const CollectiveSample& s : samples) sizes[key(s)][s.message.value()] = 0;
  for (auto& [group, order] : sizes) {
    int number = 0;
    for (auto& [bytes, place] : order) place = number++;
  }
  std::vector<bool> held_out;
  held_out.reserve(samples.size());
  for (const CollectiveSample& s : samples) held_out.push_back(sizes[key(s)][s.message.value()] % 2 == 1);
  return held_out;
}

Rows rows_on(const Cluster& cluster, const std::vector<CollectiveSample>& samples, std::vector<std::string>& said) {
  Rows rows;
  int outside = 0;
  for (const CollectiveSample& s : samples) {
    const bool fits = s.ranks >= 2 && (cluster.max_gpus == 0 || s.ranks <= cluster.max_gpus);
    if (!fits) {
      ++outside;
      continue;
    }
    const Placement placement = place(cluster, {s.ranks, 1}, s.ranks);
    const auto cost = collective_cost(cluster, placement, s.op, s.message, s.algorithm);
    if (cost && (s.nodes == 0 || s.nodes == placement.nodes)) {
      rows.push_back(
          {s, placement, *cost, placement.nodes > 1, parts::constant_times(cluster, placement, s.message, *cost)});
    } else {
      ++outside;
    }
  }
  if (outside > 0)
    said.push_back(fmt::format("{} {}: left out, {} has no such group or algorithm", outside,
                               outside == 1 ? "row" : "rows", cluster.name));
  return rows;
}

std::vector<FitError> errors_by_class(const Cluster& cluster, const Rows& rows, const std::vector<bool>& held_out) {
  std::map<std::tuple<Op, int, bool, bool>, FitError> classes;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const CollectiveSample& s = rows[i].sample;
    const auto cost = collective_cost(cluster, rows[i].placement, s.op, s.message, s.algorithm);
    const double percent = 100 * (timed(s, cost->total()) / s.time - 1);
    const bool large = s.message >= kLargeMessage;
    FitError& e = classes[{s.op, s.ranks, !large, held_out[i]}];
    e.of = fmt::format("{} of {} ranks {} 1 MiB", name(s.op), s.ranks, large ? "from" : "below");
    e.held_out = held_out[i];
    ++e.samples;
    e.mean += std::abs(percent);
    e.bias += percent;
    e.max = std::max(e.max, std::abs(percent));
  }
  std::vector<FitError> errors;
  for (auto& [key, error] : classes) {
    error.mean /= error.samples;
    error.bias /= error.samples;
    errors.push_back(error);
  }
  return errors;
}

}  // namespace ithaca
