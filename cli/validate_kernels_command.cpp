#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/measured_files.hpp"
#include "cli/measured_plot.hpp"
#include "cli/profile_flag.hpp"
#include "cli/text.hpp"
#include "cli/validation.hpp"
#include "cli/version.hpp"
#include "configs/reader/load_hardware.hpp"
#include "validate/kernel_errors.hpp"
#include "validate/worst_rows.hpp"

namespace ithaca {
namespace {

constexpr std::size_t kWorstKernels = 5;
constexpr const char* kTypes[] = {"bf16", "fp16", "fp32"};

constexpr Flag kValidateKernelsFlags[] = {
    {"--gpu", "GPU", "the GPU they were measured on: a name or a file [what the files or the profile say]"},
    {"--cluster", "CLUSTER", "a cluster whose GPU it is"},
    {"--profile", "FILE", "the curves that 'ithaca calibrate' found, instead of the catalogue's"},
    {"--tolerance", "SHARE", "mean absolute error of a class that is still right. Default: 15%"},
    {"--json", "", "JSON: all rows and classes"},
    {"--csv", "", "CSV, one line a row"},
    {"-o", "FILE", "write there instead of stdout"},
};

constexpr std::string_view kValidateKernelsExamples[] = {
    "ithaca validate kernels validate/data/h100-gemm.yaml --gpu h100-sxm",
    "ithaca validate kernels measured.yaml --cluster dgx-h100 --profile profile.yaml --tolerance 5%",
};

using Op = KernelSample::Op;
bool is_gemm(const KernelSample& s) { return s.op == Op::gemm; }

/// What it computes or moves, for the plot's axis.
double work(const KernelSample& s) {
  if (is_gemm(s)) return flops(s.gemm).value();
  return is_attention(s.op) ? attention_flops(s.attention).value() : s.moved.value();
}

std::string shape(const KernelSample& s) {
  const AttentionCall& a = s.attention;
  if (is_gemm(s)) return fmt::format("{} x {} x {} x {}", s.gemm.batch, s.gemm.m, s.gemm.n, s.gemm.k);
  if (is_attention(s.op))
    return fmt::format("{} seq, {} heads of {}{}", a.queries, a.heads, a.head_dim, a.causal ? ", causal" : "");
  return fmt::format("{:.0f} bytes", s.moved.value());
}

nlohmann::ordered_json row_json(const KernelError& row) {
  const KernelSample& s = row.sample;
  nlohmann::ordered_json json{{"op", name(s.op)}};
  if (is_gemm(s)) {
    json.update({{"m", s.gemm.m}, {"n", s.gemm.n}, {"k", s.gemm.k}, {"batch", s.gemm.batch}});
  } else if (is_attention(s.op)) {
    const AttentionCall& a = s.attention;
    json.update({{"seq", a.queries},
                 {"heads", a.heads},
                 {"kv_heads", a.kv_heads},
                 {"head_dim", a.head_dim},
                 {"batch", a.batch},
                 {"causal", a.causal}});
    if (!s.kernel.empty()) json["kernel"] = s.kernel;
  } else {
    json["bytes"] = s.moved.value();
  }
  json["dtype"] = kTypes[static_cast<std::size_t>(s.dtype)];
  json.update({{"time_s", s.time.value()},
               {"predicted_s", row.predicted.value()},
               {"bound_s", row.bound.value()},
               {"error", row.error},
               {"mark", name(row.mark)},
               {"source", row.source}});
  return json;
}

std::vector<SourceError> by_source(const KernelErrors& errors) {
  std::vector<SourceError> out;
  for (const KernelError& row : errors.rows) out.push_back({row.source, row.error});
  return out;
}

std::string json(const KernelErrors& errors, double tolerance, const Arguments& arguments) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array(), classes = rows, summary = rows;
  for (const KernelError& row : errors.rows) rows.push_back(row_json(row));
  for (const KernelClass& c : errors.classes)
    classes.push_back({{"of", c.of},
                       {"rows", c.rows},
                       {"mean_absolute_error", c.mean},
                       {"bias", c.bias},
                       {"worst", c.worst},
                       {"beyond_tolerance", c.mean > tolerance}});
  for (const SourceSummary& s : summary_by_source(by_source(errors)))
    summary.push_back(
        {{"source", s.source}, {"count", s.count}, {"mean_absolute_error", s.mean}, {"max_absolute_error", s.max}});
  const nlohmann::ordered_json all{
      {"format_version", "1.0"},   {"provenance", {{"version", version_line()}, {"arguments", arguments.typed}}},
      {"tolerance", tolerance},    {"summary", summary},
      {"classes", classes},        {"rows", rows},
      {"notices", errors.left_out}};
  return all.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string csv(const KernelErrors& errors) {
  std::string out = "op,shape,dtype,kernel,time_s,predicted_s,bound_s,error,mark\n";
  for (const KernelError& row : errors.rows)
    out += fmt::format("{},\"{}\",{},{},{:.7g},{:.7g},{:.7g},{:.5f},{}\n", name(row.sample.op), shape(row.sample),
                       kTypes[static_cast<std::size_t>(row.sample.dtype)], row.sample.kernel, row.sample.time.value(),
                       row.predicted.value(), row.bound.value(), row.error, name(row.mark));
  return out;
}

std::string table(const KernelErrors& errors, double tolerance) {
  std::string out = fmt::format("{:<38} {:>5} {:>8} {:>9} {:>9}\n", "kernel", "rows", "mean", "bias", "worst");
  for (const KernelClass& c : errors.classes)
    out += fmt::format("{:<38} {:>5} {:>6.1f} % {:>9} {:>9}{}\n", c.of, c.rows, 100 * c.mean, signed_percent(c.bias),
                       signed_percent(c.worst), c.mean > tolerance ? "  beyond" : "");
  out += fmt::format("\nFurthest off:\n  {:<19} {:<26} {:>10} {:>10} {:>9}\n", "", "", "measured", "predicted us",
                     "error");
  for (const std::size_t i : worst_rows(errors, kWorstKernels)) {
    const KernelError& row = errors.rows[i];
    out += fmt::format("  {:<19} {:<26} {:>10.1f} {:>12.1f} {:>9}\n", name(row.sample.op), shape(row.sample),
                       row.sample.time.value() * 1e6, row.predicted.value() * 1e6, signed_percent(row.error));
  }
  const Op op = errors.rows[0].sample.op;
  std::vector<MeasuredPoint> points;
  for (const KernelError& row : errors.rows)
    if (row.sample.op == op) points.push_back({work(row.sample), row.sample.time.value(), row.predicted.value()});
  const PlotAxis axis = is_gemm(errors.rows[0].sample) || is_attention(op) ? PlotAxis::flops : PlotAxis::bytes;
  out += fmt::format("\n{}:\n", name(op)) + measured_plot(points, axis);
  for (const std::string& why : errors.left_out) out += "Left out: " + why + ".\n";
  return out;
}

/// The GPU that is named, in this order: --gpu, --cluster, the profile, the tables.
std::optional<LoadedGpu> find_gpu(const Arguments& arguments, const std::optional<Profile>& profile,
                                  const std::vector<KernelSamples>& tables, Diagnostics& problems) {
  std::string gpu = arguments.find("--gpu").value_or("");
  std::string cluster = arguments.find("--cluster").value_or("");
  const auto first = [&](std::string KernelSamples::*name) {
    for (const KernelSamples& t : tables)
      if (!(t.*name).empty()) return t.*name;
    return std::string();
  };
  if (gpu.empty() && cluster.empty() && profile) gpu = profile->gpu;
  if (gpu.empty() && cluster.empty()) cluster = first(&KernelSamples::cluster);
  if (gpu.empty() && cluster.empty()) gpu = first(&KernelSamples::gpu);
  if (gpu.empty() && cluster.empty()) {
    problems.push_back(mistake("validate kernels", "nobody says which GPU they ran on", "name it: --gpu h100-sxm"));
    return std::nullopt;
  }
  if (gpu.empty()) {
    auto loaded = load_cluster(cluster);
    if (loaded) return LoadedGpu{loaded->cluster.gpu, loaded->attention, "", {}};
    problems = loaded.error();
    return std::nullopt;
  }
  auto loaded = load_gpu(gpu);
  if (loaded) return std::move(loaded).value();
  problems = loaded.error();
  return std::nullopt;
}

Outcome run_validate_kernels(const Arguments& arguments, Diagnostics problems, const Environment&) {
  if (arguments.words.empty())
    problems.push_back(mistake("validate kernels", "the file is missing", "ithaca validate kernels FILE --gpu GPU"));
  if (arguments.has("--json") && arguments.has("--csv"))
    problems.push_back(mistake("--json and --csv", "exclude each other", "keep one of them"));
  const double tolerance = read_tolerance(arguments, problems);
  const auto profile = read_profile_flag(arguments, problems);
  if (!problems.empty()) return misuse(problems);
  const MeasuredFiles files = read_measured(arguments.words, {}, problems);
  if (problems.empty() && !files.collectives.empty())
    problems.push_back(mistake(arguments.words[0], "these are collectives", "give them to 'validate collectives'"));
  if (!problems.empty()) return misuse(problems);
  auto gpu = find_gpu(arguments, profile, files.kernels, problems);
  if (gpu && profile) problems = apply(*profile, *gpu);
  if (!problems.empty()) return misuse(problems);
  std::vector<AttentionKernel> kernels;
  for (const AttentionChoice& a : gpu->attention) kernels.push_back({a.kernel, a.curve, a.mark, ""});
  const KernelErrors errors = kernel_errors(gpu->gpu, kernels, files.kernels);
  if (errors.rows.empty())
    return misuse({mistake(arguments.words[0], "no row can be judged: " + join_words(errors.left_out), "")});
  const bool off = std::any_of(errors.classes.begin(), errors.classes.end(),
                               [&](const KernelClass& c) { return c.mean > tolerance; });
  const std::string text = arguments.has("--json")  ? json(errors, tolerance, arguments)
                           : arguments.has("--csv") ? csv(errors)
                                                    : table(errors, tolerance);
  return {off ? ExitCode::tolerance : ExitCode::done, text, "", arguments.find("-o").value_or("")};
}

}  // namespace

const Command kValidateKernels{
    "validate kernels",
    "predicted kernels against measured ones",
    "FILE... [--gpu G|--cluster C] [--profile P] [flags]",
    "Predicts every row of tables of measured kernels (schema measurements/1: gemm, attention_forward, "
    "attention_backward, copy, norm, activation, permute and what ithaca_probe writes) and says how far off the "
    "predictions are by kernel and type. Ends with code 4 if a class is further off than the tolerance.",
    kValidateKernelsExamples,
    kValidateKernelsFlags,
    run_validate_kernels,
    64,
};

}  // namespace ithaca
