#pragma once
// The best layout for a goal: an exact search over every legal layout of the given strategies, on every cluster and at
// every GPU count offered. It is pruned by bounds that are proved beside them (model/plan_bound.hpp), never by rules of
// thumb; tests/model/plan_test.cpp holds it against brute force.

#include <optional>
#include <vector>

#include "model/step.hpp"

namespace ithaca {

enum class Goal : std::uint8_t { fastest, longest, fewest_gpus, cheapest };

struct PlanLimits {
  double memory_margin = 0;        ///< share of a GPU's memory that stays free
  Dollars price_per_hour{};        ///< of the whole job; 0: no limit
  TokensPerSecond tokens_per_s{};  ///< at least
};

/// What is fixed; the rest is searched. `zigzag` and `schedule` are never searched: GPipe takes as long as 1F1B and
/// keeps more.
struct PlanDegrees {
  std::optional<int> tp, pp, virtual_pp, dp, ulysses, ring, ep, zero, inner_ring, chunks;
  std::optional<std::int64_t> micro_batch;
  std::optional<Recompute> recompute;
  bool zigzag = true;
  Schedule schedule = Schedule::one_f_one_b;
};

struct PlanQuestion {
  Transformer model;
  /// The micro-batch and the recompute policy are searched. `offload` is what may wait in host memory: with and without
  /// each of it is tried, checkpoints under full recomputation alone. The length is that of the question, but for
  /// Goal::longest, which searches it.
  Workload work;
  std::vector<Cluster> clusters;
  std::vector<int> gpus;  ///< counts offered of each cluster
  std::vector<Strategy> strategies{kStrategies.begin(), kStrategies.end()};
  PlanDegrees fixed;
  Goal goal = Goal::fastest;
  PlanLimits limits;
  std::size_t top = 5;  ///< how many to return
};

/// Smaller is better, `first` before `second`: seconds a step and GPUs; minus tokens and seconds; GPUs and seconds;
/// dollars a token and seconds.
struct Score {
  double first = 0, second = 0;
  friend constexpr auto operator<=>(const Score&, const Score&) = default;
};

struct PlannedLayout {
  std::size_t cluster = 0;  ///< index into PlanQuestion::clusters
  int gpus = 0;             ///< paid for
  Layout layout;
  std::int64_t micro_batch = 1;
  Recompute recompute = Recompute::full;
  Offload offload;
  Tokens seq_len{};
  Score score;
};
Workload workload_of(const PlanQuestion& question, const PlannedLayout& planned);

/// What became of the layouts, each with every setting. Below each other: legal splits; layouts that a bound turned
/// away; those that do not fit; whole steps worked out. Offers above the price limit.
struct PlanCounts {
  std::int64_t splits = 0, bounded = 0, too_large = 0, estimated = 0;
  int too_dear = 0;
};

struct PlanAnswer {
  /// Best first. Of one offer (cluster and GPU count) the best settings of each split, which is the strategy with its
  /// tp, pp, dp, ulysses and ring; of several offers the best layout of each offer.
  std::vector<PlannedLayout> best;
  /// The best of each strategy that is not among them, in the question's order; for one offer only.
  std::vector<PlannedLayout> others;
  std::optional<PlannedLayout> smallest;  ///< of those that do not fit the one that needs least; not for Goal::longest
  Bytes smallest_peak{};
  PlanCounts counts;
};

/// Degrees multiply to the GPUs of the offer. A strategy that has no legal layout there takes the largest smaller count
/// that has one; the rest idles and is paid for. A layout belongs to the strategy whose own degrees are above one; with
/// tp = ulysses = ring = 1 to the first strategy asked for. Pipelines interleave with equal chunks and where pp divides
/// the micro-batches (arXiv 2104.04473 section 2.2).
/// Equal scores go by the order of strategies, then by tp, pp, virtual_pp, dp, ulysses, ring, ep, inner_ring, chunks,
/// zero, micro-batch, recompute and offload, smaller first.
PlanAnswer plan(const PlanQuestion& question);

}  // namespace ithaca
