#pragma once
// Plans on the round machine of tests/support, as `ithaca plan` would make them.

#include "cli/plan_report.hpp"
#include "tests/support/machines.hpp"

namespace ithaca::test {

inline PlanQuestion plan_question(int gpus, std::int64_t tokens) {
  PlanQuestion q;
  q.model = llama3_8b();
  q.work = sequence(tokens);
  q.clusters = {round_cluster()};
  q.gpus = {gpus};
  return q;
}

inline PlanReport planned(const PlanQuestion& question, const Uncertainty& errors = {}) {
  PlanReport report;
  report.made_by = {"1.2.3", "abc1234", {"ithaca", "plan"}, "models/m.yaml", "a paper", "clusters/c.yaml", "a sheet"};
  report.question = question;
  for (std::size_t i = 0; i < question.clusters.size(); ++i)
    report.clusters.push_back({"clusters/c.yaml", "a sheet", "fa3", "price list of 2025-10", errors});
  report.defaults = {"--global-batch 1"};
  answer(report);
  return report;
}

}  // namespace ithaca::test
