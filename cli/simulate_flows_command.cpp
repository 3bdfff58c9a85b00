#include "cli/simulate_flows_command.hpp"

#include "cli/arguments.hpp"
#include "cli/commands.hpp"

namespace ithaca {
namespace {

constexpr Flag kSimulateFlowsFlags[] = {
    {"--json", "", "JSON: finish times of all flows, bytes and use of all links"},
    {"--csv", "", "CSV, one line a flow"},
    {"-o", "FILE", "write there instead of stdout"},
};

constexpr std::string_view kSimulateFlowsExamples[] = {
    "ithaca simulate flows cases.json",
    "ithaca simulate flows cases.json --json -o result.json",
};

void check_flow_words(const Arguments& arguments, Diagnostics& problems) {
  if (arguments.words.empty()) {
    problems.push_back(
        mistake("simulate flows", "the file is missing", "ithaca simulate flows " + std::string(kSimulateFlows.usage)));
  }
  if (arguments.has("--json") && arguments.has("--csv"))
    problems.push_back(mistake("--json and --csv", "exclude each other", "keep one of them"));
}

std::string write(const FlowReport& report, const Arguments& arguments, const Environment& environment) {
  if (arguments.has("--json")) return write_flow_json(report);
  if (arguments.has("--csv")) return write_flow_csv(report);
  const std::string file = arguments.find("-o").value_or("-");
  const Environment target = file == "-" ? environment : Environment{};
  return write_flow_table(report, {target.columns, use_color(ColorWhen::automatic, target)});
}

Outcome run_simulate_flows(const Arguments& arguments, Diagnostics problems, const Environment& environment) {
  check_flow_words(arguments, problems);
  if (!problems.empty()) return misuse(problems);
  auto input = load_flows(arguments.words[0]);
  if (!input) return {ExitCode::usage, "", print(input.error()), ""};
  const auto report = simulate_flows(std::move(input).value(), arguments.typed);
  if (!report) return {ExitCode::usage, "", print(report.error()), ""};
  return {ExitCode::done, write(*report, arguments, environment), "", arguments.find("-o").value_or("")};
}

}  // namespace

const Command kSimulateFlows{
    "simulate flows",
    "when transfers finish that share links",
    "FILE [flags]",
    "Runs the flows of each case of FILE ('-' is the standard input) over their links, which they share max-min fairly "
    "at every instant, and says when each flow finishes and how busy each link was. The file is YAML or JSON: 'format: "
    "1' and 'cases', each with 'name', 'links' {id, capacity, latency} and 'flows' {id, start, bytes, path, rate_cap, "
    "after, delay}, in bytes, seconds and bytes per second; only name, capacity, bytes and path are needed.",
    kSimulateFlowsExamples,
    kSimulateFlowsFlags,
    run_simulate_flows,
    1,
};

Result<FlowReport, Diagnostics> simulate_flows(LoadedFlows input, std::vector<std::string> argv) {
  FlowReport report{std::move(argv), std::move(input), {}};
  Diagnostics problems;
  for (const LoadedFlowCase& loaded : report.input.cases) {
    auto run = run_flows(loaded.flows.system);
    if (run) {
      report.runs.push_back(std::move(run).value());
    } else {
      problems.push_back(mistake(report.input.file, "case '" + loaded.flows.name + "', " + run.error(),
                                 "links and flows count from 0; mend the case"));
    }
  }
  if (!problems.empty()) return problems;
  return report;
}

}  // namespace ithaca
