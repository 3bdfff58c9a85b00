#include "model/plan.hpp"

#include <algorithm>
#include <limits>

#include "model/framework_rules.hpp"
#include "model/legality.hpp"
#include "model/plan_best.hpp"
#include "model/plan_bound.hpp"
#include "model/plan_length.hpp"

namespace ithaca {
namespace {

constexpr double kNone = -std::numeric_limits<double>::infinity();
constexpr std::int64_t kEndless = std::int64_t{1} << 40;

/// A sequence that is never too short and leaves no rest.
Tokens endless(const Workload& work, const Layout& layout) {
  const std::int64_t multiple = sequence_multiple(work, layout);
  return Tokens{kEndless / multiple * multiple};
}

/// Whether no number of GPUs makes the strategy legal: it needs another attention, another GPU or another framework.
bool never_legal(const PlanQuestion& q, const Cluster& cluster, Strategy strategy) {
  Workload work = q.work;
  work.micro_batch = work.global_batch;
  const Layout layout{.strategy = strategy, .ring = has_ring(strategy) ? 2 : 1};
  work.seq_len = endless(work, layout);
  const auto refusal = check_layout(q.model, work, cluster, layout);
  if (!refusal) return false;
  if (refusal->rule == Rule::framework) return refusal->demand->of_strategy;
  return refusal->rule == Rule::ring_flash || refusal->rule == Rule::ring_scores || refusal->rule == Rule::dtype;
}

/// One offer: a cluster and so many of its GPUs.
class OfferSearch {
 public:
  OfferSearch(const PlanQuestion& q, std::size_t cluster, int gpus, BestPlans& best, PlanAnswer& answer)
      : q_(q), cluster_(q.clusters[cluster]), gpus_(gpus), best_(best), answer_(answer), work_(q.work) {
    planned_.cluster = cluster;
    planned_.gpus = gpus;
    recomputes_ = recompute_choices(q);
    zeros_ = zero_choices(q);
    offloads_ = offload_choices(q);
    work_.offload = {};
  }

  void run() {
    for (const Strategy strategy : q_.strategies) list(strategy);
    if (q_.goal != Goal::longest) bound_and_sort();
    for (const Branch& branch : branches_) search(branch);
  }

 private:
  /// A split with the least time of its layers for each recompute policy.
  struct Branch {
    Split split;
    std::size_t first_pipeline = 0, last_pipeline = 0;
    std::array<LayerPass, 3> pass{};
    Seconds bound{};
  };

  /// Branches of the largest number of GPUs for which the strategy has a legal layout.
  void list(Strategy strategy) {
    if (never_legal(q_, cluster_, strategy)) return;
    for (int working = gpus_; working > 0; --working) {
      const std::size_t pipelines = pipelines_.size(), branches = branches_.size();
      list_pipelines(q_, working, pipelines_);
      splits_.clear();
      list_splits(q_, working, strategy, splits_);
      for (const Split& split : splits_) {
        const Branch branch{split, pipelines, pipelines_.size(), {}, {}};
        if (any_legal(branch)) branches_.push_back(branch);
      }
      if (branches_.size() > branches) {
        answer_.counts.splits += static_cast<std::int64_t>(branches_.size() - branches);
        return;
      }
      pipelines_.resize(pipelines);
    }
  }

  /// Calls visit(layout, pipeline, micro-batches) until it returns false.
  template <class Visit>
  void each_pipeline(const Branch& branch, Visit visit) const {
    for (std::size_t i = branch.first_pipeline; i < branch.last_pipeline; ++i) {
      Layout layout = branch.split.layout;
      const std::int64_t micro_batches = join(q_, branch.split, pipelines_[i], layout);
      if (micro_batches > 0 && !visit(layout, pipelines_[i], micro_batches)) return;
    }
  }

  bool legal(const Layout& layout) {
    if (q_.goal == Goal::longest) work_.seq_len = endless(work_, layout);  // is chosen by layout
    return !check_layout(q_.model, work_, cluster_, layout);
  }

  bool any_legal(const Branch& branch) {
    bool found = false;
    work_.micro_batch = branch.split.micro_batch;
    each_pipeline(branch, [&](Layout layout, const Pipeline&, std::int64_t) {
      for (const int zero : zeros_) {
        layout.zero = zero;
        found = found || legal(layout);
      }
      return !found;
    });
    return found;
  }

  /// Best bounds first, so that good layouts are known early.
  void bound_and_sort() {
    for (Branch& branch : branches_) {
      work_.micro_batch = branch.split.micro_batch;
      for (std::size_t i = 0; i < recomputes_.size(); ++i) {
        work_.recompute = recomputes_[i];
        branch.pass[i] = layer_pass(q_.model, work_, cluster_, branch.split.layout);
      }
      branch.bound = Seconds{std::numeric_limits<double>::infinity()};
      each_pipeline(branch, [&](const Layout&, const Pipeline& pipeline, std::int64_t micro_batches) {
        for (std::size_t i = 0; i < recomputes_.size(); ++i)
          branch.bound = min(branch.bound, time_bound(branch.pass[i], pipeline, micro_batches));
        return true;
      });
    }
    std::stable_sort(branches_.begin(), branches_.end(),
                     [](const Branch& a, const Branch& b) { return a.bound < b.bound; });
  }

