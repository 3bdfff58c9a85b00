#include "model/inference_compare.hpp"

#include <algorithm>

#include "model/inference_memory.hpp"
#include "model/legality.hpp"

namespace ithaca {
namespace {

constexpr std::int64_t kLongestPrompt = std::int64_t{1} << 34;
constexpr std::int64_t kMostSequences = std::int64_t{1} << 24;

std::vector<int> divisors(std::int64_t whole, int limit) {
  std::vector<int> found;
  for (int d = 1; d <= std::min<std::int64_t>(whole, limit); ++d) {
    if (whole % d == 0) found.push_back(d);
  }
  return found;
}

std::vector<int> numbers(std::int64_t limit) {
  std::vector<int> all(static_cast<std::size_t>(std::max<std::int64_t>(1, limit)));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int>(i) + 1;
  return all;
}

/// Every layout of one strategy that the fixed degrees leave open; the best so far.
class PhaseSearch {
 public:
  PhaseSearch(const InferenceQuestion& question, Strategy strategy, InferenceRow& row)
      : q_(question), job_(question.job), strategy_(strategy), row_(row) {}

  /// Layouts that are another strategy in disguise count only if there is nothing else.
  void run() {
    enumerate();
    if (row_.estimate || row_.refused) return;
    keep_disguised_ = true;
    enumerate();
  }

 private:
  static std::vector<int> open_or(const std::optional<int>& fixed, std::vector<int> open) {
    return fixed ? std::vector<int>{*fixed} : std::move(open);
  }

  void enumerate() {
    const Degrees& fixed = job_.degrees;
    const std::vector<int> one{1};
    for (const int tp : open_or(fixed.tp, has_tensor(strategy_) ? divisors(job_.model.heads, job_.gpus) : one)) {
      for (const int dp : open_or(fixed.dp, divisors(job_.work.global_batch, job_.gpus))) {
        const int outer = std::max(1, tp) * std::max(1, dp) * std::max(1, fixed.pp.value_or(1));
        const int room = std::max(1, job_.gpus / outer);
        const std::int64_t heads = std::min<std::int64_t>(job_.model.heads / std::max(1, tp), room);
        for (const int u : has_ulysses(strategy_) ? open_or(fixed.ulysses, numbers(heads)) : one) {
          const int rest = std::max(1, room / std::max(1, u));
          for (const int r : has_ring(strategy_) ? open_or(fixed.ring, {rest}) : one) try_degrees(tp, dp, u, r);
        }
      }
    }
  }

  void try_degrees(int tp, int dp, int ulysses, int ring) {
    Layout layout{.strategy = strategy_, .tp = tp, .dp = dp, .ulysses = ulysses, .ring = ring};
    layout.pp = job_.degrees.pp.value_or(1);
    layout.zigzag = job_.degrees.zigzag;
    layout.ep = job_.degrees.ep;
    layout.inner_ring = job_.degrees.inner_ring;
    layout.tp_sequence = strategy_ != Strategy::tensor_parallel;
    if (!keep_disguised_ && disguised(layout)) return;
    for (const int zero : open_or(job_.degrees.zero, {0, 3})) {
      layout.zero = zero;
      if (zero == 0 || job_.degrees.zero || (layout.pp == 1 && dp * layout.sequence() > 1)) try_layout(layout);
    }
  }

  /// An open degree of one makes the layout another strategy's.
  bool disguised(const Layout& l) const {
    const Degrees& fixed = job_.degrees;
    if (job_.gpus == 1) return false;
    const bool no_tp = has_tensor(strategy_) && !fixed.tp && l.tp == 1;
    const bool no_ulysses = has_ulysses(strategy_) && !fixed.ulysses && l.ulysses == 1;
    const bool no_ring = has_ring(strategy_) && !fixed.ring && l.ring == 1;
    const bool both = has_ulysses(strategy_) && has_ring(strategy_);
    return no_tp || ((no_ulysses || no_ring) && (!both || job_.gpus > 3));
  }

  void try_layout(const Layout& layout) {
    const auto refuse = [&](const Refusal& refusal) {
      if (!row_.refused) row_.refused = refusal;
    };
    if (layout.gpus() > job_.gpus) return refuse({Rule::gpus, layout, layout.gpus(), job_.gpus});
    const auto estimate = estimate_inference(job_.model, job_.work, q_.inference, job_.cluster, layout);
    if (!estimate) return refuse(estimate.error());
    if (row_.estimate && !better(*estimate, *row_.estimate)) return;
    row_.layout = layout;
    row_.estimate = *estimate;
  }

