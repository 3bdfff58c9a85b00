// Prints a GPU's kernel file, fitted to whole training steps:
//   ithaca_fit_runs a100-80gb-steps dgx-a100 h100-sxm tiles,wave,batched,streaming,host
//   validate/references/vtrain-*.yaml
//   ithaca_fit_runs gb200-steps gb200-nvl72 h100-sxm pace validate/references/megatron-bridge.yaml
// The curves start from the named kernels, rescaled to the cluster's GPU.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <utility>

#include "configs/reader/load_hardware.hpp"
#include "model/compute.hpp"
#include "validate/kernel_yaml.hpp"
#include "validate/run_fit.hpp"
#include "validate/run_measured.hpp"

namespace {

using namespace ithaca;

constexpr std::array<std::pair<std::string_view, FitParameter>, 8> kParameters{{{"rate", FitParameter::rate},
                                                                                {"tiles", FitParameter::tiles},
                                                                                {"wave", FitParameter::wave},
                                                                                {"batched", FitParameter::batched},
                                                                                {"attention", FitParameter::attention},
                                                                                {"streaming", FitParameter::streaming},
                                                                                {"pace", FitParameter::pace},
                                                                                {"host", FitParameter::host}}};
constexpr double kStreamingStart = 0.8;  // of the memory's rate, about what large copies reach

std::vector<FitParameter> parameters(std::string_view list) {
  std::vector<FitParameter> free;
  for (const auto& [word, parameter] : kParameters) {
    if (list.find(word) != std::string_view::npos) free.push_back(parameter);
  }
  return free;
}

int fail(const std::string& text) {
  fmt::print(stderr, "{}\n", text);
  return 2;
}

/// Runs of the files that were measured on the cluster's GPU and declare their side of the split.
Result<std::vector<FitRun>, std::string> read_runs_of(const std::string& gpu, int count, char** files,
                                                      std::vector<std::string>& titles) {
  RunProfiles profiles;
  std::vector<FitRun> all;
  for (int i = 0; i < count; ++i) {
    const auto loaded = load_runs(files[i]);
    if (!loaded) return print(loaded.error());
    for (const TrainingRun& run : loaded->runs) {
      if (run.split.empty()) continue;
      const auto question = run_question(run, profiles);
      // Steps under ZeRO 2 and 3 are about their traffic more than about kernels.
      if (!question || question->cluster.gpu.name != gpu || question->layout.zero > 1) continue;
      std::vector<std::string> assumed;
      const auto step = measured_step(run, *question, FlopCount::megatron, assumed);
      if (!step) continue;
      all.push_back({*question, std::filesystem::path(files[i]).stem().string(), *step, run.split == "held_out"});
      if (std::find(titles.begin(), titles.end(), run.source.title) == titles.end()) titles.push_back(run.source.title);
    }
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {  // NOLINT(bugprone-exception-escape): out of memory may end it
  if (argc < 6) return fail(fmt::format("usage: {} NAME CLUSTER KERNELS PARAMETERS RUNS.yaml...", argv[0]));
  const auto cluster = load_cluster(argv[2]);
  if (!cluster) return fail(print(cluster.error()));
  const auto kernels = load_kernels(argv[3]);
  if (!kernels) return fail(print(kernels.error()));
  const auto from = load_gpu(kernels->gpu);
  if (!from) return fail(print(from.error()));
  if (!kernels->gemm || kernels->attention.empty()) return fail("these kernels lack a curve to start from");

  Gpu start = cluster->cluster.gpu;
  start.gemm = rescale(*kernels->gemm, from->gpu, start);
  const std::vector<FitParameter> free = parameters(argv[4]);
  const auto is_free = [&](FitParameter p) { return std::find(free.begin(), free.end(), p) != free.end(); };
  if (is_free(FitParameter::attention) || is_free(FitParameter::pace))
    start.attention = rescale(kernels->attention.front().curve, from->gpu, start);
  start.streaming_efficiency = kStreamingStart;
  start.host = {};
  std::vector<std::string> titles;
  const auto runs = read_runs_of(start.name, argc - 5, argv + 5, titles);
  if (!runs) return fail(runs.error());

  Kernels fitted = fit_runs(start, *runs, free);
  fitted.name = argv[1];
  fitted.made_by = "ithaca_fit_runs";
  fitted.source = fmt::format("training steps of {}; curves start from {}", fmt::join(titles, "; "), argv[3]);
  fitted.split =
      "as the files of runs declare it, by FNV-1a of model and layout; runs that differ in batch stay together";
  for (AttentionKernel& a : fitted.attention) {
    a.kernel = "cudnn";
    a.derived =
        fmt::format("shape over length, mask and direction from {} of {}", kernels->attention.front().kernel, argv[3]);
  }
  fmt::print("{}", kernel_yaml(fitted));
}
