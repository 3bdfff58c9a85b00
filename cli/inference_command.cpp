#include "cli/inference_command.hpp"

#include <algorithm>

#include "cli/flag_reader.hpp"
#include "cli/inference_explain.hpp"
#include "cli/inference_fields.hpp"
#include "cli/inference_table.hpp"
#include "cli/json_writer.hpp"

namespace ithaca {
namespace {

constexpr std::string_view kTrainingFlags[] = {"--micro-batch", "--recompute",  "--recompute-every", "--virtual-pp",
                                               "--schedule",    "--chunks",     "--grad-dtype",      "--ring-grad",
                                               "--dropout",     "--tiled-loss", "--fused-loss",      "--tp-overlap",
                                               "--pp-overlap",  "--no-overlap", "--offload",         "--engine",
                                               "--framework",   "--documents",  "--batch-tokens",    "--lora"};

constexpr Choice<Phase> kPhaseNames[] = {{"prefill", Phase::prefill}, {"decode", Phase::decode}};
constexpr Choice<bool> kCacheNames[] = {{"same", false}, {"fp8", true}};

std::vector<std::string> defaults_of(const FlagReader& flags, const InferenceRequest& request) {
  std::vector<std::string> chosen;
  const auto note = [&](std::string_view flag, std::string text) {
    if (!flags.has(flag)) chosen.push_back(std::move(text));
  };
  if (!flags.has("--global-batch")) note("--batch", "--batch " + std::to_string(request.job.work.global_batch));
  note("--output-tokens", "--output-tokens " + std::to_string(request.inference.output_tokens));
  note("--dtype", "--dtype bf16");
  note("--kv-dtype", "--kv-dtype same");
  return chosen;
}

std::string write(const InferenceReport& report, const CompareRequest& request, const Environment& environment) {
  if (request.format == Format::json) return write_json(report);
  if (request.format == Format::csv) return write_csv(report);
  const bool to_terminal = request.file.empty() || request.file == "-";
  const Environment target = to_terminal ? environment : Environment{};
  const Style style{target.columns, use_color(request.color, target)};
  return write_table(report, style) + (request.explain ? write_explanation(report, style) : "");
}

}  // namespace

InferenceRequest read_inference_flags(const Arguments& arguments, Diagnostics& problems) {
  FlagReader flags(arguments, problems);
  InferenceRequest request;
  request.job = read_compare_flags(arguments, problems);
  for (const std::string_view flag : kTrainingFlags) {
    if (flags.has(flag)) flags.complain(flag, "belongs to a training step", "leave it out with --phase");
  }
  Workload& work = request.job.work;
  request.inference.phase = flags.choice<Phase>("--phase", kPhaseNames).value_or(Phase::prefill);
  const Tokens one{1};
  request.inference.output_tokens = flags.tokens("--output-tokens", request.job.notices).value_or(one).count;
  if (request.inference.output_tokens < 1 || request.inference.output_tokens > 1'000'000'000)
    flags.complain("--output-tokens", "outside 1 to 1,000,000,000", "give 1 at least, and 1,000,000,000 at most");
  if (flags.has("--batch") && flags.has("--global-batch"))
    flags.complain("--batch", "means the same as --global-batch here", "give one of them");
  if (const auto batch = flags.count("--batch", 1, 1'000'000'000)) work.global_batch = *batch;
  if (!work.flash) flags.complain("--attention", "inference has FlashAttention only", "leave eager out");
  const bool narrow = flags.choice<bool>("--kv-dtype", kCacheNames).value_or(false);
  request.inference.cache_element = narrow ? 1 : element_bytes(work.dtype);
  work.recompute = Recompute::none;
  if (!flags.has("--strategies") && request.inference.phase == Phase::decode)
    request.job.strategies.assign(kDecodeStrategies.begin(), kDecodeStrategies.end());
  request.job.defaults = defaults_of(flags, request);
  return request;
}

void refuse_inference_flags(const Arguments& arguments, Diagnostics& problems) {
  FlagReader flags(arguments, problems);
  for (const Flag& flag : kInferenceFlags) {
    if (flags.has(flag.name))
      flags.complain(flag.name, "belongs to inference", "add --phase prefill or --phase decode");
  }
}

InferenceReport make_report(const InferenceRequest& request, const LoadedModel& model, const LoadedCluster& cluster,
                            std::vector<std::string> argv) {
  CompareRequest without_rows = request.job;
  without_rows.strategies.clear();
  InferenceReport report{make_report(without_rows, model, cluster, std::move(argv)), request.inference, {}, {}};
  report.job.question.strategies = request.job.strategies;
  report.rows = compare_inference({report.job.question, request.inference});
  report.best = best_row(report.rows, request.inference.phase);
  return report;
}

Outcome run_inference(const Arguments& arguments, Diagnostics problems, const Environment& environment) {
  const InferenceRequest request = read_inference_flags(arguments, problems);
  const auto inputs = load_job(request.job, arguments, problems);
  if (!inputs) return misuse(problems);
  const InferenceReport report = make_report(request, inputs->model, inputs->cluster, arguments.typed);
  Outcome outcome;
  outcome.result = write(report, request.job, environment);
  outcome.file = request.job.file;
  for (const std::string& notice : report.job.notices) outcome.talk += "note: " + notice + "\n";
  const bool any = std::any_of(report.rows.begin(), report.rows.end(), [](const auto& row) { return !row.refused; });
  if (!any) outcome.exit = ExitCode::infeasible;
  return outcome;
}

}  // namespace ithaca
