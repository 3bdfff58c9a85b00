#include "model/compare.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "model/framework_rules.hpp"
#include "model/legality.hpp"

namespace ithaca {
namespace {

constexpr std::int64_t kLongest = std::int64_t{1} << 34;

/// As each is normally run, in any framework or in the one that is named.
int default_zero(Framework framework, Strategy strategy, int pp) {
  const bool by_megatron = framework == Framework::megatron || (framework == Framework::verl && !has_ulysses(strategy));
  const bool by_fsdp = framework == Framework::accelerate;
  return by_megatron || (has_tensor(strategy) && !by_fsdp) || pp > 1 ? 1 : 3;
}

/// Calls `use` with the degree that is fixed, else with every divisor of `whole` up to `limit`.
template <class Use>
void each_divisor(const std::optional<int>& fixed, std::int64_t whole, int limit, Use use) {
  if (fixed) return use(*fixed);
  for (int d = 1; d <= std::min<std::int64_t>(whole, limit); ++d) {
    if (whole % d == 0) use(d);
  }
}

/// What the choice among layouts goes by. Whole estimates are kept of none but the last, as they are ten kilobytes
/// each.
struct Candidate {
  std::size_t number = 0;  ///< in the order of enumeration
  Layout layout;
  bool fits = false;
  int active_gpus = 0;
  Seconds time{};
  Bytes sent{};
};

/// Enumerates the layouts of one strategy that the fixed degrees leave open.
class Search {
 public:
  /// `estimate` is where estimates are left: they are kilobytes.
  Search(const Question& question, Strategy strategy, std::optional<StepEstimate>& estimate)
      : q_(question), strategy_(strategy), last_(estimate) {}

  /// Every legal layout, in order; those that are another strategy in disguise only if there is nothing else. Without
  /// `all`, what leaves more GPUs idle than a layout that fits is not worked out: it is not chosen.
  const std::vector<Candidate>& run(bool all) {
    enumerate();
    work_out(all);
    if (found_.empty() && !refusal_) {
      keep_degenerate_ = true;
      enumerate();
      work_out(all);
    }
    return found_;
  }
  /// Leaves the estimate of one that was found.
  void settle(const Candidate& on) {
    if (on.number != last_number_) last_ = estimate_step(q_.model, q_.work, q_.cluster, on.layout, q_.traffic).value();
  }
  const std::optional<Refusal>& refusal() const { return refusal_; }

 private:
  void enumerate() {
    const std::int64_t replicas = std::max<std::int64_t>(1, q_.work.global_batch / q_.work.micro_batch);
    const std::int64_t tps = has_tensor(strategy_) ? q_.model.heads : 1;
    each_divisor(q_.degrees.tp, tps, q_.gpus, [&](int tp) {
      each_divisor(q_.degrees.dp, replicas, q_.gpus, [&](int dp) { try_sequence(tp, dp); });
    });
  }

  /// Within one tp and dp every sequence degree that the strategy has; the ring takes what ulysses leaves.
  void try_sequence(int tp, int dp) {
    const int outer = std::max(1, tp) * std::max(1, dp) * std::max(1, q_.degrees.pp.value_or(1));
    const int room = std::max(1, q_.gpus / outer);
    const std::int64_t heads = std::max<std::int64_t>(1, q_.model.heads / std::max(1, tp));
    const auto try_ulysses = [&](int u) {
      const int rest = std::max(1, room / std::max(1, u));
      try_layout(tp, dp, u, has_ring(strategy_) ? q_.degrees.ring.value_or(rest) : 1);
    };
    if (!has_ulysses(strategy_)) return try_ulysses(1);
    if (q_.degrees.ulysses) return try_ulysses(*q_.degrees.ulysses);
    for (int u = 1; u <= std::min<std::int64_t>(heads, room); ++u) try_ulysses(u);
  }

