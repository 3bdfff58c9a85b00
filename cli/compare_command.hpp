#pragma once
// `ithaca compare`: every strategy side by side.

#include "cli/compare_flags.hpp"
#include "cli/report.hpp"
#include "configs/reader/load_hardware.hpp"
#include "configs/reader/load_model.hpp"

namespace ithaca {

struct JobInputs {
  LoadedModel model;
  LoadedCluster cluster;
};
/// Reads a cluster with the attention kernel asked for, if any.
std::optional<LoadedCluster> load_cluster(const std::string& name, const std::string& attention_kernel,
                                          Diagnostics& problems);
/// Gives a cluster that was read the profile and the attention kernel asked for.
void fit_cluster(const CompareRequest& request, const Arguments& arguments, LoadedCluster& cluster,
                 Diagnostics& problems);
/// Reads the model and the cluster, with the attention kernel asked for; nothing if there are problems in the end.
std::optional<JobInputs> load_job(const CompareRequest& request, const Arguments& arguments, Diagnostics& problems);

/// The answer to a request about a model and a cluster that have been read.
Report make_report(const CompareRequest& request, const LoadedModel& model, const LoadedCluster& cluster,
                   std::vector<std::string> argv);

}  // namespace ithaca
