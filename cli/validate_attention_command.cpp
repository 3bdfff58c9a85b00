#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/csv_writer.hpp"
#include "cli/validation.hpp"
#include "cli/version.hpp"
#include "model/units.hpp"
#include "validate/attention_errors.hpp"

namespace ithaca {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kAttentionTolerance = 0.12;

constexpr Flag kValidateAttentionFlags[] = {
    {"--tolerance", "SHARE", "mean absolute error of the held-out cases of a pass that is still right. Default: 12%"},
    {"--json", "", "JSON: all rows, the summary and the order of the methods"},
    {"--csv", "", "CSV, one line a row"},
    {"-o", "FILE", "write there instead of stdout"},
};

constexpr std::string_view kValidateAttentionExamples[] = {
    "ithaca validate attention validate/references/magi-attention-h100.yaml",
    "ithaca validate attention validate/references/usp-attention-a100.yaml --tolerance 8% --json",
};

std::string job(const AttentionSetting& s) {
  return fmt::format("{} x {} tokens, {}/{} heads of {}, {} {}{}", s.batch, s.seq, s.heads, s.kv_heads, s.head_dim,
                     s.causal ? "causal" : "full", name(s.pass), s.variant.empty() ? "" : ", " + s.variant);
}

std::string remark(const AttentionRow& row) {
  if (!row.measured.doubt.empty()) return "doubtful";
  if (row.measured.order_only) return "order only";
  return row.measured.held_out ? "" : "fit";
}

std::string degrees(const Layout& l) {
  return fmt::format("{}x{}{}", l.ulysses, l.ring, l.ring > 1 && !l.zigzag ? " plain" : "");
}

std::string order_text(const char* what, const AttentionOrder& o) {
  return fmt::format("{} in the right order: {} of {} settings, {} of {} pairs\n", what, o.right, o.settings,
                     o.right_pairs, o.pairs);
}

bool beyond(const AttentionSummary& s, double tolerance) { return s.held_out && s.mean > tolerance; }

std::string table(const AttentionErrors& errors, double tolerance) {
  std::string out;
  for (std::size_t i = 0; i < errors.rows.size(); ++i) {
    if (errors.rows[i].setting != i) continue;
    const AttentionCase& first = errors.rows[i].measured;
    out += fmt::format("{}, {} GPUs\n", job(first.setting), first.layout.gpus());
    for (const AttentionRow& row : errors.rows) {
      if (row.setting != i) continue;
      out += fmt::format("  {:<18} {:<12}{:>10.3f}{:>10.3f} ms{:>8.1f} %  {}\n", row.measured.method,
                         degrees(row.measured.layout), row.measured.time.value() * 1e3, row.predicted.value() * 1e3,
                         100 * row.error, remark(row));
    }
  }
  out += fmt::format("\n{:<22}{:>6}{:>9}{:>9}{:>9}\n", "errors in %", "rows", "mean", "bias", "max");
  for (const AttentionSummary& s : errors.summary) {
    out += fmt::format("{:<22}{:>6}{:>9.1f}{:>+9.1f}{:>9.1f}{}\n",
                       fmt::format("{} ({})", name(s.pass), s.held_out ? "held out" : "fit"), s.count, 100 * s.mean,
                       100 * s.bias, 100 * s.max, beyond(s, tolerance) ? "  beyond" : "");
  }
  out += order_text("Forward methods", errors.forward);
  if (errors.all.pairs > errors.forward.pairs) out += order_text("Methods of all passes", errors.all);
  return out;
}

Json setting_json(const AttentionRow& row) {
  const AttentionSetting& s = row.measured.setting;
  const Layout& l = row.measured.layout;
  return {{"gpus", l.gpus()},       {"batch", s.batch},
          {"seq_len", s.seq},       {"heads", s.heads},
          {"kv_heads", s.kv_heads}, {"head_dim", s.head_dim},
          {"causal", s.causal},     {"pass", name(s.pass)},
          {"variant", s.variant},   {"strategy", name(l.strategy)},
          {"ulysses", l.ulysses},   {"ring", l.ring},
          {"zigzag", l.zigzag}};
}

Json row_json(const AttentionRow& row, Mark mark) {
  const AttentionCase& c = row.measured;
  return {{"case", setting_json(row)},
          {"method", c.method},
          {"setting", row.setting},
          {"split", c.held_out ? "held_out" : "fit"},
          {"measured_s", c.time.value()},
          {"predicted_s", row.predicted.value()},
          {"attention_s", row.layer.attention.value()},
          {"streaming_s", row.layer.streaming.value()},
          {"exposed_comm_s", row.layer.exposed.value()},
          {"bound_s", row.layer.bound.value()},
          {"error", row.error},
          {"order_only", c.order_only},
          {"doubt", c.doubt.empty() ? Json(nullptr) : Json(c.doubt)},
          {"mark", name(mark)}};
}

Json order_json(const AttentionOrder& o) {
  return {{"settings", o.settings}, {"right", o.right}, {"pairs", o.pairs}, {"right_pairs", o.right_pairs}};
}

std::string json(const AttentionErrors& errors, const AttentionCases& cases, double tolerance,
                 const Arguments& arguments) {
  Json rows = Json::array(), summary = Json::array();
  for (const AttentionRow& row : errors.rows) rows.push_back(row_json(row, errors.mark));
  for (const AttentionSummary& s : errors.summary) {
    summary.push_back({{"table", cases.name},
                       {"pass", name(s.pass)},
                       {"split", s.held_out ? "held_out" : "fit"},
                       {"count", s.count},
                       {"mean_absolute_error", s.mean},
                       {"bias", s.bias},
                       {"max_absolute_error", s.max},
                       {"beyond_tolerance", beyond(s, tolerance)}});
  }
  const Json all{{"format_version", "1.0"},
                 {"provenance", {{"version", version_line()}, {"arguments", arguments.typed}}},
                 {"source", cases.source},
                 {"tolerance", tolerance},
                 {"rows", rows},
                 {"summary", summary},
                 {"order", {{"forward", order_json(errors.forward)}, {"all", order_json(errors.all)}}}};
  return all.dump(2) + "\n";
}

std::string csv(const AttentionErrors& errors) {
  std::string out =
      "method,gpus,ulysses,ring,zigzag,batch,seq_len,heads,kv_heads,head_dim,causal,pass,variant,split,measured_s,"
      "predicted_s,bound_s,error\n";
  for (const AttentionRow& row : errors.rows) {
    const AttentionSetting& s = row.measured.setting;
    const Layout& l = row.measured.layout;
    out += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{:.7g},{:.7g},{:.7g},{:.5f}\n",
                       csv_cell(row.measured.method), l.gpus(), l.ulysses, l.ring, l.zigzag, s.batch, s.seq, s.heads,
                       s.kv_heads, s.head_dim, s.causal, name(s.pass), csv_cell(s.variant),
                       row.measured.held_out ? "held_out" : "fit", row.measured.time.value(), row.predicted.value(),
                       row.layer.bound.value(), row.error);
  }
  return out;
}

