#pragma once
// `ithaca simulate step` and `ithaca simulate layer`: one layout through the event engine.

#include "cli/compare_flags.hpp"
#include "cli/machine_flags.hpp"
#include "cli/step_report.hpp"
#include "configs/reader/load_hardware.hpp"
#include "sim/step_program.hpp"

namespace ithaca {

struct StepRequest {
  CompareRequest job;
  MachineRequest machine;
  StepProgramOptions options;
  bool layer = false;
};

/// Runs the one row of `job` once for each seed. Refuses machines that do not exist, and what does not fit in memory.
Result<StepReport, Diagnostics> simulate_step(Report job, const StepRequest& request, const LoadedCluster& cluster);

}  // namespace ithaca
