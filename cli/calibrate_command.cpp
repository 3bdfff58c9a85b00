#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "cli/commands.hpp"
#include "cli/fit_report.hpp"
#include "cli/flag_reader.hpp"
#include "cli/measured_files.hpp"
#include "configs/reader/load_hardware.hpp"
#include "validate/calibrate.hpp"
#include "validate/profile_yaml.hpp"

namespace ithaca {
namespace {

constexpr Flag kCalibrateFlags[] = {
    {"--cluster", "C", "the machine that was measured: a name or a file [what the files say]"},
    {"--gpu", "GPU", "the GPU whose kernels were measured [the cluster's, or what the files say]"},
    {"--ranks", "N", "how many ranks took part, where a log does not say"},
    {"--nodes", "N", "on how many servers they were, where a log does not say"},
    {"-o", "FILE", "write the profile there; then the report goes to stdout"},
};

constexpr std::string_view kCalibrateExamples[] = {
    "ithaca calibrate all_reduce.log all_to_all.log --cluster dgx-h100 -o profile.yaml",
    "ithaca calibrate gemm.yaml attention.yaml --gpu h100-sxm -o kernels.yaml",
    "ithaca compare --model llama3-8b --cluster dgx-h100 --profile profile.yaml --gpus 64 --seq 1Mi",
};

/// The first name that a table states.
template <class Table>
std::string stated(const std::vector<Table>& tables, std::string Table::*name) {
  for (const Table& table : tables)
    if (!(table.*name).empty()) return table.*name;
  return "";
}

/// Fits what is there; adds problems where the machine is not known.
Calibration calibrate(const MeasuredFiles& files, std::string cluster_name, std::string gpu_name,
                      Diagnostics& problems) {
  Calibration out;
  out.inputs = files.inputs;
  if (cluster_name.empty()) cluster_name = stated(files.collectives, &CollectiveSamples::cluster);
  if (cluster_name.empty()) cluster_name = stated(files.kernels, &KernelSamples::cluster);
  if (gpu_name.empty() && cluster_name.empty()) gpu_name = stated(files.kernels, &KernelSamples::gpu);
  std::optional<LoadedCluster> cluster;
  if (!cluster_name.empty()) {
    auto loaded = load_cluster(cluster_name);
    if (!loaded) problems = loaded.error();
    if (loaded) cluster = std::move(loaded).value();
  }
  if (!files.collectives.empty() && !cluster && problems.empty())
    problems.push_back(mistake("calibrate", "nobody says which machine the collectives ran on",
                               "name it: --cluster NAME, or a file of your own"));
  if (!problems.empty()) return out;
  if (!files.collectives.empty()) {
    out.cluster = cluster_name;
    std::vector<CollectiveSample> samples;
    for (const CollectiveSamples& table : files.collectives)
      samples.insert(samples.end(), table.samples.begin(), table.samples.end());
    out.collectives = fit_collectives(cluster->cluster, samples);
  }
  if (files.kernels.empty()) return out;
  std::optional<Gpu> gpu;
  if (!gpu_name.empty()) {
    const auto loaded = load_gpu(gpu_name);
    if (!loaded) problems = loaded.error();
    if (loaded) gpu = loaded->gpu;
  } else if (cluster) {
    gpu = cluster->cluster.gpu;
    gpu_name = gpu->name;
  } else {
    problems.push_back(mistake("calibrate", "nobody says which GPU the kernels ran on", "name it: --gpu h100-sxm"));
  }
  if (!gpu) return out;
  out.gpu = gpu_name;
  fit_kernel_tables(out, *gpu, files.kernels);
  return out;
}

bool empty(const Calibration& c) {
  return c.collectives.curves.empty() && !c.kernels.gemm && c.kernels.attention.empty() && !c.streaming_efficiency &&
         c.overlap.empty();
}

Outcome run_calibrate(const Arguments& arguments, Diagnostics problems, const Environment&) {
  FlagReader flags(arguments, problems);
  const CollectiveHints hints = read_hints(flags);
  if (arguments.words.empty())
    problems.push_back(mistake("calibrate", "the measurements are missing", "ithaca calibrate FILE... -o PROFILE"));
  if (!problems.empty()) return misuse(problems);
  const MeasuredFiles files = read_measured(arguments.words, hints, problems);
  if (!problems.empty()) return misuse(problems);
  const Calibration found = calibrate(files, flags.text("--cluster"), flags.text("--gpu"), problems);
  if (!problems.empty()) return misuse(problems);
  const std::string report = fit_report(found);
  if (empty(found))
    return {ExitCode::usage, "",
            print({mistake("calibrate", "the measurements tell nothing that can be fitted", "see below")}) + report,
            ""};
  return {ExitCode::done, profile_yaml(found), report, flags.text("-o")};
}

}  // namespace

const Command kCalibrate{
    "calibrate",
    "a profile of a machine from its own measurements",
    "FILE... [--cluster C] [--gpu GPU] -o PROFILE",
    "Reads what nccl-tests printed, tables of 'measure' and 'import', and tables of kernels (schema measurements/1), "
    "and fits them: latency and transfer of each collective by algorithm, protocol and level, what the levels of trees "
    "keep before they pass it on, and for each size of group what no straight line explains; curves of matrix products "
    "and attention; the memory's rate; slowdowns by "
    "overlap. Each figure has an interval by resampling. The report says how far fits are off on the rows that they "
    "were made of and on those that were held out, which rows were left out, and what the data cannot tell.\n\n"
    "compare, simulate and validate take the profile with --profile; what lies outside the measured range is marked "
    "extrapolated.",
    kCalibrateExamples,
    kCalibrateFlags,
    run_calibrate,
    256,
};

}  // namespace ithaca