  bool better(const InferenceEstimate& a, const InferenceEstimate& b) const {
    if (a.memory.fits() != b.memory.fits()) return a.memory.fits();
    if (a.active_gpus != b.active_gpus) return a.active_gpus > b.active_gpus;
    return pass_of(a, q_.inference.phase).time < pass_of(b, q_.inference.phase).time;
  }

  const InferenceQuestion& q_;
  const Question& job_;
  Strategy strategy_;
  InferenceRow& row_;
  bool keep_disguised_ = false;
};

/// The largest of 1..limit that fits, if what is smaller fits too; 0 if none does.
template <class Fits>
std::int64_t largest_that(std::int64_t limit, const Fits& fits) {
  std::int64_t low = 0, high = limit;
  while (low < high) {
    const std::int64_t middle = (low + high + 1) / 2;
    if (fits(middle)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

void set_limits(InferenceRow& row, const InferenceQuestion& q) {
  const auto fits = [&](const Workload& work) {
    const Workload one = inference_workload(work, row.layout);
    return inference_memory(q.job.model, one, q.inference, q.job.cluster, row.layout).fits();
  };
  const std::int64_t multiple = sequence_multiple(row.layout, q.job.work.causal);
  row.max_seq_len.count = multiple * largest_that(kLongestPrompt / multiple, [&](std::int64_t chunks) {
                            Workload work = q.job.work;
                            work.seq_len = Tokens{chunks * multiple};
                            return fits(work);
                          });
  const std::int64_t replicas = row.layout.dp * static_cast<std::int64_t>(row.layout.pp);
  row.max_batch = replicas * largest_that(kMostSequences / replicas, [&](std::int64_t each) {
                    Workload work = q.job.work;
                    work.global_batch = each * replicas;
                    return fits(work);
                  });
}

void set_shares(InferenceRow& row, const InferenceQuestion& q) {
  const InferenceEstimate& e = *row.estimate;
  const Cluster& cluster = q.job.cluster;
  const std::int64_t batch = q.job.work.global_batch;
  const bool prefills = q.inference.phase == Phase::prefill;
  const InferencePass& pass = pass_of(e, q.inference.phase);
  const Tokens tokens{prefills ? batch * q.job.work.seq_len.count : batch};
  row.tokens_per_s = tokens / pass.time;
  const Seconds gpu_time = pass.time * q.job.gpus;
  if (e.prefill) {
    row.model_rate_per_gpu = e.model_flops / (e.prefill->time * q.job.gpus);
    row.mfu = row.model_rate_per_gpu / cluster.gpu.peak[static_cast<std::size_t>(q.job.work.dtype)];
  }
  if (e.decode) row.bandwidth_share = e.decode->read / e.decode->time / cluster.gpu.memory_rate;
  row.per_million_tokens =
      cluster.price_per_gpu_hour * (gpu_time.value() / 3600.0) * (1e6 / static_cast<double>(tokens.count));
}

}  // namespace

InferenceRow compare_strategy(const InferenceQuestion& q, Strategy strategy, bool limits) {
  InferenceRow row;
  row.strategy = row.layout.strategy = strategy;
  const Cluster& cluster = q.job.cluster;
  if (cluster.max_gpus > 0 && q.job.gpus > cluster.max_gpus) {
    row.refused = Refusal{Rule::cluster_size, row.layout, q.job.gpus, cluster.max_gpus};
    return row;
  }
  PhaseSearch(q, strategy, row).run();
  if (!row.estimate) {
    row.layout = row.refused->layout;
    return row;
  }
  row.refused.reset();
  row.idle_gpus = q.job.gpus - row.estimate->active_gpus;
  if (limits) set_limits(row, q);
  set_shares(row, q);
  return row;
}

std::vector<InferenceRow> compare_inference(const InferenceQuestion& question) {
  std::vector<InferenceRow> rows;
  for (const Strategy strategy : question.job.strategies) rows.push_back(compare_strategy(question, strategy));
  return rows;
}

std::optional<std::size_t> best_row(const std::vector<InferenceRow>& rows, Phase phase) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].estimate || !rows[i].estimate->memory.fits()) continue;
    if (!best || pass_of(*rows[i].estimate, phase).time < pass_of(*rows[*best].estimate, phase).time) best = i;
  }
  return best;
}

}  // namespace ithaca
