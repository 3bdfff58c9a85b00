#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/flag_reader.hpp"
#include "cli/measured_plot.hpp"
#include "cli/text.hpp"
#include "cli/version.hpp"
#include "configs/reader/load_hardware.hpp"
#include "model/units.hpp"
#include "validate/collective_errors.hpp"

namespace ithaca {
namespace {

constexpr double kUsualTolerance = 0.15;
constexpr std::size_t kWorst = 5;

constexpr Flag kFlags[] = {
    {"--cluster", "CLUSTER", "the machine they were measured on: a name or a file", true},
    {"--tolerance", "SHARE", "mean absolute error of a class from 1 MiB on that is still right. Default: 15%"},
    {"--json", "", "JSON: all rows and classes"},
    {"--csv", "", "CSV, one line a row"},
    {"-o", "FILE", "write there instead of stdout"},
};

constexpr std::string_view kExamples[] = {
    "ithaca validate collectives all_reduce.log --cluster aws-p5",
    "ithaca validate collectives validate/data/collectives/h200-8-all-reduce.yaml --cluster dgx-h200 --tolerance 10%",
};

bool beyond(const CollectiveClass& c, double tolerance) { return c.large && c.mean > tolerance; }

std::string signed_percent(double share) { return fmt::format("{:+.1f} %", 100 * share); }

std::string row_text(const CollectiveError& row) {
  return fmt::format("  {:<15} {:>5} {:>12} {:>11.1f} {:>11.1f} {:>9}  {} {}\n", name(row.sample.op), row.sample.ranks,
                     print(row.sample.message), row.sample.time.value() * 1e6, row.cost.total().value() * 1e6,
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
  for (const std::size_t i : worst_rows(errors, kWorst)) out += row_text(errors.rows[i]);
  const CollectiveSample& first = errors.rows[0].sample;
  std::vector<MeasuredPoint> points;
  for (const CollectiveError& row : errors.rows) {
    if (row.sample.op == first.op && row.sample.ranks == first.ranks)
      points.push_back({row.sample.message.value(), row.sample.time.value(), row.cost.total().value()});
  }
  out += fmt::format("\n{} of {} ranks:\n", name(first.op), first.ranks) + measured_plot(points);
  for (const std::string& why : errors.left_out) out += "Left out: " + why + ".\n";
  return out;
}

std::string json(const CollectiveErrors& errors, double tolerance, const Arguments& arguments) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array(), classes = nlohmann::ordered_json::array();
  for (const CollectiveError& row : errors.rows) {
    rows.push_back({{"op", name(row.sample.op)},
                    {"ranks", row.sample.ranks},
                    {"message_bytes", row.sample.message.value()},
                    {"measured_s", row.sample.time.value()},
                    {"predicted_s", row.cost.total().value()},
                    {"error", row.error},
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
  const nlohmann::ordered_json all{{"format_version", "1.0"},
                                   {"provenance", {{"version", version_line()}, {"arguments", arguments.typed}}},
                                   {"tolerance", tolerance},
                                   {"classes", classes},
                                   {"rows", rows},
                                   {"notices", errors.left_out}};
  return all.dump(2) + "\n";
}

std::string csv(const CollectiveErrors& errors) {
  std::string out = "op,ranks,message_bytes,measured_s,predicted_s,error,algorithm,protocol\n";
  for (const CollectiveError& row : errors.rows) {
    out += fmt::format("{},{},{:.0f},{:.7g},{:.7g},{:.5f},{},{}\n", name(row.sample.op), row.sample.ranks,
                       row.sample.message.value(), row.sample.time.value(), row.cost.total().value(), row.error,
                       name(row.cost.algorithm), name(row.cost.protocol));
  }
  return out;
}

double read_tolerance(const Arguments& arguments, Diagnostics& problems) {
  const auto text = arguments.find("--tolerance");
  if (!text) return kUsualTolerance;
  const auto share = parse_percent(*text);
  if (!share) problems.push_back(mistake("--tolerance " + *text, share.error().what, share.error().next));
  return share ? *share : kUsualTolerance;
}

std::vector<CollectiveSample> read_samples(const std::vector<std::string>& files, Diagnostics& problems) {
  std::vector<CollectiveSample> samples;
  for (const std::string& file : files) {
    const auto read = load_collectives(file, {});
    const Diagnostics& wrong = read ? read->broken : read.error();
    problems.insert(problems.end(), wrong.begin(), wrong.end());
    if (read) samples.insert(samples.end(), read->samples.begin(), read->samples.end());
  }
  return samples;
}

Outcome run_validate_collectives(const Arguments& arguments, Diagnostics problems, const Environment&) {
  if (arguments.words.empty())
    problems.push_back(
        mistake("validate collectives", "the file is missing", "ithaca validate collectives FILE --cluster C"));
  if (arguments.has("--json") && arguments.has("--csv"))
    problems.push_back(mistake("--json and --csv", "exclude each other", "keep one of them"));
  const double tolerance = read_tolerance(arguments, problems);
  if (!problems.empty()) return {ExitCode::usage, "", print(problems), ""};
  const auto cluster = load_cluster(arguments.find("--cluster").value_or(""));
  if (!cluster) return {ExitCode::usage, "", print(cluster.error()), ""};
  const auto samples = read_samples(arguments.words, problems);
  if (!problems.empty()) return {ExitCode::usage, "", print(problems), ""};
  const CollectiveErrors errors = collective_errors(cluster->cluster, samples);
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
    "FILE... --cluster C [flags]",
    "Predicts every row of what nccl-tests printed, or of tables of the schema measurements/1, on the cluster, and "
    "says "
    "how "
    "far off the predictions are by collective, ranks and message. Ends with code 4 if a class from 1 MiB on is "
    "further "
    "off than the tolerance.",
    kExamples,
    kFlags,
    run_validate_collectives,
    64,
};

}  // namespace ithaca
