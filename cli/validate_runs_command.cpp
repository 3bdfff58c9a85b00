#include <algorithm>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/run_writers.hpp"
#include "cli/validation.hpp"
#include "configs/reader/nearest.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

constexpr double kRunTolerance = 0.10;

constexpr Flag kValidateRunsFlags[] = {
    {"--tolerance", "SHARE",
     "mean absolute error of a source's steps, and of its memory, that is still right. "
     "Default: 10%"},
    {"--cluster", "CLUSTER", "the machine of a CSV, which names none: a name or a file. Default: eight A100s a node"},
    {"--source", "NAME", "only the cases of this source"},
    {"--json", "", "JSON: all rows with what was assumed, and the summary"},
    {"--csv", "", "CSV, one line a row"},
    {"-o", "FILE", "write there instead of stdout"},
};

constexpr std::string_view kValidateRunsExamples[] = {
    "ithaca validate runs training_runs.yaml",
    "ithaca validate runs vtrain_single_node.csv --cluster dgx-a100",
    "ithaca validate runs training_runs.yaml --source simumax_b200 --tolerance 5% --json -o errors.json",
};

void check_source(const TrainingRuns& runs, const std::string& source, Diagnostics& problems) {
  std::vector<std::string> names;
  for (const TrainingRun& run : runs.runs) {
    if (run.source.name == source) return;
    if (std::find(names.begin(), names.end(), run.source.name) == names.end()) names.push_back(run.source.name);
  }
  problems.push_back(mistake("--source " + source, "no case of " + runs.file + " is from there",
                             "name a source that has cases", suggestion(source, names)));
}

ExitCode judge(const RunReport& report) {
  const auto& rows = report.errors.rows;
  if (std::all_of(rows.begin(), rows.end(), [](const RunRow& row) { return row.refused.has_value(); }))
    return ExitCode::infeasible;
  const auto& summary = report.errors.summary;
  const bool off =
      std::any_of(summary.begin(), summary.end(), [&](const RunSummary& s) { return beyond(s, report.tolerance); });
  return off ? ExitCode::tolerance : ExitCode::done;
}

std::string write(const RunReport& report, const Arguments& arguments, const Environment& environment) {
  if (arguments.has("--json")) return write_run_json(report);
  if (arguments.has("--csv")) return write_run_csv(report);
  const std::string file = arguments.find("-o").value_or("-");
  const Environment target = file == "-" ? environment : Environment{};
  return write_run_table(report, {target.columns, use_color(ColorWhen::automatic, target)});
}

Outcome run_validate_runs(const Arguments& arguments, Diagnostics problems, const Environment& environment) {
  if (arguments.words.empty())
    problems.push_back(mistake("validate runs", "the file is missing", "ithaca validate runs FILE"));
  if (arguments.has("--json") && arguments.has("--csv"))
    problems.push_back(mistake("--json and --csv", "exclude each other", "keep one of them"));
  const double tolerance = read_tolerance(arguments, problems, kRunTolerance);
  if (arguments.has("--cluster") && !arguments.words.empty() && !arguments.words[0].ends_with(".csv"))
    problems.push_back(mistake("--cluster", "the cases name their own hardware", "change it in the file"));
  if (!problems.empty()) return misuse(problems);
  const auto runs = load_runs(arguments.words[0], arguments.find("--cluster").value_or(""));
  if (!runs) return {ExitCode::usage, "", print(runs.error()), ""};
  const std::string source = arguments.find("--source").value_or("");
  if (!source.empty()) check_source(*runs, source, problems);
  if (!problems.empty()) return misuse(problems);
  const RunReport report{arguments.typed, run_errors(*runs, source), runs->notices, tolerance};
  return {judge(report), write(report, arguments, environment), "", arguments.find("-o").value_or("")};
}

}  // namespace

const Command kValidateRuns{
    "validate runs",
    "predicted steps and memory against published training runs",
    "FILE [flags]",
    "Predicts every case of FILE ('-' is the standard input), of the schema 'schema_version: 1' with sources, "
    "hardware, "
    "models and cases, and says how far off step times and peak memory are: signed errors, (predicted - measured) / "
    "measured. What a source leaves out comes from the profile of its GPU and from the conventions of its framework, "
    "and is listed as assumed. Keys that are not known are passed over with a notice. A FILE that ends in .csv is a "
    "table in the layout of vTrain's ground truth.\n\n"
    "The tolerance applies to the mean absolute error of each source, for steps and for memory; with one beyond it the "
    "command ends with code 4, and with code 3 if every case is refused.",
    kValidateRunsExamples,
    kValidateRunsFlags,
    run_validate_runs,
    1,
};

}  // namespace ithaca
