#pragma once
// The main question: every strategy side by side for one model, workload and cluster, with the degrees that were not
// fixed chosen for each.

#include <memory>
#include <optional>
#include <vector>

#include "model/packing.hpp"
#include "model/step.hpp"

namespace ithaca {

/// Layouts whose times differ by less are equal as far as the model can tell.
inline constexpr double kModelError = 0.05;

/// Degrees that the user fixed; the others are left to the tool.
struct Degrees {
  std::optional<int> tp, pp, dp, ulysses, ring, zero;
  bool zigzag = true;
  int ep = 1, virtual_pp = 1, inner_ring = 1, chunks = 1;
  Schedule schedule = Schedule::one_f_one_b;
};

struct Question {
  Transformer model;
  Workload work;
  Cluster cluster;
  int gpus = 0;
  Degrees degrees;
  std::vector<Strategy> strategies{kStrategies.begin(), kStrategies.end()};
  std::shared_ptr<const Packing> packing{};  ///< what work.packing points to
  TrafficRule traffic = layer_traffic;       ///< of one's own, in place of the strategies'
};

/// Exactly one of `refused` and `estimate` is set.
struct Row {
  Row() {}  // not by the compiler, which would clear all twelve kilobytes first
  Strategy strategy{};
  Layout layout;
  int idle_gpus = 0;
  std::optional<Refusal> refused;
  std::optional<StepEstimate> estimate;
  bool by_event_engine = false;        ///< the estimate's step time, and what follows from it, is the event engine's
  Seconds closed_form_time{};          ///< of the step
  Tokens max_seq_len{};                ///< longest sequence that fits with this layout; 0 if none does
  TokensPerSecond tokens_per_s{};      ///< of the whole job
  FlopPerSecond model_rate_per_gpu{};  ///< model FLOPs over all GPUs paid for, idle ones too
  double mfu = 0, mfu_full_attention = 0, hfu = 0;
  Dollars per_million_tokens{};  ///< idle GPUs are paid for
  std::optional<Layout> faster;  ///< a split of the same strategy that is faster although it sends more
  Seconds faster_time{};
};

/// Rows in the order of `question.strategies`. The chosen layout fits in memory if any does, leaves the fewest GPUs
/// idle, and among those within 5 % of the fastest (the model is no more accurate than that) sends the fewest bytes.
std::vector<Row> compare(const Question& question);

/// The row of one strategy. Unless it is `whole`, max_seq_len and `faster` stay empty, which take most of the time.
Row compare_strategy(const Question& question, Strategy strategy, bool whole = true);

/// Works out the rates, shares and price that follow from the row's step time.
void set_rates(Row& row, const Question& question);

/// Index of the row to take: fastest of those that fit; none if every row is refused or too large.
std::optional<std::size_t> best_row(const std::vector<Row>& rows);

}  // namespace ithaca
