#pragma once
// `ithaca compare --phase prefill|decode`: strategies side by side for inference.

#include "cli/compare_command.hpp"
#include "cli/inference_report.hpp"

namespace ithaca {

struct InferenceRequest {
  CompareRequest job;
  Inference inference;
};

/// Flags of a training step that inference does not have are mistakes.
InferenceRequest read_inference_flags(const Arguments& arguments, Diagnostics& problems);
/// Flags of inference without --phase.
void refuse_inference_flags(const Arguments& arguments, Diagnostics& problems);

InferenceReport make_report(const InferenceRequest& request, const LoadedModel& model, const LoadedCluster& cluster,
                            std::vector<std::string> argv);

Outcome run_inference(const Arguments& arguments, Diagnostics problems, const Environment& environment);

}  // namespace ithaca
