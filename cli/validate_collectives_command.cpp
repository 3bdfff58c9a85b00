#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/flag_reader.hpp"
#include "cli/measured_files.hpp"
#include "cli/measured_plot.hpp"
#include "cli/profile_flag.hpp"
#include "cli/text.hpp"
#include "cli/validation.hpp"
#include "cli/version.hpp"
#include "configs/reader/load_hardware.hpp"
#include "model/units.hpp"
#include "validate/collective_errors.hpp"
#include "validate/worst_rows.hpp"

namespace ithaca {
namespace {

constexpr std::size_t kWorstCollectives = 5;

constexpr Flag kValidateCollectivesFlags[] = {
    {"--cluster", "CLUSTER", "the machine they were measured on: a name or a file [what profile or files say]"},
    {"--profile", "FILE", "what 'ithaca calibrate' found on this machine, in place of NCCL's constants"},
    {"--ranks", "N", "how many ranks took part, where a log does not say"},
    {"--nodes", "N", "on how many servers they were, where a log does not say"},
    {"--tolerance", "SHARE", "mean absolute error of a class from 1 MiB on that is still right. Default: 15%"},
    {"--json", "", "JSON: all rows and classes"},
    {"--csv", "", "CSV, one line a row"},
    {"-o", "FILE", "write there instead of stdout"},
};

constexpr std::string_view kValidateCollectivesExamples[] = {
    "ithaca validate collectives all_reduce.log --cluster aws-p5",
    "ithaca validate collectives validate/data/collectives/h200-8-all-reduce.yaml --cluster dgx-h200 --tolerance 10%",
};

bool beyond(const CollectiveClass& c, double tolerance) { return c.large && c.mean > tolerance; }

std::string row_text(const CollectiveError& row) {
  return fmt::format("  {:<15} {:>5} {:>12} {:>11.1f} {:>11.1f} {:>9}  {} {}\n", name(row.sample.op), row.sample.ranks,
                     print(row.sample.message), row.sample.time.value() * 1e6, row.predicted.value() * 1e6,
                     signed_percent(row.error), name(row.cost.algorithm), name(row.cost.protocol));
}

std::string table(const CollectiveErrors& errors, double tolerance) {
  std::string out = fmt::format("{:<17} {:>5} {:>7}  {:<12} {:>5} {:>8} {:>9} {:>9}\n", "collective", "ranks",
                                "servers", "message", "rows", "mean", "bias", "worst");
  for (const CollectiveClass& c : errors.classes) {
    out += fmt::format("{:<17} {:>5} {:>7}  {:<12} {:>5} {:>6.1f} % {:>9} {:>9}{}\n", name(c.op), c.ranks, c.nodes,
                       c.large ? "from 1 MiB" : "below 1 MiB", c.rows, 100 * c.mean, signed_percent(c.bias),
                       signed_percent(c.worst), beyond(c, tolerance) ? "  beyond" : "");
  }
  out += fmt::format("\nFurthest off:\n  {:<15} {:>5} {:>12} {:>11} {:>11} {:>9}\n", "", "ranks", "message",
                     "measured us", "predicted us", "error");
  for (const std::size_t i : worst_rows(errors, kWorstCollectives)) out += row_text(errors.rows[i]);
  const CollectiveSample& first = errors.rows[0].sample;
  std::vector<MeasuredPoint> points;
  for (const CollectiveError& row : errors.rows) {
    if (row.sample.op == first.op && row.sample.ranks == first.ranks)
      points.push_back({row.sample.message.value(), row.sample.time.value(), row.predicted.value()});
  }
  out += fmt::format("\n{} of {} ranks:\n", name(first.op), first.ranks) + measured_plot(points);
  for (const std::string& why : errors.left_out) out += "Left out: " + why + ".\n";
  return out;
}

std::vector<SourceError> by_source(const CollectiveErrors& errors) {
  std::vector<SourceError> out;
  for (const CollectiveError& row : errors.rows) out.push_back({row.sample.source, row.error});
  return out;
}

std::string json(const CollectiveErrors& errors, double tolerance, const Arguments& arguments) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array(), classes = nlohmann::ordered_json::array();
  for (const CollectiveError& row : errors.rows) {
    rows.push_back({{"op", name(row.sample.op)},
                    {"ranks", row.sample.ranks},
                    {"ranks_per_node", row.sample.ranks / std::max(1, row.nodes)},
                    {"bytes", row.sample.message.value()},
                    {"in_place", row.sample.in_place},
                    {"time_s", row.sample.time.value()},
                    {"predicted_s", row.predicted.value()},
                    {"bound_s", row.cost.bound.value()},
                    {"error", row.error},
                    {"mark", name(row.cost.mark)},
                    {"source", row.sample.source},
                    {"algorithm", name(row.cost.algorithm)},
                    {"protocol", name(row.cost.protocol)}});
  }
  for (const CollectiveClass& c : errors.classes) {
    classes.push_back({{"op", name(c.op)},
                       {"ranks", c.ranks},
                       {"servers", c.nodes},
                       {"from_1mib", c.large},
                       {"rows", c.rows},
                       {"mean_absolute_error", c.mean},
                       {"bias", c.bias},
                       {"worst", c.worst},
                       {"beyond_tolerance", beyond(c, tolerance)}});
  }
  nlohmann::ordered_json summary = nlohmann::ordered_json::array();
  for (const SourceSummary& one : summary_by_source(by_source(errors)))
    summary.push_back({{"source", one.source},
                       {"count", one.count},
                       {"mean_absolute_error", one.mean},
                       {"max_absolute_error", one.max}});
  const nlohmann::ordered_json all{
      {"format_version", "1.0"},   {"provenance", {{"version", version_line()}, {"arguments", arguments.typed}}},
      {"tolerance", tolerance},    {"summary", summary},
      {"classes", classes},        {"rows", rows},
      {"notices", errors.left_out}};
  return all.dump(2) + "\n";
}

std::string csv(const CollectiveErrors& errors) {
  std::string out = "op,ranks,bytes,time_s,predicted_s,bound_s,error,mark,algorithm,protocol\n";
  for (const CollectiveError& row : errors.rows) {
    out +=
        fmt::format("{},{},{:.0f},{:.7g},{:.7g},{:.7g},{:.5f},{},{},{}\n", name(row.sample.op), row.sample.ranks,
                    row.sample.message.value(), row.sample.time.value(), row.predicted.value(), row.cost.bound.value(),
                    row.error, name(row.cost.mark), name(row.cost.algorithm), name(row.cost.protocol));
  }
  return out;
}

/// The machine: --cluster, else the profile's, else what the files say; with the profile applied.
std::optional<Cluster> find_cluster(const Arguments& arguments, const std::vector<CollectiveSamples>& tables,
                                    Diagnostics& problems) {
  const auto profile = read_profile_flag(arguments, problems);
  std::string name = arguments.find("--cluster").value_or("");
  if (name.empty() && profile) name = profile->cluster;
  for (const CollectiveSamples& table : tables)
    if (name.empty()) name = table.cluster;
  if (name.empty() && problems.empty())
    problems.push_back(mistake("validate collectives", "nobody says which machine they ran on", "add --cluster C"));
  if (!problems.empty()) return std::nullopt;
  auto loaded = load_cluster(name);
  problems = !loaded ? loaded.error() : profile ? apply(*profile, loaded.value()) : Diagnostics{};
  if (!problems.empty()) return std::nullopt;
  return std::move(loaded.value().cluster);
}

Outcome run_validate_collectives(const Arguments& arguments, Diagnostics problems, const Environment&) {
  if (arguments.words.empty())
    problems.push_back(
        mistake("validate collectives", "the file is missing", "ithaca validate collectives FILE --cluster C"));
  if (arguments.has("--json") && arguments.has("--csv"))
    problems.push_back(mistake("--json and --csv", "exclude each other", "keep one of them"));
  const double tolerance = read_tolerance(arguments, problems);
  FlagReader flags(arguments, problems);
  const CollectiveHints hints = read_hints(flags);
  if (!problems.empty()) return misuse(problems);
  const MeasuredFiles files = read_measured(arguments.words, hints, problems);
  if (problems.empty() && !files.kernels.empty())
    problems.push_back(mistake(arguments.words[0], "these are kernels", "give them to 'validate kernels'"));
  if (!problems.empty()) return misuse(problems);
  const auto cluster = find_cluster(arguments, files.collectives, problems);
  if (!cluster) return misuse(problems);
  std::vector<CollectiveSample> samples;
  for (const CollectiveSamples& table : files.collectives)
    for (CollectiveSample sample : table.samples) {
      sample.source = table.source == "nccl-tests" ? table.file : table.source;
      samples.push_back(std::move(sample));
    }
  const CollectiveErrors errors = collective_errors(*cluster, samples);
  if (errors.rows.empty()) {
    const std::string why = errors.left_out.empty() ? "no rows" : "all left out: " + join_words(errors.left_out);
    return {ExitCode::usage, "", print({mistake(arguments.words[0], why, "give rows that can judge the cluster")}), ""};
  }
  const auto& classes = errors.classes;
  const bool off = std::any_of(classes.begin(), classes.end(), [&](const auto& c) { return beyond(c, tolerance); });
  const std::string text = arguments.has("--json")  ? json(errors, tolerance, arguments)
                           : arguments.has("--csv") ? csv(errors)
                                                    : table(errors, tolerance);
  return {off ? ExitCode::tolerance : ExitCode::done, text, "", arguments.find("-o").value_or("")};
}

}  // namespace

const Command kValidateCollectives{
    "validate collectives",
    "predicted collectives against measured ones",
    "FILE... [--cluster C] [--profile P] [flags]",
    "Predicts every row of what nccl-tests printed, or of tables of the schema measurements/1, on the cluster, and "
    "says how far off the predictions are by collective, ranks and message. Of several runs of the same the fastest "
    "judges. Ends with code 4 if a class from 1 MiB on is further off than the tolerance.",
    kValidateCollectivesExamples,
    kValidateCollectivesFlags,
    run_validate_collectives,
    64,
};

}  // namespace ithaca
