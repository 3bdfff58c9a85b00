#include "cli/sweep/answers.hpp"

#include "cli/engine_rows.hpp"
#include "cli/plan_report.hpp"
#include "cli/remarks.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

RowMerit merit_of(const SweepRow& row) {
  if (row.problem != nullptr || !row.row.estimate) return {};
  RowMerit merit{1 / row.row.tokens_per_s.value(), row.row.estimate->memory.peak().value(),
                 row.row.per_million_tokens.value(), row.feasible()};
  return merit;
}

PointProblem nothing_fits(const PlanAnswer& answer) {
  if (!answer.smallest) return {"plan", "no layout is legal", "see 'ithaca plan' with the same flags"};
  return {"plan", "the smallest layout needs " + ithaca::print(answer.smallest_peak) + " a GPU",
          "see 'ithaca plan' with the same flags"};
}

}  // namespace

SweepWorker::SweepWorker(const SweepPlan& plan)
    : plan_(plan), columns_(plan.inputs.axes, plan.columns, plan.format, plan.heat), reader_(plan.inputs) {}

SweepPart SweepWorker::work(std::uint64_t first, std::uint64_t end) {
  SweepPart part;
  kept_.clear();
  bool in_head = first % plan_.group != 0;
  for (std::uint64_t point = first; point < end; ++point) {
    answer_point(point, part);
    if ((point + 1) % plan_.group != 0) continue;
    if (in_head) {
      part.head = std::move(kept_);
      part.head_closed = true;
      in_head = false;
    } else {
      for (const SweepCandidate& candidate : kept_) part.text += candidate.text;
    }
    kept_.clear();
  }
  (in_head ? part.head : part.tail) = std::move(kept_);
  return part;
}

Engine SweepWorker::engine() {
  digits_at(plan_.inputs.axes, 0, digits_);
  return reader_.read(digits_).engine;
}

void SweepWorker::answer_point(std::uint64_t point, SweepPart& part) {
  digits_at(plan_.inputs.axes, point, digits_);
  const SweepPoint& asked = reader_.read(digits_);
  ++part.counts.points;
  if (asked.problem) {
    Row row;
    for (const Strategy strategy : asked.question.strategies) {
      row.strategy = strategy;
      take({asked.question, row, &*asked.problem}, part);
      if (plan_.inputs.plan) return;
    }
  } else if (plan_.inputs.plan) {
    answer_plan(asked, part);
  } else {
    answer_strategies(asked, part);
  }
}

void SweepWorker::answer_strategies(const SweepPoint& point, SweepPart& part) {
  for (const Strategy strategy : point.question.strategies) {
    Row row = compare_strategy(point.question, strategy, plan_.longest);
    finish(point.question, row, part);
  }
}

void SweepWorker::answer_plan(const SweepPoint& point, SweepPart& part) {
  const PlanAnswer answer = plan(point.plan);
  if (answer.best.empty()) {
    const PointProblem problem = nothing_fits(answer);
    Row row;
    row.strategy = point.question.strategies.front();
    take({point.question, row, &problem}, part);
    return;
  }
  const Question question = question_of(point.plan, answer.best.front());
  Row row = compare_strategy(question, question.strategies.front(), plan_.longest);
  finish(question, row, part);
}

void SweepWorker::finish(const Question& question, Row& row, SweepPart& part) {
  std::optional<PointProblem> problem;
  if (row.estimate && reader_.engine() == Engine::event) {
    if (const auto why_not = simulate(question, row)) problem = PointProblem{"engine", *why_not, "--engine analytic"};
  }
  if (row.estimate && !problem) problem = missed(plan_.limits, question, row);
  take({question, row, problem ? &*problem : nullptr}, part);
}

std::optional<std::string> SweepWorker::simulate(const Question& question, Row& row) {
  if (machine_number_ != reader_.machine_number() || machine_gpus_ != question.gpus) {
    machine_number_ = reader_.machine_number();
    machine_gpus_ = question.gpus;
    auto made = make_machine({}, reader_.machine(), question.gpus);
    machine_ = made ? std::make_unique<Machine>(std::move(made).value()) : nullptr;
    if (!made) no_machine_ = made.error().front().what;
  }
  if (!machine_) return no_machine_;
  return run_row(row, question, machine_->router);
}

void SweepWorker::take(const SweepRow& row, SweepPart& part) {
  ++part.counts.rows;
  if (row.problem == nullptr && row.row.estimate) ++part.counts.answered;
  if (row.feasible()) {
    ++part.counts.feasible;
    const double time = row.row.estimate->step.time.value();
    if (!part.counts.best || time < *part.counts.best) {
      part.counts.best = time;
      part.counts.best_words = row_words(row.row);
    }
  }
  if (plan_.keep == SweepKeep::all) return columns_.append(part.text, digits_, row);
  const RowMerit merit = merit_of(row);
  if (!wanted(kept_, merit, plan_.keep)) return;
  scratch_.clear();
  columns_.append(scratch_, digits_, row);
  keep(kept_, {merit, scratch_}, plan_.keep);
}

}  // namespace ithaca
