#include "cli/plan_report.hpp"

#include <fmt/format.h>

#include "cli/plan_reasons.hpp"
#include "cli/plan_verdict.hpp"
#include "cli/remarks.hpp"
#include "cli/text.hpp"

namespace ithaca {
namespace {

PlanRow make_row(const PlanQuestion& q, const PlannedLayout& planned) {
  PlanRow row{planned, question_of(q, planned), {}, ""};
  row.row = compare(row.question).front();
  return row;
}

std::vector<LaunchCommand> launches_of(const PlanRow& row) {
  return launches(row.question.model, row.question.work, row.question.cluster, row.planned.layout);
}

/// Of each framework the first row that it can express.
std::vector<PlanLaunch> first_launches(const std::vector<PlanRow>& rows) {
  std::vector<PlanLaunch> found;
  for (const LaunchCommand& launch : launches_of(rows.front())) found.push_back({launch, 0, launch.why_not});
  for (std::size_t row = 1; row < rows.size(); ++row) {
    const std::vector<LaunchCommand> others = launches_of(rows[row]);
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (!found[i].launch.words.empty() || others[i].words.empty()) continue;
      found[i].launch = others[i];
      found[i].row = row;
    }
  }
  return found;
}

}  // namespace

Question question_of(const PlanQuestion& q, const PlannedLayout& planned) {
  const Layout& l = planned.layout;
  Degrees degrees{l.tp, l.pp, l.dp, l.ulysses, l.ring, l.zero, l.zigzag, l.ep, l.virtual_pp, l.inner_ring, l.chunks};
  degrees.schedule = l.schedule;
  return {q.model, workload_of(q, planned), q.clusters[planned.cluster], planned.gpus, degrees, {l.strategy}};
}

std::optional<TimeComparison> best_against_next(const PlanReport& report) {
  if (report.answer.best.size() < 2 || report.rows.size() < 2) return {};
  const PlanRow &best = report.rows[0], &next = report.rows[1];
  const Question &p = best.question, &q = next.question;
  const Goal goal = report.question.goal;
  if (p.work.seq_len != q.work.seq_len || p.work.global_batch != q.work.global_batch || !best.row.estimate ||
      !next.row.estimate || (p.gpus != q.gpus && goal != Goal::fastest && goal != Goal::cheapest))
    return {};
  const auto rate = [](const Question& of) { return of.cluster.price_per_gpu_hour * static_cast<double>(of.gpus); };
  return compare_times({p, best.row, report.clusters[best.planned.cluster].errors},
                       {q, next.row, report.clusters[next.planned.cluster].errors},
                       goal == Goal::cheapest ? rate(q) / rate(p) : 1);
}

std::string offload_words(const Offload& offload) {
  std::vector<std::string> what;
  if (offload.checkpoints) what.emplace_back("checkpoints");
  if (offload.optimizer) what.emplace_back("optimizer");
  if (offload.parameters) what.emplace_back("parameters");
  return join_words(what);
}

std::string plan_words(const PlanRow& row) {
  const PlannedLayout& p = row.planned;
  const Layout& l = p.layout;
  std::string words = row_words(row.row);
  const auto add = [&](std::string_view what, int size) {
    if (size > 1) words += fmt::format(", {} {}", what, size);
  };
  words += fmt::format(", ZeRO {}, recompute {}", l.zero, name(p.recompute));
  add("micro-batch", static_cast<int>(p.micro_batch));
  add("virtual pp", l.virtual_pp);
  add("ep", l.ep);
  add("inner ring", l.inner_ring);
  add("chunks", l.chunks);
  const std::string offload = offload_words(p.offload);
  return offload.empty() ? words : words + ", " + offload + " in host memory";
}

void answer(PlanReport& report) {
  const PlanQuestion& q = report.question;
  report.answer = plan(q);
  for (const auto* list : {&report.answer.best, &report.answer.others}) {
    for (const PlannedLayout& planned : *list) report.rows.push_back(make_row(q, planned));
  }
  for (PlanRow& row : report.rows) {
    if (&row != &report.rows.front()) row.why = why_lost(q.goal, report.rows.front(), row);
  }
  report.verdict = plan_verdict(report);
  if (!report.rows.empty()) report.launches = first_launches(report.rows);
}

}  // namespace ithaca
