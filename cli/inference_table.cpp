#include "cli/inference_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "cli/compare_flags.hpp"
#include "cli/table_parts.hpp"
#include "cli/text.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

/// A heading, or a label with a cell for each row.
struct PhaseLine {
  std::string label;
  std::vector<std::string> cells;
};

using PassTimeOf = std::function<Seconds(const InferencePass&)>;
using PassOf = const std::optional<InferencePass> InferenceEstimate::*;

/// Collects the lines; a dash where a row is refused or has no such pass.
class PhaseLines {
 public:
  explicit PhaseLines(const std::vector<InferenceRow>& rows) : rows_(rows) {}

  void heading(std::string text) { lines_.push_back({std::move(text), {}}); }

  void text(std::string label, const std::function<std::string(const InferenceRow&)>& cell) {
    PhaseLine line{std::move(label), {}};
    for (const InferenceRow& row : rows_) line.cells.push_back(row.estimate ? cell(row) : "-");
    lines_.push_back(std::move(line));
  }

  void bytes(const std::string& label, const std::function<Bytes(const InferenceEstimate&)>& value) {
    std::vector<double> values;
    for (const InferenceRow& row : rows_) {
      if (row.estimate) values.push_back(value(*row.estimate).value());
    }
    const Scale scale = common_scale(values, kByteScales);
    text(fmt::format("{}, {}", label, scale.unit),
         [&](const InferenceRow& row) { return significant(value(*row.estimate).value() / scale.size); });
  }

  /// Lines of one pass share their unit.
  void seconds(PassOf pass, const std::vector<std::pair<std::string, PassTimeOf>>& lines) {
    std::vector<double> values;
    for (const InferenceRow& row : rows_) {
      for (const auto& line : lines) {
        if (row.estimate && (*row.estimate).*pass) values.push_back(line.second(*((*row.estimate).*pass)).value());
      }
    }
    if (values.empty()) return;
    const Scale scale = common_scale({&*std::max_element(values.begin(), values.end()), 1}, kSecondScales);
    for (const auto& [label, time] : lines) {
      const PassTimeOf& of = time;
      pass_text(fmt::format("{}, {}", label, scale.unit), pass, [&](const InferenceRow& row) {
        return significant(of(*((*row.estimate).*pass)).value() / scale.size);
      });
    }
  }

  void pass_text(std::string label, PassOf pass, const std::function<std::string(const InferenceRow&)>& cell) {
    text(std::move(label), [&](const InferenceRow& row) { return (*row.estimate).*pass ? cell(row) : "-"; });
  }

  std::vector<PhaseLine> take() { return std::move(lines_); }

 private:
  const std::vector<InferenceRow>& rows_;
  std::vector<PhaseLine> lines_;
};

void add_degrees(PhaseLines& lines, const InferenceReport& report) {
  const auto any = [&](auto has) { return std::any_of(report.rows.begin(), report.rows.end(), has); };
  const auto optional_degree = [&](const char* label, int Layout::*size) {
    if (any([&](const InferenceRow& r) { return r.layout.*size > 1; }))
      lines.text(label, [size](const InferenceRow& r) { return degree_cell(r.layout.*size); });
  };
  lines.heading("Layout");
  optional_degree("  ulysses degree", &Layout::ulysses);
  optional_degree("  ring degree", &Layout::ring);
  lines.text("  tensor parallel (tp)", [](const InferenceRow& r) { return degree_cell(r.layout.tp); });
  optional_degree("  pipeline parallel (pp)", &Layout::pp);
  lines.text("  replicas (dp)", [](const InferenceRow& r) { return degree_cell(r.layout.dp); });
  optional_degree("  expert parallel (ep)", &Layout::ep);
  lines.text("  weights", [](const InferenceRow& r) { return r.layout.zero == 3 ? "sharded" : "whole"; });
  lines.text("  GPUs working", [](const InferenceRow& r) { return grouped(r.estimate->active_gpus); });
  lines.text("  GPUs idle", [](const InferenceRow& r) { return grouped(r.idle_gpus); });
}