  void try_layout(int tp, int dp, int ulysses, int ring) {
    const Layout layout{.strategy = strategy_,
                        .tp = tp,
                        .pp = q_.degrees.pp.value_or(1),
                        .dp = dp,
                        .ulysses = ulysses,
                        .ring = ring,
                        .zero = q_.degrees.zero.value_or(
                            default_zero(q_.work.framework.framework, strategy_, q_.degrees.pp.value_or(1))),
                        .zigzag = q_.degrees.zigzag,
                        .ep = q_.degrees.ep,
                        .virtual_pp = q_.degrees.virtual_pp,
                        .schedule = q_.degrees.schedule,
                        .tp_sequence = strategy_ != Strategy::tensor_parallel,
                        .inner_ring = q_.degrees.inner_ring,
                        .chunks = q_.degrees.chunks};
    if (keep_degenerate_ || !degenerate(layout)) layouts_.push_back(layout);
  }

  void work_out(bool all) {
    std::vector<std::size_t> order(layouts_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto more_gpus = [&](std::size_t a, std::size_t b) { return layouts_[a].gpus() > layouts_[b].gpus(); };
    if (!all) std::stable_sort(order.begin(), order.end(), more_gpus);
    int busy = 0;  // GPUs of a layout that fits
    for (const std::size_t i : order) {
      if (!all && layouts_[i].gpus() < busy) continue;
      work_out(i);
      if (!found_.empty() && found_.back().fits) busy = std::max(busy, found_.back().active_gpus);
    }
    std::sort(found_.begin(), found_.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  }

  void work_out(std::size_t number) {
    const Layout& layout = layouts_[number];
    if (layout.gpus() > q_.gpus) return refuse(number, {Rule::gpus, layout, layout.gpus(), q_.gpus});
    auto estimate = estimate_step(q_.model, q_.work, q_.cluster, layout, q_.traffic);
    if (!estimate) return refuse(number, estimate.error());
    last_ = std::move(estimate).value();
    last_number_ = number;
    found_.push_back({number, layout, last_->memory.fits(), last_->active_gpus, last_->step.time,
                      last_->forward.sent + last_->backward.sent});
  }

  /// A degree of one where the strategy's own degree was left open makes it another strategy.
  bool degenerate(const Layout& l) const {
    const bool open_u = !q_.degrees.ulysses, open_r = !q_.degrees.ring;
    switch (strategy_) {
      case Strategy::ulysses:
      case Strategy::fpdt: return open_u && l.ulysses == 1 && q_.gpus > 1;
      case Strategy::ring:
      case Strategy::cp_all_gather:
      case Strategy::ring_self_attention: return open_r && l.ring == 1 && q_.gpus > 1;
      case Strategy::tensor_parallel:
      case Strategy::megatron_sp: return !q_.degrees.tp && l.tp == 1 && q_.gpus > 1;
      case Strategy::usp:
      case Strategy::loongtrain: return q_.gpus > 3 && ((open_u && l.ulysses == 1) || (open_r && l.ring == 1));
    }
    return false;
  }

  /// Keeps the first one.
  void refuse(std::size_t number, const Refusal& refusal) {
    if (refusal_ && refused_number_ < number) return;
    refusal_ = refusal;
    refused_number_ = number;
  }

  const Question& q_;
  Strategy strategy_;
  bool keep_degenerate_ = false;
  std::vector<Layout> layouts_;
  std::vector<Candidate> found_;
  std::optional<StepEstimate>& last_;  ///< of the candidate that was worked out last
  std::size_t last_number_ = 0;
  std::optional<Refusal> refusal_;
  std::size_t refused_number_ = 0;
};

/// Fits before not; then fewest idle GPUs.
bool ranks_before(const Candidate& a, const Candidate& b) {
  if (a.fits != b.fits) return a.fits;
  return a.active_gpus > b.active_gpus;
}

const Candidate& choose(const std::vector<Candidate>& all) {
  const Candidate& first = *std::min_element(all.begin(), all.end(), ranks_before);
  Seconds fastest = first.time;
  const auto equal_rank = [&](const Candidate& c) { return !ranks_before(first, c); };
  for (const Candidate& c : all) {
    if (equal_rank(c)) fastest = min(fastest, c.time);
  }
  const Candidate* best = nullptr;
  for (const Candidate& c : all) {
    if (!equal_rank(c) || c.time > fastest * (1 + kModelError)) continue;
    if (best == nullptr || c.sent < best->sent) best = &c;
  }
  return *best;
}

void set_faster(Row& row, const std::vector<Candidate>& all) {
  const StepEstimate& own = *row.estimate;
  Seconds best = own.step.time * 0.995;
  for (const Candidate& c : all) {
    if (c.fits < own.memory.fits() || c.time >= best) continue;
    best = row.faster_time = c.time;
    row.faster = c.layout;
  }
}

Tokens longest_sequence(const Question& q, const Layout& layout) {
  const std::int64_t multiple = sequence_multiple(q.work, layout);
  Workload work = q.work;
  work.packing = nullptr;  // memory goes by tokens alone
  const auto fits = [&](std::int64_t chunks) {
    work.seq_len = Tokens{chunks * multiple};
    return peak_memory(q.model, work, q.cluster, layout, split_rank(q.model, work, layout)).fits();
  };
  std::int64_t low = 0, high = kLongest / multiple;
  while (low < high) {
    const std::int64_t middle = (low + high + 1) / 2;
    if (fits(middle)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return Tokens{low * multiple};
}

}  // namespace

Row compare_strategy(const Question& q, Strategy strategy, bool whole) {
  Row row;
  row.strategy = strategy;
  row.layout.strategy = strategy;
  if (q.cluster.max_gpus > 0 && q.gpus > q.cluster.max_gpus) {
    row.refused = Refusal{Rule::cluster_size, row.layout, q.gpus, q.cluster.max_gpus};
    return row;
  }
  Search search(q, strategy, row.estimate);
  const std::vector<Candidate>& all = search.run(whole);
  if (all.empty()) {
    row.refused = search.refusal();
    row.layout = row.refused->layout;
    return row;
  }
  const Candidate& chosen = choose(all);
  row.layout = chosen.layout;
  search.settle(chosen);
  row.closed_form_time = chosen.time;
  row.idle_gpus = q.gpus - chosen.active_gpus;
  set_rates(row, q);
  if (!whole) return row;
  row.max_seq_len = longest_sequence(q, row.layout);
  set_faster(row, all);
  return row;
}

std::vector<Row> compare(const Question& question) {
  std::vector<Row> rows;
  for (Strategy strategy : question.strategies) rows.push_back(compare_strategy(question, strategy));
  return rows;
}

void set_rates(Row& row, const Question& q) {
  const StepEstimate& e = *row.estimate;
  const Tokens tokens{q.work.seq_len.count * q.work.global_batch};
  const FlopPerSecond peak = q.cluster.gpu.peak[static_cast<std::size_t>(q.work.dtype)];
  const Seconds gpu_time = e.step.time * q.gpus;
  row.tokens_per_s = tokens / e.step.time;
  row.model_rate_per_gpu = e.model_flops / gpu_time;
  row.mfu = row.model_rate_per_gpu / peak;
  row.mfu_full_attention = e.model_flops_full_attention / gpu_time / peak;
  row.hfu = e.executed_flops / gpu_time / peak;
  row.per_million_tokens =
      q.cluster.price_per_gpu_hour * (gpu_time.value() / 3600.0) * (1e6 / static_cast<double>(tokens.count));
}

std::optional<std::size_t> best_row(const std::vector<Row>& rows) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].estimate || !rows[i].estimate->memory.fits()) continue;
    if (!best || rows[i].estimate->step.time < rows[*best].estimate->step.time) best = i;
  }
  return best;
}

}  // namespace ithaca
