#include "cli/sweep/answers.hpp"

#include "cli/engine_rows.hpp"
#include "cli/plan_report.hpp"
#include "model/inference_compare.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

RowMerit merit_of(const SweepRow& row) {
  if (row.problem != nullptr || row.memory() == nullptr) return {};
  return {1 / row.tokens_per_s().value(), row.memory()->peak().value(), row.per_million_tokens().value(),
          row.feasible()};
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
      take({.question = asked.question, .step = &row, .problem = &*asked.problem}, part);
      if (plan_.inputs.asks == SweepAsks::plan) return;
    }
    return;
  }
  switch (plan_.inputs.asks) {
    case SweepAsks::step: return answer_strategies(asked, part);
    case SweepAsks::plan: return answer_plan(asked, part);
    case SweepAsks::phase: return answer_phase(asked, part);
  }
}

void SweepWorker::answer_strategies(const SweepPoint& point, SweepPart& part) {
  for (const Strategy strategy : point.question.strategies) {
    Row row = compare_strategy(point.question, strategy, plan_.whole);
    finish(point.question, row, part);
  }
}

void SweepWorker::answer_phase(const SweepPoint& point, SweepPart& part) {
  const InferenceQuestion question{point.question, point.inference};
  for (const Strategy strategy : point.question.strategies) {
    const InferenceRow row = compare_strategy(question, strategy, plan_.whole);
    limit({.question = point.question, .phase = &row, .inference = &point.inference}, part);
  }
}

void SweepWorker::answer_plan(const SweepPoint& point, SweepPart& part) {
  const PlanAnswer answer = plan(point.plan);
  if (answer.best.empty()) {
    const PointProblem problem = nothing_fits(answer);
    Row row;
    row.strategy = point.question.strategies.front();
    take({.question = point.question, .step = &row, .problem = &problem}, part);
    return;
  }
  const Question question = question_of(point.plan, answer.best.front());
  Row row = compare_strategy(question, question.strategies.front(), plan_.whole);
  finish(question, row, part);
}

void SweepWorker::finish(const Question& question, Row& row, SweepPart& part) {
  if (row.estimate && reader_.engine() == Engine::event) {
    if (const auto why_not = simulate(question, row)) {
      const PointProblem problem{"engine", *why_not, "--engine analytic"};
      return take({.question = question, .step = &row, .problem = &problem}, part);
    }
  }
  limit({.question = question, .step = &row}, part);
}

void SweepWorker::limit(SweepRow row, SweepPart& part) {
  std::optional<PointProblem> problem;
  if (row.memory() != nullptr) problem = missed(plan_.limits, row);
  if (problem) row.problem = &*problem;
  take(row, part);
}

std::optional<std::string> SweepWorker::simulate(const Question& question, Row& row) {
  if (machine_number_ != reader_.machine_number() || machine_gpus_ != question.gpus) {
    machine_number_ = reader_.machine_number();
    machine_gpus_ = question.gpus;
    auto made = make_machine({}, reader_.machine(), question.gpus);
    machine_.reset();
    if (made)
      machine_ = std::make_unique<Machine>(std::move(made).value());
    else
      no_machine_ = made.error().front().what;
  }
  if (!machine_) return no_machine_;
  return run_row(row, question, machine_->router);
}

void SweepWorker::take(const SweepRow& row, SweepPart& part) {
  ++part.counts.rows;
  if (row.problem == nullptr && row.memory() != nullptr) ++part.counts.answered;
  if (row.feasible()) {
    ++part.counts.feasible;
    const double time = row.time().value();
    if (!part.counts.best || time < *part.counts.best) {
      part.counts.best = time;
      part.counts.best_words = row_words(row);
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
