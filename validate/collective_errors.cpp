#include "validate/collective_errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "validate/collective_rows.hpp"

namespace ithaca {
namespace {

bool fits(const Cluster& cluster, const CollectiveSample& sample) {
  return sample.ranks >= 2 && (cluster.max_gpus == 0 || sample.ranks <= cluster.max_gpus);
}

/// The class of a row, made if it is the first.
CollectiveClass& class_of(std::vector<CollectiveClass>& classes, const CollectiveSample& sample, int nodes) {
  const bool large = sample.message >= kLargeMessage;
  const auto same = [&](const CollectiveClass& c) {
    return c.op == sample.op && c.ranks == sample.ranks && c.nodes == nodes && c.large == large;
  };
  const auto found = std::find_if(classes.begin(), classes.end(), same);
  if (found != classes.end()) return *found;
  classes.push_back({.op = sample.op, .ranks = sample.ranks, .nodes = nodes, .large = large});
  return classes.back();
}

void add(CollectiveClass& c, double error) {
  ++c.rows;
  c.mean += std::abs(error);
  c.bias += error;
  if (std::abs(error) > std::abs(c.worst)) c.worst = error;
}

void say_left_out(std::vector<std::string>& out, int rows, std::string_view why) {
  if (rows > 0) out.push_back(fmt::format("{} {} {}", rows, rows == 1 ? "row" : "rows", why));
}

bool is_right(const CollectiveSample& s) { return s.wrong.value_or(0) <= 0 && s.time.value() > 0; }

auto question(const CollectiveSample& s) {
  return std::tuple(s.op, s.algorithm, s.ranks, s.nodes, s.message.value(), s.in_place);
}

/// The time of the fastest sound row of each question.
auto fastest_runs(const std::vector<CollectiveSample>& samples) {
  std::map<decltype(question(samples[0])), Seconds> fastest;
  for (const CollectiveSample& s : samples) {
    if (!is_right(s) || !s.doubt.empty()) continue;
    const auto [run, first] = fastest.try_emplace(question(s), s.time);
    if (!first) run->second = min(run->second, s.time);
  }
  return fastest;
}

}  // namespace

CollectiveErrors collective_errors(const Cluster& cluster, const std::vector<CollectiveSample>& samples) {
  CollectiveErrors errors;
  std::string doubt;   // the first; of one log they are alike
  double slowest = 1;  // of the times of one question, over the fastest
  int wrong = 0, doubtful = 0, fitted = 0, slower = 0, outside = 0, unknown = 0, elsewhere = 0;
  const auto fastest = fastest_runs(samples);
  for (const CollectiveSample& sample : samples) {
    if (!is_right(sample)) {
      ++wrong;
    } else if (!sample.doubt.empty()) {
      if (doubtful++ == 0) doubt = "with a doubt: " + sample.doubt;
    } else if (sample.fitted) {
      ++fitted;
    } else if (const double times = sample.time / fastest.at(question(sample)); times > 1) {
      ++slower;
      slowest = std::max(slowest, times);
    } else if (!fits(cluster, sample)) {
      ++outside;
    } else {
      const Placement placement = place(cluster, {sample.ranks, 1}, sample.ranks);
      const auto cost = collective_cost(cluster, placement, sample.op, sample.message, sample.algorithm);
      if (sample.nodes > 0 && placement.nodes != sample.nodes) {
        ++elsewhere;
      } else if (!cost) {
        ++unknown;
      } else {
        const Seconds predicted = timed(sample, cost->total());
        const double error = predicted / sample.time - 1;
        errors.rows.push_back({sample, *cost, predicted, placement.nodes, error});
        add(class_of(errors.classes, sample, placement.nodes), error);
      }
    }
  }
  for (CollectiveClass& c : errors.classes) {
    c.mean /= c.rows;
    c.bias /= c.rows;
  }
  say_left_out(errors.left_out, wrong, "with wrong results");
  say_left_out(errors.left_out, doubtful, doubt);
  say_left_out(errors.left_out, fitted, "that a figure of the cluster was made of");
  say_left_out(errors.left_out, slower,
               fmt::format("slower than another run of the same, by {:.1f} times at most", slowest));
  say_left_out(errors.left_out, outside, "of groups that the cluster cannot hold");
  say_left_out(errors.left_out, elsewhere, "measured on another number of servers than the cluster would take");
  say_left_out(errors.left_out, unknown, "of an algorithm that the model does not have here");
  return errors;
}

}  // namespace ithaca
