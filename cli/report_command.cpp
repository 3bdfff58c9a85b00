#include <algorithm>

#include "cli/commands.hpp"
#include "cli/compare_command.hpp"
#include "cli/engine_rows.hpp"
#include "cli/inference_command.hpp"
#include "cli/join_flags.hpp"
#include "cli/json_writer.hpp"
#include "cli/page_collective.hpp"
#include "cli/page_curriculum.hpp"
#include "cli/page_flows.hpp"
#include "cli/page_live.hpp"
#include "cli/page_network.hpp"
#include "cli/page_program.hpp"
#include "cli/page_residuals.hpp"
#include "cli/page_sweep.hpp"
#include "cli/page_writer.hpp"
#include "cli/problem.hpp"
#include "cli/saved_answer.hpp"
#include "cli/text.hpp"
#include "configs/reader/catalogue.hpp"

namespace ithaca {
namespace {

constexpr Flag kOwnReportFlags[] = {
    {"--strategies", "S", "comma list, as in compare [ulysses,megatron_sp,ring,usp]"},
    {"--engine", "E", "step times from the closed form (analytic) or from the event engine (event) [analytic]"},
    {"--price", "USD", "price of a GPU-hour, such as 2.50USD [the profile's]"},
    {"-o", "FILE", "write there instead of stdout"},
};

/// The flags of compare, none of them required where a file answers.
constexpr auto optional_flags() {
  auto flags = join_flags(kJobFlags, kInferenceFlags, kOwnReportFlags);
  for (Flag& flag : flags) flag.required = false;
  return flags;
}
constexpr auto kReportFlags = optional_flags();

/// Flags that a scenario needs and does not have.
std::vector<std::string> missing_flags(const Arguments& arguments) {
  std::vector<std::string> missing;
  for (const Flag& flag : kJobFlags) {
    if (flag.required && !arguments.has(flag.name)) missing.emplace_back(flag.name);
  }
  return missing;
}

Outcome page(const Result<PageFacts, Diagnostics>& facts, const PageScenario* scenario, const Arguments& arguments) {
  if (!facts) return misuse(facts.error());
  Outcome outcome;
  outcome.result = write_page(*facts, scenario);
  outcome.file = arguments.find("-o").value_or("");
  for (const std::string& notice : facts->notices) outcome.talk += "note: " + notice + "\n";
  const auto stands = [](const PageRow& row) { return !row.refused(); };
  if (std::none_of(facts->rows.begin(), facts->rows.end(), stands)) outcome.exit = ExitCode::infeasible;
  return outcome;
}

/// The page of what another command wrote with --json.
Outcome report_file(const Arguments& arguments, Diagnostics problems) {
  for (const Flag& flag : kReportFlags) {
    if (flag.name != "-o" && arguments.has(flag.name))
      problems.push_back(
          mistake(std::string(flag.name), "the file has its question already", "leave out the flag or the file"));
  }
  const auto text = read_text(arguments.words.front());
  if (!text) problems.insert(problems.end(), text.error().begin(), text.error().end());
  if (!problems.empty()) return misuse(problems);
  using Written = Result<std::string, Diagnostics>;
  const auto written = [&](const Written& html) {
    return html ? Outcome{ExitCode::done, *html, "", arguments.find("-o").value_or("")} : misuse(html.error());
  };
  switch (answered_by(text->text)) {
    case Answered::curriculum: return written(write_curriculum_page(text->file, text->text));
    case Answered::sweep: return written(write_sweep_page(text->file, text->text));
    case Answered::collective: return written(write_collective_page(text->file, text->text));
    case Answered::flows: return written(write_flows_page(text->file, text->text));
    case Answered::training: break;
  }
  return page(read_page_facts(text->file, text->text, PageAnswers::any), nullptr, arguments);
}

/// The page of `compare --phase` with the same flags.
Outcome report_inference(const Arguments& arguments, Diagnostics problems) {
  const InferenceRequest request = read_inference_flags(arguments, problems);
  const auto inputs = load_job(request.job, arguments, problems);
  if (!inputs) return misuse(problems);
  const InferenceReport report = make_report(request, inputs->model, inputs->cluster, arguments.typed);
  return page(read_page_facts("the comparison", write_json(report)), nullptr, arguments);
}

/// The row to take, or else one that stands.
const Row* row_to_run(const Report& report) {
  if (report.best) return &report.rows[*report.best];
  const auto stands = [](const Row& row) { return row.estimate.has_value(); };
  const auto found = std::find_if(report.rows.begin(), report.rows.end(), stands);
  return found == report.rows.end() ? nullptr : &*found;
}

Outcome run_report(const Arguments& arguments, Diagnostics problems, const Environment&) {
  if (!arguments.words.empty()) return report_file(arguments, std::move(problems));
  if (const auto missing = missing_flags(arguments); !missing.empty()) {
    problems.push_back(
        mistake(join_words(missing), "missing", "give the flags of compare, or a file that it wrote with --json"));
  }
  if (arguments.has("--phase")) return report_inference(arguments, std::move(problems));
  refuse_inference_flags(arguments, problems);
  const CompareRequest request = read_compare_flags(arguments, problems);
  const auto inputs = load_job(request, arguments, problems);
  if (!inputs) return misuse(problems);
  Report report = make_report(request, inputs->model, inputs->cluster, arguments.typed);
  if (request.engine == Engine::event) {
    problems = run_rows(report, inputs->cluster);
    if (!problems.empty()) return misuse(problems);
  }
  const Question& question = report.question;
  PageScenario scenario{question, comm_curves(question), winner_map(question), report.figures, "", ""};
  if (const Row* row = row_to_run(report))
    scenario.more = network_figure(network_load(question, *row, inputs->cluster));
  scenario.more +=
      residual_figure(known_residuals(question.cluster.gpu.name, arguments.find("--profile").value_or(""),
                                      question.work.dtype == Dtype::fp32 ? "fp32" : "bf16", report.attention_kernel));
  const auto facts = read_page_facts("the comparison", write_json(report));
  if (facts && !page_model().empty())
    scenario.live = live_data(question, *facts, live_models(question, request.model), arguments);
  return page(facts, &scenario, arguments);
}

constexpr std::string_view kReportExamples[] = {
    "ithaca report --model llama3-8b --cluster dgx-h100 --gpus 64 --seq 1Mi -o page.html",
    "ithaca report --model llama3-70b --cluster dgx-h100 --gpus 8 --seq 128Ki --phase decode --batch 8 -o page.html",
    "ithaca report compared.json -o page.html",
};

}  // namespace

const Command kReport{
    "report",
    "the same comparison as one HTML page of charts",
    "--model M --cluster C --gpus G --seq N [flags] | FILE",
    "Takes the flags of compare, or FILE that compare, plan, sweep or simulate wrote with --json. The page opens from "
    "disk and asks the network for nothing: the verdict, memory by term against capacity, a step's time by part, what "
    "a layer sends as GPUs are added, which strategy to take over lengths and GPU counts, what a layer of the best row "
    "puts on each link of the network, how far predictions were from measurements, and every figure with its source. A "
    "table stands behind each chart.\n\n"
    "Made from a scenario it has sliders, and the cost model itself, compiled to WebAssembly, answers as they move, "
    "with the command line that gives the same figures; a program that was built without clang 19 for WebAssembly "
    "leaves them out. A page made from FILE leaves out what only a scenario has: sliders, the two charts over GPU "
    "counts, the network, the measurements and the sources. Of a simulated step it has the busiest links and where the "
    "time went, of a collective bandwidth and time by size, of flows when each finishes and how busy each link was, of "
    "a curriculum days and dollars by stage, of a sweep a map or bars of the fastest strategy over its axes and every "
    "row. With --phase, or of such an answer, it "
    "has the parts of prefill and decode and the KV cache in place of a step.",
    kReportExamples,
    kReportFlags,
    run_report,
    1,
};

}  // namespace ithaca
