#pragma once
// The command line of `ithaca plan` as values.

#include <string>
#include <vector>

#include "cli/compare_flags.hpp"
#include "model/curriculum.hpp"
#include "model/plan.hpp"

namespace ithaca {

struct PlanRequest {
  CompareRequest job;  ///< its cluster, GPUs and degrees are below
  std::vector<std::string> clusters;
  std::vector<int> gpus;  ///< ascending
  PlanDegrees fixed;
  Goal goal = Goal::fastest;
  PlanLimits limits;
  std::size_t top = 5;
  std::vector<CurriculumStage> stages;  ///< of --curriculum; else one length
  std::int64_t batch_tokens = 0;
  std::optional<Failures> failures;
};

extern const std::span<const Flag> kPlanFlags;

PlanRequest read_plan_flags(const Arguments& arguments, Diagnostics& problems);

std::string_view name(Goal goal);

}  // namespace ithaca
