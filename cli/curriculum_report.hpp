#pragma once
// The answer of `ithaca plan --curriculum`: stages of one job with days and dollars, and its writers.

#include "cli/plan_flags.hpp"
#include "cli/plan_report.hpp"
#include "cli/terminal.hpp"
#include "model/curriculum.hpp"

namespace ithaca {

struct CurriculumReport {
  PlanReport job;  ///< model, clusters, limits; without rows
  CurriculumQuestion question;
  std::vector<CurriculumOffer> offers;  ///< best first
};

/// Works out the offers.
CurriculumReport make_curriculum(PlanReport job, const PlanRequest& request);

/// The stages of the best offer, what the others take, a verdict.
std::string write_table(const CurriculumReport& report, const Style& style);
std::string write_json(const CurriculumReport& report);
/// A line for each stage of each offer.
std::string write_csv(const CurriculumReport& report);

}  // namespace ithaca