Outcome run_validate_attention(const Arguments& arguments, Diagnostics problems, const Environment&) {
  if (arguments.words.empty())
    problems.push_back(mistake("validate attention", "the file is missing", "ithaca validate attention FILE"));
  if (arguments.has("--json") && arguments.has("--csv"))
    problems.push_back(mistake("--json and --csv", "exclude each other", "keep one of them"));
  const double tolerance = read_tolerance(arguments, problems, kAttentionTolerance);
  if (!problems.empty()) return misuse(problems);
  const auto cases = load_attention(arguments.words[0]);
  if (!cases) return {ExitCode::usage, "", print(cases.error()), ""};
  const auto machine = load_cluster(cases->cluster);
  if (!machine) return {ExitCode::usage, "", print(machine.error()), ""};
  const auto errors = attention_errors(*cases, *machine);
  if (!errors) return {ExitCode::usage, "", print({mistake(cases->file, errors.error(), "name one that it has")}), ""};
  const auto& summary = errors->summary;
  const bool off =
      std::any_of(summary.begin(), summary.end(), [&](const AttentionSummary& s) { return beyond(s, tolerance); });
  const std::string text = arguments.has("--json")  ? json(*errors, *cases, tolerance, arguments)
                           : arguments.has("--csv") ? csv(*errors)
                                                    : table(*errors, tolerance);
  return {off ? ExitCode::tolerance : ExitCode::done, text, "", arguments.find("-o").value_or("")};
}

}  // namespace

const Command kValidateAttention{
    "validate attention",
    "predicted distributed attention against measured calls",
    "FILE [flags]",
    "Predicts every case of FILE ('-' is the standard input), of the schema attention/1: one call of attention over a "
    "sequence that several GPUs share by Ulysses, a ring or both, with its communication. Says how far off the times "
    "are by pass and part of the split, and in how many settings the model puts the methods into the measured order; "
    "pairs closer than 3 % are ties. Ends with code 4 if the held-out cases of a pass are further off than the "
    "tolerance.",
    kValidateAttentionExamples,
    kValidateAttentionFlags,
    run_validate_attention,
    1,
};

}  // namespace ithaca
