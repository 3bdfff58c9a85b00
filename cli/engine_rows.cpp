#include "cli/engine_rows.hpp"

#include "sim/step_program.hpp"

namespace ithaca {
namespace {

Result<Seconds, std::string> engine_time(const Question& q, const Layout& layout, const Router& router) {
  const auto program = step_program(q.model, q.work, q.cluster, layout);
  if (!program) return program.error();
  const auto run = run_program(*program, router);
  if (!run) return run.error();
  return run->makespan;
}

void take_time(Row& row, Seconds time, const Question& question) {
  StepTime& step = row.estimate->step;
  const Seconds waits = max(Seconds{}, time - step.compute - step.optimizer);
  step.time = time;
  step.bubble = min(step.bubble, waits);
  step.exposed_comm = waits - step.bubble;
  row.by_event_engine = true;
  set_rates(row, question);
}

}  // namespace

std::optional<std::string> run_row(Row& row, const Question& question, const Router& router) {
  const auto time = engine_time(question, row.layout, router);
  if (!time) return time.error();
  take_time(row, *time, question);
  return std::nullopt;
}

std::string network_words(const FabricSpec& spec) {
  return std::string(name(spec.kind)) + ", " + std::string(name(spec.routing)) + " routing";
}

Diagnostics run_rows(Report& report, const LoadedCluster& cluster) {
  const auto machine = make_machine({}, cluster, report.question.gpus);
  if (!machine) return machine.error();
  report.engine = network_words(machine->spec);
  report.notices.insert(report.notices.end(), machine->notices.begin(), machine->notices.end());
  for (Row& row : report.rows) {
    if (!row.estimate) continue;
    const auto why_not = run_row(row, report.question, machine->router);
    if (why_not) report.notices.push_back(std::string(name(row.strategy)) + " has the closed form's time: " + *why_not);
  }
  report.best = best_row(report.rows);
  return {};
}

}  // namespace ithaca
