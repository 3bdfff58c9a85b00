#include "validate/tcp/measure.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "model/units.hpp"
#include "validate/tcp/collectives.hpp"

namespace ithaca {
namespace {

std::size_t floats(Bytes bytes) { return static_cast<std::size_t>(bytes.value()) / sizeof(float); }

/// A pattern with its buffers, ready to run again and again.
class Runner {
 public:
  Runner(const Mesh& mesh, Pattern pattern, Bytes message) : mesh_(mesh), pattern_(pattern) {
    const auto ranks = static_cast<std::size_t>(mesh.ranks());
    const bool whole = pattern == Pattern::ping_pong || pattern == Pattern::shift;
    const std::size_t block = std::max<std::size_t>(1, whole ? floats(message) : floats(message) / ranks);
    message_ = Bytes{static_cast<double>(block * (whole ? 1 : ranks) * sizeof(float))};
    if (pattern == Pattern::all_to_all || pattern == Pattern::pairwise) {
      to_.assign(ranks, std::vector<float>(block, 1));
      from_ = to_;
    } else {
      buffer_.assign(whole ? block : block * ranks, 1);
      other_.assign(pattern == Pattern::shift ? block : 0, 0);
    }
  }

  Bytes message() const { return message_; }

  Trouble run() {
    switch (pattern_) {
      case Pattern::ping_pong: return ping_pong(mesh_, buffer_);
      case Pattern::shift: return shift(mesh_, buffer_, other_);
      case Pattern::all_gather: return all_gather(mesh_, buffer_);
      case Pattern::reduce_scatter: return reduce_scatter(mesh_, buffer_);
      case Pattern::all_to_all: return all_to_all(mesh_, to_, from_);
      case Pattern::pairwise: break;
    }
    return pairwise_all_to_all(mesh_, to_, from_);
  }

 private:
  const Mesh& mesh_;
  Pattern pattern_;
  Bytes message_;
  Blocks to_, from_;
  std::vector<float> buffer_, other_;
};

CollectiveSample sample(Pattern pattern, int ranks, Bytes message, double time) {
  CollectiveSample s;
  s.ranks = pattern == Pattern::ping_pong ? 2 : ranks;
  s.message = message;
  s.time = Seconds{pattern == Pattern::ping_pong ? time / 2 : time};
  switch (pattern) {
    case Pattern::ping_pong:
    case Pattern::shift: s.op = Op::send_recv; break;
    case Pattern::all_gather: s.op = Op::all_gather; break;
    case Pattern::reduce_scatter: s.op = Op::reduce_scatter; break;
    case Pattern::all_to_all:
    case Pattern::pairwise: s.op = Op::all_to_all; break;
  }
  if (pattern == Pattern::all_to_all) s.algorithm = Algorithm::direct;
  if (pattern == Pattern::pairwise) s.algorithm = Algorithm::pairwise;
  if (s.op != Op::all_to_all && pattern != Pattern::ping_pong) s.algorithm = Algorithm::ring;
  return s;
}

/// One repetition: all begin together, the slowest counts.
Result<double, std::string> time_once(const Mesh& mesh, Runner& runner) {
  if (const auto together = mesh.max_over_ranks(0); !together) return together.error();
  const auto begin = std::chrono::steady_clock::now();
  if (auto trouble = runner.run()) return *trouble;
  return mesh.max_over_ranks(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
}

/// Every rank sees the same times, and so ends at the same repetition.
Result<double, std::string> median_time(const Mesh& mesh, Runner& runner, const MeasurePlan& plan) {
  if (const auto warm = time_once(mesh, runner); !warm) return warm.error();
  std::vector<double> times;
  double spent = 0;
  while (static_cast<int>(times.size()) < plan.most) {
    const auto time = time_once(mesh, runner);
    if (!time) return time.error();
    times.push_back(*time);
    spent += *time;
    if (static_cast<int>(times.size()) < plan.least) continue;
    if (median_standard_error(times) <= plan.error || spent > plan.budget.value()) break;
  }
  return median(times);
}

}  // namespace

std::string_view name(Pattern pattern) {
  switch (pattern) {
    case Pattern::ping_pong: return "ping_pong";
    case Pattern::shift: return "shift";
    case Pattern::all_gather: return "all_gather";
    case Pattern::reduce_scatter: return "reduce_scatter";
    case Pattern::all_to_all: return "all_to_all";
    case Pattern::pairwise: break;
  }
  return "pairwise";
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double median_standard_error(std::vector<double> times) {
  const double center = median(times), count = static_cast<double>(times.size());
  if (center <= 0) return 0;
  for (double& time : times) time = std::abs(time - center);
  return 1.2533 * 1.4826 * median(std::move(times)) / std::sqrt(count) / center;
}

Measured measure(const Mesh& mesh, const MeasurePlan& plan) {
  Measured measured;
  for (const Pattern pattern : plan.patterns) {
    for (const Bytes message : plan.messages) {
      Runner runner(mesh, pattern, message);
      const auto time = median_time(mesh, runner, plan);
      if (!time) {
        measured.trouble = std::string(name(pattern)) + " of " + print(message) + ": " + time.error();
        return measured;
      }
      measured.samples.push_back(sample(pattern, mesh.ranks(), runner.message(), *time));
    }
  }
  return measured;
}

}  // namespace ithaca