  void search(const Branch& branch) {
    planned_.micro_batch = work_.micro_batch = branch.split.micro_batch;
    each_pipeline(branch, [&](const Layout& layout, const Pipeline& pipeline, std::int64_t micro_batches) {
      for (std::size_t i = recomputes_.size(); i-- > 0;) {
        planned_.recompute = work_.recompute = recomputes_[i];
        planned_.layout = layout;
        const Seconds bound = time_bound(branch.pass[i], pipeline, micro_batches);
        const bool hopeless = too_slow(bound) || !best_.wants(score(bound.value()), planned_);
        if (hopeless && q_.goal != Goal::longest) {
          answer_.counts.bounded += static_cast<std::int64_t>(zeros_.size() * offloads_.size());
        } else {
          try_settings(pipeline, bound.value());
        }
      }
      return true;
    });
  }

  void try_settings(const Pipeline& pipeline, double bound) {
    for (std::size_t z = zeros_.size(); z-- > 0;) {
      planned_.layout.zero = zeros_[z];
      work_.offload = {};
      if (!legal(planned_.layout)) continue;
      for (const Offload& offload : offloads_) {
        if (offload.checkpoints && planned_.recompute != Recompute::full) continue;  // there are none
        planned_.offload = work_.offload = offload;
        if (offloads_.size() > 1 && !legal(planned_.layout)) continue;
        if (q_.goal == Goal::longest) {
          try_longest();
        } else if (best_.wants(score(bound), planned_)) {
          try_layout(pipeline);
        } else {
          ++answer_.counts.bounded;
        }
      }
    }
  }

  /// Memory first, then time.
  void try_layout(const Pipeline& pipeline) {
    const RankSplit rank = split_rank(q_.model, work_, planned_.layout);
    const Bytes usable = cluster_.gpu.memory * (1 - q_.limits.memory_margin);
    const Bytes weights = weights_bound(work_, planned_.layout, rank, pipeline);
    if (weights > usable && answer_.smallest && weights >= answer_.smallest_peak) {
      ++answer_.counts.too_large;
      return;
    }
    const Bytes peak = peak_memory(q_.model, work_, cluster_, planned_.layout, rank).peak();
    if (peak > usable) return too_large(peak);
    const auto estimate = estimate_step(q_.model, work_, cluster_, planned_.layout);
    ++answer_.counts.estimated;
    planned_.seq_len = work_.seq_len;
    planned_.score = score(estimate->step.time.value());
    if (!too_slow(estimate->step.time)) best_.take(planned_);
  }

  void try_longest() {
    const auto limit = best_.limit(planned_);
    const Tokens needed{limit ? static_cast<std::int64_t>(-limit->first) : 1};
    const Tokens longest = longest_sequence(q_, cluster_, work_, planned_.layout, needed);
    if (longest.count == 0) {
      ++(limit ? answer_.counts.bounded : answer_.counts.too_large);
      return;
    }
    planned_.seq_len = longest;
    Workload work = work_;
    work.seq_len = longest;
    const auto estimate = estimate_step(q_.model, work, cluster_, planned_.layout);
    ++answer_.counts.estimated;
    planned_.score = {-static_cast<double>(longest.count), estimate->step.time.value()};
    best_.take(planned_);
  }

  void too_large(Bytes peak) {
    ++answer_.counts.too_large;
    if (answer_.smallest && answer_.smallest_peak <= peak) return;
    planned_.seq_len = work_.seq_len;
    answer_.smallest = planned_;
    answer_.smallest_peak = peak;
  }

  double tokens() const { return static_cast<double>(q_.work.seq_len.count * q_.work.global_batch); }
  bool too_slow(Seconds step) const { return tokens() < q_.limits.tokens_per_s.value() * step.value(); }

  Score score(double seconds) const {
    switch (q_.goal) {
      case Goal::fastest: return {seconds, static_cast<double>(gpus_)};
      case Goal::fewest_gpus: return {static_cast<double>(gpus_), seconds};
      case Goal::cheapest: return {cluster_.price_per_gpu_hour.value() / 3600 * gpus_ * seconds / tokens(), seconds};
      case Goal::longest: break;
    }
    return {kNone, seconds};
  }

  const PlanQuestion& q_;
  const Cluster& cluster_;
  int gpus_;
  BestPlans& best_;
  PlanAnswer& answer_;
  Workload work_;          ///< with the settings of `planned_`
  PlannedLayout planned_;  ///< the layout that is looked at
  std::vector<Pipeline> pipelines_;
  std::vector<Split> splits_;
  std::vector<Branch> branches_;
  std::vector<Recompute> recomputes_;
  std::vector<int> zeros_;
  std::vector<Offload> offloads_;
};

bool affordable(const PlanQuestion& q, const Cluster& cluster, int gpus) {
  return q.limits.price_per_hour <= Dollars{} || cluster.price_per_gpu_hour * gpus <= q.limits.price_per_hour;
}

}  // namespace

Workload workload_of(const PlanQuestion& question, const PlannedLayout& planned) {
  Workload work = question.work;
  work.micro_batch = planned.micro_batch;
  work.recompute = planned.recompute;
  work.offload = planned.offload;
  work.seq_len = planned.seq_len;
  return work;
}

PlanAnswer plan(const PlanQuestion& question) {
  PlanAnswer answer;
  BestPlans best(question);
  for (std::size_t cluster = 0; cluster < question.clusters.size(); ++cluster) {
    for (const int gpus : question.gpus) {
      const Cluster& c = question.clusters[cluster];
      if (c.max_gpus > 0 && gpus > c.max_gpus) continue;
      if (affordable(question, c, gpus)) {
        OfferSearch(question, cluster, gpus, best, answer).run();
      } else {
        ++answer.counts.too_dear;
      }
    }
  }
  best.write(answer);
  return answer;
}

}  // namespace ithaca
