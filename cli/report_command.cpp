#include <algorithm>

#include "cli/commands.hpp"
#include "cli/compare_command.hpp"
#include "cli/engine_rows.hpp"
#include "cli/join_flags.hpp"
#include "cli/json_writer.hpp"
#include "cli/page_live.hpp"
#include "cli/page_program.hpp"
#include "cli/page_writer.hpp"
#include "cli/problem.hpp"
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
  auto flags = join_flags(kJobFlags, kOwnReportFlags);
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

/// The page of what `ithaca compare --json` wrote.
Outcome report_file(const Arguments& arguments, Diagnostics problems) {
  for (const Flag& flag : kReportFlags) {
    if (flag.name != "-o" && arguments.has(flag.name))
      problems.push_back(
          mistake(std::string(flag.name), "the file has its question already", "leave out the flag or the file"));
  }
  const auto text = read_text(arguments.words.front());
  if (!text) problems.insert(problems.end(), text.error().begin(), text.error().end());
  if (!problems.empty()) return misuse(problems);
  return page(read_page_facts(text->file, text->text), nullptr, arguments);
}

Outcome run_report(const Arguments& arguments, Diagnostics problems, const Environment&) {
  if (!arguments.words.empty()) return report_file(arguments, std::move(problems));
  if (const auto missing = missing_flags(arguments); !missing.empty()) {
    problems.push_back(
        mistake(join_words(missing), "missing", "give the flags of compare, or a file that it wrote with --json"));
  }
  const CompareRequest request = read_compare_flags(arguments, problems);
  const auto inputs = load_job(request, arguments, problems);
  if (!inputs) return misuse(problems);
  Report report = make_report(request, inputs->model, inputs->cluster, arguments.typed);
  if (request.engine == Engine::event) {
    problems = run_rows(report, inputs->cluster);
    if (!problems.empty()) return misuse(problems);
  }
  const Question& question = report.question;
  PageScenario scenario{question, comm_curves(question), winner_map(question), report.figures, ""};
  const auto facts = read_page_facts("the comparison", write_json(report));
  if (facts && !page_model().empty())
    scenario.live = live_data(question, *facts, live_models(question, request.model), arguments);
  return page(facts, &scenario, arguments);
}

constexpr std::string_view kReportExamples[] = {
    "ithaca report --model llama3-8b --cluster dgx-h100 --gpus 64 --seq 1Mi -o page.html",
    "ithaca report compared.json -o page.html",
};

}  // namespace

const Command kReport{
    "report",
    "the same comparison as one HTML page of charts",
    "--model M --cluster C --gpus G --seq N [flags] | FILE",
    "Takes the flags of compare, or FILE that compare --json wrote. The page opens from disk and asks the network for "
    "nothing: the verdict, memory by term against capacity, a step's time by part, what a layer sends as GPUs are "
    "added, "
    "which strategy to take over lengths and GPU counts, and every figure with its source. A table stands behind each "
    "chart.\n\n"
    "Made from a scenario it has sliders, and the cost model itself, compiled to WebAssembly, answers as they move, "
    "with the command line that gives the same figures; a program that was built without clang 19 for WebAssembly "
    "leaves them out. A page made from FILE leaves out what only the scenario has: sliders, the two charts over GPU "
    "counts and the sources.",
    kReportExamples,
    kReportFlags,
    run_report,
    1,
};

}  // namespace ithaca
