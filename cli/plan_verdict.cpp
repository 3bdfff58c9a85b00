#include "cli/plan_verdict.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/plan_levers.hpp"
#include "cli/plan_reasons.hpp"
#include "cli/remarks.hpp"
#include "cli/text.hpp"
#include "cli/verdict.hpp"
#include "model/legality.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

std::string_view merit_words(Goal goal) {
  switch (goal) {
    case Goal::longest: return "the length";
    case Goal::cheapest: return "the tokens a dollar";
    case Goal::fewest_gpus:
    case Goal::fastest: break;
  }
  return "the tokens/s";
}

std::string what_to_take(const PlanRow& best) {
  const StepEstimate& e = *best.row.estimate;
  return fmt::format("Take {} on {} {} GPUs of {}: {} a step for {} tokens a sequence, {} of {} per GPU.",
                     plan_words(best), grouped(best.planned.gpus), best.question.cluster.gpu.name,
                     best.question.cluster.name, print(e.step.time), grouped(best.planned.seq_len.count),
                     print(e.memory.peak()), print(e.memory.capacity));
}

std::string how_sure_of_it(const PlanReport& report) {
  const auto times = best_against_next(report);
  if (!times) return "";
  const PlannedLayout &best = report.rows[0].planned, &next = report.rows[1].planned;
  std::string words = plan_words(report.rows[1]);
  if (best.cluster != next.cluster || best.gpus != next.gpus)
    words += fmt::format(" on {} GPUs of {}", grouped(next.gpus), report.rows[1].question.cluster.name);
  return how_sure(*times, "it", "the next, " + words + ",");
}

std::string what_limits(const PlanRow& best) {
  const StepEstimate& e = *best.row.estimate;
  const StepPart rest = main_part(best, nullptr);
  std::string text =
      fmt::format("Limit: kernels are {} % of the step", significant(100 * (e.step.compute / e.step.time)));
  if (rest.kind != StepPart::Kind::compute && rest.share > 0) text += "; " + rest.words;
  return text + ".";
}

std::string what_would_help(const PlanReport& report) {
  const auto levers = plan_levers(report.question, report.answer.best.front());
  if (levers.empty()) return "Lever: none of a larger batch, a faster network or more memory would bring 2 %.";
  std::string text = "Lever: ";
  for (std::size_t i = 0; i < std::min<std::size_t>(2, levers.size()); ++i) {
    if (i > 0) text += "; then ";
    text += fmt::format("{} gives {} {}", levers[i].what, times(levers[i].gain), merit_words(report.question.goal));
  }
  return text + ".";
}

/// In a search without the limits on price and speed.
PlanAnswer without_limits(PlanQuestion q) {
  q.limits.price_per_hour = Dollars{};
  q.limits.tokens_per_s = TokensPerSecond{};
  q.top = 1;
  return plan(q);
}

std::string too_dear(const PlanQuestion& q) {
  Dollars cheapest{1e300};
  for (const Cluster& c : q.clusters) cheapest = min(cheapest, c.price_per_gpu_hour * q.gpus.front());
  return fmt::format("Every offer costs more than {} USD an hour; the cheapest is {} USD.",
                     significant(q.limits.price_per_hour.value()), significant(cheapest.value()));
}

/// Why no layout is legal, by the rule that the plainest of them breaks.
std::string nothing_legal(const PlanQuestion& q) {
  Question ask{q.model, q.work, q.clusters[0], q.gpus.back(), {}, {q.strategies.front()}};
  const PlanDegrees& f = q.fixed;
  ask.degrees = {f.tp, f.pp, f.dp, f.ulysses, f.ring, f.zero, f.zigzag, f.ep.value_or(1), f.virtual_pp.value_or(1)};
  const Row row = compare(ask).front();
  if (!row.refused) return "No layout of the GPUs offered has the degrees that were given.";
  return fmt::format("No layout is legal: {} ({}). Instead: {}.", why(*row.refused), name(*row.refused),
                     instead(*row.refused));
}

std::string comes_closest(const PlanReport& report) {
  const PlanQuestion& q = report.question;
  const PlannedLayout& p = *report.answer.smallest;
  const Cluster& cluster = q.clusters[p.cluster];
  PlanRow row{p, {}, {}, ""};
  row.row.strategy = p.layout.strategy;
  row.row.layout = p.layout;
  return fmt::format("Nothing fits: {} on {} GPUs of {} comes closest with {} of {} usable per GPU.", plan_words(row),
                     grouped(p.gpus), cluster.name, print(report.answer.smallest_peak),
                     print(cluster.gpu.memory * (1 - q.limits.memory_margin)));
}

std::string too_slow(const PlanQuestion& q, const PlannedLayout& best) {
  const double tokens = static_cast<double>(q.work.seq_len.count * q.work.global_batch);
  return fmt::format("No layout reaches {} tokens/s; without that limit the best makes {}.",
                     significant(q.limits.tokens_per_s.value()), significant(tokens / best.score.first));
}

std::vector<std::string> nothing_feasible(const PlanReport& report) {
  const PlanQuestion& q = report.question;
  const PlanCounts& counts = report.answer.counts;
  std::vector<std::string> lines;
  if (counts.splits == 0 && counts.too_dear > 0) return {too_dear(q)};
  if (counts.splits == 0) return {nothing_legal(q)};
  PlanQuestion fast = q;
  if (fast.goal != Goal::longest) fast.goal = Goal::fastest;
  const PlanAnswer free = without_limits(fast);
  if (!free.best.empty() && q.goal != Goal::longest) {
    lines.push_back(too_slow(q, free.best.front()));
  } else if (!free.best.empty()) {
    lines.push_back(
        fmt::format("No length that fits reaches {} tokens/s.", significant(q.limits.tokens_per_s.value())));
  } else if (report.answer.smallest) {
    lines.push_back(comes_closest(report));
  } else {
    lines.emplace_back("Nothing fits: weights, gradients and optimizer states alone fill the memory.");
  }
  const std::vector<std::string> help = feasible_with(q);
  lines.push_back(help.empty() ? "Neither other settings nor 32 times the GPUs make it feasible."
                               : "It would be feasible with " + join_words(help, "or") + ".");
  return lines;
}

}  // namespace

std::vector<std::string> plan_verdict(const PlanReport& report) {
  if (report.rows.empty()) return nothing_feasible(report);
  const PlanRow& best = report.rows.front();
  std::vector<std::string> lines{what_to_take(best) + how_sure_of_it(report), what_limits(best),
                                 what_would_help(report)};
  if (best.row.idle_gpus > 0) {
    lines.push_back(fmt::format("{} of the {} GPUs idle and are paid for.", grouped(best.row.idle_gpus),
                                grouped(best.planned.gpus)));
  }
  return lines;
}

}  // namespace ithaca