void add_traffic(PhaseLines& lines, Phase phase) {
  const auto layer = [phase](const InferenceEstimate& e) -> const LayerTraffic& { return pass_of(e, phase).layer; };
  lines.heading(fmt::format("One layer of the {}, per GPU", name(phase)));
  lines.bytes("  sends", [&](const InferenceEstimate& e) { return layer(e).sent; });
  lines.bytes("  per NIC", [&](const InferenceEstimate& e) { return layer(e).nic; });
  const PassOf pass =
      phase == Phase::prefill ? PassOf(&InferenceEstimate::prefill) : PassOf(&InferenceEstimate::decode);
  lines.seconds(pass, {{"  communication", [](const InferencePass& p) { return p.layer.time; }},
                       {"  physical bound", [](const InferencePass& p) { return p.layer.bound; }}});
}

void add_pass(PhaseLines& lines, PassOf pass, std::string label) {
  lines.seconds(pass, {{"  matrix products", [](const InferencePass& p) { return p.parts.gemm; }},
                       {"  attention", [](const InferencePass& p) { return p.parts.attention; }},
                       {"  exposed communication", [](const InferencePass& p) { return p.exposed; }},
                       {std::move(label), [](const InferencePass& p) { return p.time; }},
                       {"  physical bound", [](const InferencePass& p) { return p.bound; }}});
  lines.pass_text("  ratio to the bound", pass, [pass](const InferenceRow& r) {
    const InferencePass& p = *((*r.estimate).*pass);
    return times(p.time / p.bound);
  });
}

void add_passes(PhaseLines& lines, const InferenceReport& report) {
  const Question& q = report.job.question;
  const PassOf prefill = &InferenceEstimate::prefill, decode = &InferenceEstimate::decode;
  lines.heading("Prefill: the whole prompt");
  add_pass(lines, prefill, "  time to first token");
  lines.pass_text("  MFU, %", prefill, [](const InferenceRow& r) { return significant(100 * r.mfu); });
  lines.heading("Decode: a token of each sequence");
  add_pass(lines, decode, "  time per output token");
  lines.pass_text("  of the memory's rate, %", decode,
                  [](const InferenceRow& r) { return significant(100 * r.bandwidth_share); });
  lines.heading(fmt::format("The job, {}", name(report.inference.phase)));
  lines.text("  tokens/s", [](const InferenceRow& r) { return significant(r.tokens_per_s.value()); });
  if (q.cluster.price_per_gpu_hour > Dollars{})
    lines.text("  USD per 10^6 tokens",
               [](const InferenceRow& r) { return significant(r.per_million_tokens.value()); });
  if (report.inference.output_tokens > 1) {
    lines.text("  prompt to last token, s", [&](const InferenceRow& r) {
      const Seconds time = answer_time(report.inference, *r.estimate);
      return time > Seconds{} ? significant(time.value()) : std::string("-");
    });
  }
}

Bytes term(const InferenceEstimate& e, std::string_view which) {
  for (const MemoryTerm& t : e.memory.terms) {
    if (t.name == which) return t.bytes;
  }
  return {};
}

void add_ledger(PhaseLines& lines, const InferenceReport& report) {
  lines.heading(fmt::format("Memory of a GPU, {}", print(report.job.question.cluster.gpu.memory)));
  lines.bytes("  weights", [](const InferenceEstimate& e) { return term(e, "weights"); });
  lines.bytes("  KV cache", [](const InferenceEstimate& e) { return term(e, "kv_cache"); });
  lines.bytes("  peak", [](const InferenceEstimate& e) { return e.memory.peak(); });
  lines.text("  fits", [](const InferenceRow& r) { return std::string(r.estimate->memory.fits() ? "yes" : "NO"); });
  lines.text("  longest prompt that fits", [](const InferenceRow& r) {
    return r.max_seq_len.count > 0 ? grouped(r.max_seq_len.count) : std::string("none");
  });
  lines.text("  most sequences that fit", [](const InferenceRow& r) { return grouped(r.max_batch); });
}

