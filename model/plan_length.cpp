#include "model/plan_length.hpp"

#include <algorithm>

#include "model/framework_rules.hpp"

namespace ithaca {
namespace {

constexpr std::int64_t kLongest = std::int64_t{1} << 34;

/// The last of low..high that passes; `low` does.
template <class Test>
std::int64_t last_that(std::int64_t low, std::int64_t high, Test passes) {
  while (low < high) {
    const std::int64_t middle = low + (high - low + 1) / 2;
    if (passes(middle)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

}  // namespace

Tokens longest_sequence(const PlanQuestion& q, const Cluster& cluster, const Workload& given, const Layout& layout,
                        Tokens needed) {
  const std::int64_t multiple = sequence_multiple(given, layout);
  const Bytes usable = cluster.gpu.memory * (1 - q.limits.memory_margin);
  Workload work = given;
  const auto fits = [&](std::int64_t chunks) {
    work.seq_len = Tokens{chunks * multiple};
    return peak_memory(q.model, work, cluster, layout, split_rank(q.model, work, layout)).peak() <= usable;
  };
  const auto fast_enough = [&](std::int64_t chunks) {
    work.seq_len = Tokens{chunks * multiple};
    const auto estimate = estimate_step(q.model, work, cluster, layout);
    const Tokens tokens{work.seq_len.count * work.global_batch};
    return estimate && tokens / estimate->step.time >= q.limits.tokens_per_s;
  };
  const std::int64_t least = std::max<std::int64_t>(1, (needed.count + multiple - 1) / multiple);
  if (!fits(least)) return {};
  // Doubling first keeps the lengths that are tried near the answer.
  std::int64_t low = least;
  while (low * 2 * multiple <= kLongest && fits(low * 2)) low *= 2;
  std::int64_t longest = last_that(low, std::min(low * 2, kLongest / multiple), fits);
  if (q.limits.tokens_per_s > TokensPerSecond{}) {
    std::int64_t slow = longest;
    while (longest > 0 && !fast_enough(longest)) longest = (slow = longest) / 2;
    if (longest > 0 && longest < slow) longest = last_that(longest, slow - 1, fast_enough);
    if (longest < least) return {};
  }
  return Tokens{longest * multiple};
}

}  // namespace ithaca
