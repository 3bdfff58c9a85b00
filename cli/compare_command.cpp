#include "cli/compare_command.hpp"

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/compare_files.hpp"
#include "cli/csv_writer.hpp"
#include "cli/engine_rows.hpp"
#include "cli/explain_writer.hpp"
#include "cli/inference_command.hpp"
#include "cli/json_writer.hpp"
#include "cli/problem.hpp"
#include "cli/profile_flag.hpp"
#include "cli/table_writer.hpp"
#include "cli/version.hpp"
#include "configs/reader/nearest.hpp"

namespace ithaca {
namespace {

std::string write(const Report& report, const CompareRequest& request, const Environment& environment) {
  if (request.format == Format::json) return write_json(report);
  if (request.format == Format::csv) return write_csv(report);
  const bool to_terminal = request.file.empty() || request.file == "-";
  const Environment target = to_terminal ? environment : Environment{};
  const Style style{target.columns, use_color(request.color, target)};
  return write_table(report, style) + (request.explain ? write_explanation(report, style) : "");
}

/// Takes the diagnostics of a failed load, or nothing.
template <class Loaded>
void collect(const Result<Loaded, Diagnostics>& loaded, Diagnostics& problems) {
  if (!loaded) problems.insert(problems.end(), loaded.error().begin(), loaded.error().end());
}

/// Packed documents and a window would both cut the mask.
void check_documents(const CompareRequest& request, const LoadedModel& model, Diagnostics& problems) {
  if (request.packing && model.model.window > 0)
    problems.push_back(mistake("--documents", "attention of " + model.model.name + " has a window already",
                               "leave it out, or take a model without a window"));
}

/// Puts the curve of the named attention kernel into the cluster's GPU.
void take_attention_kernel(const std::string& kernel, LoadedCluster& loaded, Diagnostics& problems) {
  if (kernel.empty()) return;
  std::vector<std::string> names;
  for (const AttentionChoice& choice : loaded.attention) {
    names.push_back(choice.kernel);
    if (choice.kernel != kernel) continue;
    loaded.cluster.gpu.attention = choice.curve;
    loaded.cluster.gpu.attention_mark = choice.mark;
    return;
  }
  problems.push_back(mistake("--attention " + kernel, "there is no curve of it for " + loaded.cluster.gpu.name,
                             "name a kernel that was measured, or leave it out", suggestion(kernel, names)));
}

Outcome answer(const Report& report, const CompareRequest& request, const Environment& environment) {
  Outcome outcome;
  outcome.result = write(report, request, environment);
  outcome.file = request.file;
  for (const std::string& notice : report.notices) outcome.talk += "note: " + notice + "\n";
  const bool any = std::any_of(report.rows.begin(), report.rows.end(), [](const Row& row) { return !row.refused; });
  if (!any) outcome.exit = ExitCode::infeasible;
  return outcome;
}

Outcome run_compare(const Arguments& arguments, Diagnostics problems, const Environment& environment) {
  if (!arguments.words.empty()) return compare_files(arguments, std::move(problems), environment);
  if (arguments.has("--phase")) return run_inference(arguments, std::move(problems), environment);
  refuse_inference_flags(arguments, problems);
  const CompareRequest request = read_compare_flags(arguments, problems);
  const auto inputs = load_job(request, arguments, problems);
  if (inputs) check_documents(request, inputs->model, problems);
  if (!inputs || !problems.empty()) return misuse(problems);
  Report report = make_report(request, inputs->model, inputs->cluster, arguments.typed);
  if (request.engine == Engine::event) {
    problems = run_rows(report, inputs->cluster);
    if (!problems.empty()) return misuse(problems);
  }
  return answer(report, request, environment);
}

constexpr std::string_view kCompareExamples[] = {
    "ithaca compare --model llama3-8b --cluster dgx-h100 --gpus 64 --seq 1Mi",
    "ithaca compare --model ./config.json --cluster aws-p5 --gpus 8 --seq 64Ki",
    "ithaca compare --model llama-7b --cluster dgx-a100 --gpus 8 --seq 64Ki --csv",
    "ithaca compare --model llama3-70b --cluster dgx-h100 --gpus 8 --seq 128Ki --phase decode --batch 8",
    "ithaca compare before.json after.json",
};

}  // namespace

const Command kCompare{
    "compare",
    "every strategy side by side for a model, cluster and length",
    "--model M --cluster C --gpus G --seq N [flags] | BEFORE AFTER",
    "A column a strategy: how it would be laid out, what each GPU sends per layer beside the papers' own counts, the "
    "time, memory and price of a training step, and the longest sequence that fits. Degrees that are not given are "
    "chosen: what fits before what does not, then the fewest idle GPUs, then the fewest bytes among the splits within "
    "5 % of the fastest.\n\n"
    "With --phase the question is inference: --seq is the prompt, and a row says how long it takes to the first token, "
    "what its keys and values take of each GPU, and how long each further token of all sequences takes, with weights "
    "whole or (ZeRO stage 3) gathered layer by layer. Kernels are issued by CUDA graphs.\n\n"
    "Given BEFORE and AFTER, two files that compare --json wrote, it says what changed: the inputs that differ, the "
    "verdict, and each strategy's time, memory and price.",
    kCompareExamples,
    kCompareFlags,
    run_compare,
    2,
    true,
};

std::optional<LoadedCluster> load_cluster(const std::string& name, const std::string& attention_kernel,
                                          Diagnostics& problems) {
  auto cluster = load_cluster(name);
  collect(cluster, problems);
  if (!cluster) return std::nullopt;
  take_attention_kernel(attention_kernel, cluster.value(), problems);
  return std::move(cluster).value();
}

void fit_cluster(const CompareRequest& request, const Arguments& arguments, LoadedCluster& cluster,
                 Diagnostics& problems) {
  apply_profile_flag(arguments, cluster, problems);
  take_attention_kernel(request.attention_kernel, cluster, problems);
}

std::optional<JobInputs> load_job(const CompareRequest& request, const Arguments& arguments, Diagnostics& problems) {
  auto model = load_model(request.model);
  if (arguments.has("--model")) collect(model, problems);
  auto cluster = load_cluster(request.cluster);
  if (arguments.has("--cluster")) collect(cluster, problems);
  if (cluster) fit_cluster(request, arguments, cluster.value(), problems);
  if (!problems.empty()) return std::nullopt;
  return JobInputs{std::move(model).value(), std::move(cluster).value()};
}

Report make_report(const CompareRequest& request, const LoadedModel& model, const LoadedCluster& cluster,
                   std::vector<std::string> argv) {
  Report report;
  report.made_by = {std::string(version()), std::string(git_revision()), std::move(argv), model.file, model.source,
                    cluster.file,           cluster.description};
  report.question = {model.model,     request.work,       cluster.cluster, request.gpus,
                     request.degrees, request.strategies, request.packing};
  report.attention_kernel = request.attention_kernel;
  if (report.attention_kernel.empty() && !cluster.attention.empty()) {
    report.attention_kernel = cluster.attention.front().kernel;
  }
  report.errors = cluster.uncertainty;
  for (const AttentionChoice& choice : cluster.attention) {
    if (choice.kernel == report.attention_kernel) report.errors.attention = choice.error;
  }
  report.price_source = request.price ? "--price" : "list price of " + cluster.price_date;
  if (request.price) report.question.cluster.price_per_gpu_hour = *request.price;
  report.figures = cluster.sources;
  report.defaults = request.defaults;
  report.notices = request.notices;
  if (!model.note.empty()) report.notices.push_back(model.model.name + ": " + model.note);
  report.rows = compare(report.question);
  report.best = best_row(report.rows);
  return report;
}

}  // namespace ithaca