std::string write_columns(const InferenceReport& report, const std::vector<PhaseLine>& lines, std::size_t first,
                          std::size_t last, const Style& style) {
  std::vector<ColumnHead> heads;
  for (std::size_t i = first; i < last; ++i) {
    const InferenceRow& row = report.rows[i];
    heads.push_back({name(row.strategy), row.refused ? "refused" : report.best == i ? "best" : ""});
  }
  std::string text = column_heads(heads, style);
  for (const PhaseLine& line : lines) {
    if (line.cells.empty()) {
      text += style.strong(line.label) + "\n";
      continue;
    }
    text += fmt::format("{:<{}}", line.label, kLabelWidth);
    for (std::size_t i = first; i < last; ++i) {
      const std::string cell = fmt::format("{:>{}}", line.cells[i], kColumnWidth);
      text += line.cells[i] == "NO" ? style.bad(cell) : line.cells[i] == "yes" ? style.good(cell) : cell;
    }
    text += "\n";
  }
  return text;
}

std::string heading(const InferenceReport& report, const Style& style) {
  const Question& q = report.job.question;
  const Gpu& gpu = q.cluster.gpu;
  std::string text =
      wrap(fmt::format("{} ({} billion parameters), {} prompt{} of {} tokens at once, {} output token{} each",
                       q.model.name, significant(static_cast<double>(parameter_count(q.model)) / 1e9),
                       grouped(q.work.global_batch), q.work.global_batch == 1 ? "" : "s", grouped(q.work.seq_len.count),
                       grouped(report.inference.output_tokens), report.inference.output_tokens == 1 ? "" : "s"),
           style.width);
  const std::string price =
      q.cluster.price_per_gpu_hour > Dollars{}
          ? fmt::format(", {} USD per GPU-hour ({})", significant(q.cluster.price_per_gpu_hour.value()),
                        report.job.price_source)
          : "";
  text +=
      wrap(fmt::format("{} {} GPU{} of {}{}", grouped(q.gpus), gpu.name, q.gpus == 1 ? "" : "s", q.cluster.name, price),
           style.width);
  text += wrap(fmt::format("{}, KV cache of {} byte{} an element, {}; layouts chosen for the {}", name(q.work.dtype),
                           report.inference.cache_element, report.inference.cache_element == 1 ? "" : "s",
                           attention_words(q.work), name(report.inference.phase)),
               style.width);
  if (!report.job.defaults.empty()) text += wrap("chosen: " + join_words(report.job.defaults), style.width, "", "  ");
  return text + wrap(fmt::format("marks: bytes exact, matrix products {}, attention {}, links {}", name(gpu.gemm_mark),
                                 name(gpu.attention_mark), name(q.cluster.link_mark)),
                     style.width, "", "  ");
}

std::string refusals(const InferenceReport& report, const Style& style) {
  std::string text;
  for (const InferenceRow& row : report.rows) {
    if (!row.refused) continue;
    text +=
        "\n" + wrap(fmt::format("{} is refused ({}): {}", name(row.strategy), name(*row.refused), why(*row.refused)),
                    style.width, "", "  ");
    text += wrap(instead(*row.refused), style.width, "  instead: ", "    ");
  }
  return text;
}

}  // namespace

std::string write_table(const InferenceReport& report, const Style& style) {
  std::string text = heading(report, style);
  const bool any = std::any_of(report.rows.begin(), report.rows.end(), [](const auto& r) { return !r.refused; });
  PhaseLines lines(report.rows);
  if (any) {
    add_degrees(lines, report);
    add_traffic(lines, report.inference.phase);
    add_passes(lines, report);
    add_ledger(lines, report);
  }
  const std::vector<PhaseLine> all = lines.take();
  const auto columns = static_cast<std::size_t>(std::max(1, (style.width - kLabelWidth) / kColumnWidth));
  for (std::size_t first = 0; any && first < report.rows.size(); first += columns)
    text += "\n" + write_columns(report, all, first, std::min(first + columns, report.rows.size()), style);
  text += refusals(report, style);
  const std::vector<std::string> remarks = inference_remarks(report);
  if (!remarks.empty()) text += "\n" + style.strong("Remarks") + "\n";
  for (const std::string& remark : remarks) text += wrap(remark, style.width, "- ", "  ");
  text += "\n" + style.strong("Verdict") + "\n";
  for (const std::string& sentence : inference_verdict(report)) text += wrap(sentence, style.width);
  return text;
}

}  // namespace ithaca
