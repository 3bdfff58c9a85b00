#include "cli/commands.hpp"
#include "cli/compare_command.hpp"
#include "cli/curriculum_report.hpp"
#include "cli/json_writer.hpp"
#include "cli/plan_flags.hpp"
#include "cli/plan_report.hpp"
#include "cli/plan_writers.hpp"
#include "cli/text.hpp"
#include "cli/version.hpp"

namespace ithaca {
namespace {

struct PlanInputs {
  LoadedModel model;
  std::vector<LoadedCluster> clusters;
};

std::optional<PlanInputs> load(const PlanRequest& request, const Arguments& arguments, Diagnostics& problems) {
  auto model = load_model(request.job.model);
  if (!model && arguments.has("--model")) problems.insert(problems.end(), model.error().begin(), model.error().end());
  PlanInputs inputs;
  for (const std::string& name : request.clusters) {
    auto cluster = load_cluster(name, request.job.attention_kernel, problems);
    if (cluster) inputs.clusters.push_back(std::move(*cluster));
  }
  if (!problems.empty()) return std::nullopt;
  inputs.model = std::move(model).value();
  return inputs;
}

void add_cluster(PlanReport& report, const PlanRequest& request, const LoadedCluster& loaded) {
  OfferedCluster offered{loaded.file, loaded.description, request.job.attention_kernel,
                         request.job.price ? "--price" : "list price of " + loaded.price_date, loaded.uncertainty};
  if (offered.attention_kernel.empty() && !loaded.attention.empty())
    offered.attention_kernel = loaded.attention.front().kernel;
  for (const AttentionChoice& choice : loaded.attention)
    if (choice.kernel == offered.attention_kernel) offered.errors.attention = choice.error;
  Cluster cluster = loaded.cluster;
  if (request.job.price) cluster.price_per_gpu_hour = *request.job.price;
  report.clusters.push_back(std::move(offered));
  report.question.clusters.push_back(std::move(cluster));
}

PlanReport make_plan(const PlanRequest& request, const PlanInputs& inputs, std::vector<std::string> argv) {
  PlanReport report;
  const LoadedModel& model = inputs.model;
  report.made_by = {
      std::string(version()),       std::string(git_revision()),        std::move(argv), model.file, model.source,
      inputs.clusters.front().file, inputs.clusters.front().description};
  report.question = {model.model,  request.job.work, {},         request.gpus, request.job.strategies, request.fixed,
                     request.goal, request.limits,   request.top};
  for (const LoadedCluster& cluster : inputs.clusters) add_cluster(report, request, cluster);
  report.defaults = request.job.defaults;
  report.notices = request.job.notices;
  if (!model.note.empty()) report.notices.push_back(model.model.name + ": " + model.note);
  return report;
}

/// A goal or limit in dollars needs every price; an offer above an installation's size is none.
void check_offers(const PlanRequest& request, const PlanInputs& inputs, Diagnostics& problems) {
  const bool by_price = request.goal == Goal::cheapest || request.limits.price_per_hour > Dollars{};
  for (const LoadedCluster& loaded : inputs.clusters) {
    const Cluster& c = loaded.cluster;
    if (by_price && !request.job.price && c.price_per_gpu_hour <= Dollars{})
      problems.push_back(mistake("--cluster " + c.name, "its GPU-hours have no price", "give one: --price 2.50USD"));
    if (c.max_gpus > 0 && request.gpus.front() > c.max_gpus)
      problems.push_back(mistake("--gpus", c.name + " has " + grouped(c.max_gpus) + " GPUs", "offer fewer"));
  }
}

template <class Answer>
std::string write(const Answer& report, const PlanRequest& request, const Environment& environment) {
  if (request.job.format == Format::json) return write_json(report);
  if (request.job.format == Format::csv) return write_csv(report);
  const bool to_terminal = request.job.file.empty() || request.job.file == "-";
  const Environment target = to_terminal ? environment : Environment{};
  return write_table(report, Style{target.columns, use_color(request.job.color, target)});
}

Outcome run_plan(const Arguments& arguments, Diagnostics problems, const Environment& environment) {
  const PlanRequest request = read_plan_flags(arguments, problems);
  const auto inputs = load(request, arguments, problems);
  if (inputs) check_offers(request, *inputs, problems);
  if (!problems.empty()) return misuse(problems);
  PlanReport report = make_plan(request, *inputs, arguments.typed);
  Outcome outcome;
  bool feasible = false;
  if (request.stages.empty()) {
    answer(report);
    outcome.result = write(report, request, environment);
    feasible = !report.rows.empty();
  } else {
    const CurriculumReport curriculum = make_curriculum(report, request);
    outcome.result = write(curriculum, request, environment);
    feasible = !curriculum.offers.empty() && curriculum.offers.front().feasible;
  }
  outcome.file = request.job.file;
  for (const std::string& notice : report.notices) outcome.talk += "note: " + notice + "\n";
  if (!feasible) outcome.exit = ExitCode::infeasible;
  return outcome;
}

constexpr std::string_view kPlanExamples[] = {
    "ithaca plan --model llama3-8b --cluster dgx-h100 --gpus 64 --seq 1Mi",
    "ithaca plan --model llama3-70b --cluster dgx-h100,aws-p6-b200 --gpus [256,512] --seq 1M --cheapest",
    "ithaca plan --model llama3-8b --cluster dgx-h100 --gpus 32 --longest --offload checkpoints --tiled-loss",
    ("ithaca plan --model llama3.1-405b --cluster dgx-h100 --gpus 8..16384*2 --seq 128Ki --global-batch 128 "
     "--fewest-gpus --memory-margin 5%"),
    ("ithaca plan --model llama3-8b --cluster dgx-h100 --gpus 512 --curriculum 8Ki:2T,128Ki:200G,1Mi:20G "
     "--batch-tokens 4Mi"),
    ("ithaca plan --model llama3.1-405b --cluster dgx-h100 --gpus [8192,16384] --curriculum 8Ki:15T --batch-tokens "
     "16Mi "
     "--gpu-mtbf 50000h --checkpoint-time 30s --restart-time 10min"),
};

}  // namespace

const Command kPlan{
    "plan",
    "the best layout for a goal, on one cluster or over several",
    "--model M --cluster C[,C] --gpus RANGE --seq N [flags]",
    "Searches every legal layout: tensor, pipeline (interleaved too), data, Ulysses, ring and expert degrees, ZeRO "
    "stage, micro-batch, recomputation and what may be offloaded. What a flag gives is fixed. The search is exact: "
    "layouts are left out only where a bound proves that they are no better.\n\n"
    "Of one offer it shows the best layouts and the best of every other strategy, of several clusters or GPU counts "
    "the best layout of each. Each comes with the reason it lost, the first with what limits it, what would help, and "
    "the flags that ask Megatron-LM, DeepSpeed and Hugging Face Accelerate for it.\n\n"
    "With --curriculum the question is a whole job: each stage has its own length, number of tokens and fastest "
    "layout on the same GPUs, and comes with its days and dollars. With --gpu-mtbf they are counted among failures as "
    "well: what checkpoints, lost work and restarts add, and how often to write a checkpoint.",
    kPlanExamples,
    kPlanFlags,
    run_plan,
};

}  // namespace ithaca
