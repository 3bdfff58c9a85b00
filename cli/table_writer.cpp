#include "cli/table_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "cli/compare_flags.hpp"
#include "cli/framework_flag.hpp"
#include "cli/remarks.hpp"
#include "cli/table_parts.hpp"
#include "cli/text.hpp"
#include "cli/verdict.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

/// One line of the table: a label and a cell for every row of the report.
struct Line {
  std::string label;
  std::vector<std::string> cells;
  bool heading = false;
};

using TimeOf = std::function<Seconds(const StepEstimate&)>;

/// Collects the lines; refused rows get a dash everywhere but in the first line.
class Lines {
 public:
  explicit Lines(const std::vector<Row>& rows) : rows_(rows) {}

  void heading(std::string text) { lines_.push_back({std::move(text), {}, true}); }

  void text(std::string label, const std::function<std::string(const Row&)>& cell) {
    Line line{std::move(label), {}, false};
    for (const Row& row : rows_) line.cells.push_back(row.estimate ? cell(row) : "-");
    lines_.push_back(std::move(line));
  }

  /// `label` is followed by the unit that suits all values.
  void numbers(std::string label, std::span<const Scale> scales, const std::function<double(const Row&)>& value) {
    std::vector<double> values;
    for (const Row& row : rows_) {
      if (row.estimate) values.push_back(value(row));
    }
    const Scale scale = common_scale(values, scales);
    if (!scale.unit.empty()) label += fmt::format(", {}", scale.unit);
    text(std::move(label), [&](const Row& row) { return significant(value(row) / scale.size); });
  }

  void bytes(std::string label, const std::function<Bytes(const StepEstimate&)>& value) {
    numbers(std::move(label), kByteScales, [&](const Row& row) { return value(*row.estimate).value(); });
  }
  /// Lines of one section share their unit, so that they can be added up by eye.
  void seconds(const std::vector<std::pair<std::string, TimeOf>>& lines) {
    std::vector<double> values;
    for (const Row& row : rows_) {
      for (const auto& line : lines) {
        if (row.estimate) values.push_back(line.second(*row.estimate).value());
      }
    }
    const Scale scale = common_scale({&*std::max_element(values.begin(), values.end()), 1}, kSecondScales);
    for (const auto& [label, time] : lines) {
      const TimeOf& of = time;
      text(fmt::format("{}, {}", label, scale.unit),
           [&of, &scale](const Row& row) { return significant(of(*row.estimate).value() / scale.size); });
    }
  }

  std::vector<Line> take() { return std::move(lines_); }

 private:
  const std::vector<Row>& rows_;
  std::vector<Line> lines_;
};

std::string paper_formula(const Row& row) {
  const Layout& l = row.layout;
  if (l.ulysses > 1 && l.ring > 1) return l.tp > 1 ? "sum of 3" : "4Nh/P + ring";
  if (l.tp > 1 && (l.ulysses > 1 || l.ring > 1)) return "sum of 2";
  if (l.tp > 1) return "4Nh";
  if (l.ulysses > 1) return "4Nh/P";
  return l.ring > 1 ? "2N*a_kv*d" : "0";
}

std::string longest(const Row& row) {
  const std::int64_t tokens = row.max_seq_len.count;
  if (tokens == 0) return "none";
  return tokens < 10'000'000'000 ? grouped(tokens) : "over 10^10";
}

void add_layout(Lines& lines, const Report& report) {
  const auto any = [&](auto has) { return std::any_of(report.rows.begin(), report.rows.end(), has); };
  lines.heading("Layout");
  if (any([](const Row& r) { return r.layout.ulysses > 1; })) {
    lines.text("  ulysses degree", [](const Row& r) { return degree_cell(r.layout.ulysses); });
  }
  if (any([](const Row& r) { return r.layout.ring > 1; })) {
    lines.text("  ring degree", [](const Row& r) { return degree_cell(r.layout.ring); });
  }
  lines.text("  tensor parallel (tp)", [](const Row& r) { return degree_cell(r.layout.tp); });
  if (any([](const Row& r) { return r.layout.pp > 1; })) {
    lines.text("  pipeline parallel (pp)", [](const Row& r) { return degree_cell(r.layout.pp); });
  }
  lines.text("  data parallel (dp)", [](const Row& r) { return degree_cell(r.layout.dp); });
  if (any([](const Row& r) { return r.layout.ep > 1; })) {
    lines.text("  expert parallel (ep)", [](const Row& r) { return degree_cell(r.layout.ep); });
  }
  lines.text("  ZeRO stage", [](const Row& r) { return fmt::format("{}", r.layout.zero); });
  lines.text("  GPUs working", [](const Row& r) { return grouped(r.estimate->active_gpus); });
  lines.text("  GPUs idle", [](const Row& r) { return grouped(r.idle_gpus); });
}

void add_layer(Lines& lines) {
  lines.heading("One layer, one micro-batch, per GPU");
  lines.bytes("  forward sends", [](const StepEstimate& e) { return e.forward.sent; });
  lines.numbers("  paper's elements", kCountScales, [](const Row& r) { return r.estimate->paper_elements; });
  lines.text("  paper's formula", paper_formula);
  lines.bytes("  backward sends", [](const StepEstimate& e) { return e.backward.sent; });
  lines.bytes("  both, per NIC", [](const StepEstimate& e) { return e.forward.nic + e.backward.nic; });
  const auto time = [](const StepEstimate& e) { return e.forward.time + e.backward.time; };
  const auto bound = [](const StepEstimate& e) { return e.forward.bound + e.backward.bound; };
  lines.seconds({{"  communication", time}, {"  physical bound", bound}});
  lines.text("  ratio to the bound", [&](const Row& r) { return ratio_cell(time(*r.estimate), bound(*r.estimate)); });
}

void add_step(Lines& lines, const Report& report) {
  lines.heading("One training step");
  const auto pipelined = [](const Row& r) { return r.layout.pp > 1; };
  std::vector<std::pair<std::string, TimeOf>> times{
      {"  compute", [](const StepEstimate& e) { return e.step.compute; }},
      {"  communication", [](const StepEstimate& e) { return e.step.comm; }},
      {"  exposed communication", [](const StepEstimate& e) { return e.step.exposed_comm; }}};
  if (std::any_of(report.rows.begin(), report.rows.end(), pipelined))
    times.emplace_back("  pipeline bubble", [](const StepEstimate& e) { return e.step.bubble; });
  times.emplace_back("  step time", [](const StepEstimate& e) { return e.step.time; });
  times.emplace_back("  physical bound", [](const StepEstimate& e) { return e.step.bound; });
  lines.seconds(times);
  if (!report.engine.empty()) {
    lines.numbers("  time by closed form", kSecondScales, [](const Row& r) { return r.closed_form_time.value(); });
  }
  lines.text("  ratio to the bound",
             [](const Row& r) { return ratio_cell(r.estimate->step.time, r.estimate->step.bound); });
  lines.text("  tokens/s", [](const Row& r) { return significant(r.tokens_per_s.value()); });
  lines.text("  TFLOPS per GPU (model)", [](const Row& r) { return significant(r.model_rate_per_gpu.value() / 1e12); });
  lines.text("  MFU, %", [](const Row& r) { return significant(100 * r.mfu); });
  if (report.question.cluster.price_per_gpu_hour > Dollars{}) {
    lines.text("  USD per 10^6 tokens", [](const Row& r) { return significant(r.per_million_tokens.value()); });
  }
}

void add_memory(Lines& lines, const Report& report) {
  const Bytes capacity = report.question.cluster.gpu.memory;
  lines.heading(fmt::format("Memory of a GPU, {}", print(capacity)));
  lines.bytes("  peak", [](const StepEstimate& e) { return e.memory.peak(); });
  lines.text("  of the capacity, %",
             [](const Row& r) { return significant(100 * (r.estimate->memory.peak() / r.estimate->memory.capacity)); });
  const auto any = [&](const auto& holds) {
    return std::any_of(report.rows.begin(), report.rows.end(),
                       [&](const Row& r) { return r.estimate && holds(r.estimate->memory); });
  };
  lines.text("  fits", [](const Row& r) {
    const MemoryLedger& m = r.estimate->memory;
    return m.fits() ? "yes" : m.fits_gpu() ? "NO, host" : "NO";
  });
  lines.text("  peak comes in", [](const Row& r) { return std::string(name(r.estimate->memory.moment)); });
  if (any([](const MemoryLedger& m) { return m.moment == Moment::backward; })) {
    lines.text("  of", [](const Row& r) {
      return std::string(r.estimate->memory.moment == Moment::backward ? name(r.estimate->memory.op) : "");
    });
  }
  if (any([](const MemoryLedger& m) { return m.stage > 0; }))
    lines.text("  in stage", [](const Row& r) { return std::to_string(r.estimate->memory.stage); });
  if (any([](const MemoryLedger& m) { return m.host() > Bytes{}; }))
    lines.bytes("  host memory of a node", [](const StepEstimate& e) { return e.memory.host_of_node(); });
  lines.text("  longest N that fits", longest);
}

std::vector<Line> all_lines(const Report& report) {
  Lines lines(report.rows);
  add_layout(lines, report);
  add_layer(lines);
  add_step(lines, report);
  add_memory(lines, report);
  return lines.take();
}

std::string paint(const std::string& cell, const Style& style) {
  const std::string word = cell.substr(std::min(cell.find_first_not_of(' '), cell.size()));
  if (word == "NO" || word == "refused") return style.bad(cell);
  return word == "yes" ? style.good(cell) : cell;
}

std::string write_names(const Report& report, std::size_t first, std::size_t last, const Style& style) {
  std::vector<ColumnHead> heads;
  for (std::size_t i = first; i < last; ++i) {
    const Row& row = report.rows[i];
    heads.push_back({name(row.strategy), row.refused ? "refused" : report.best == i ? "best" : ""});
  }
  return column_heads(heads, style);
}

std::string write_block(const Report& report, const std::vector<Line>& lines, std::size_t first, std::size_t last,
                        const Style& style) {
  std::string text = write_names(report, first, last, style);
  for (const Line& line : lines) {
    if (line.heading) {
      text += style.strong(line.label) + "\n";
      continue;
    }
    text += fmt::format("{:<{}}", line.label, kLabelWidth);
    for (std::size_t i = first; i < last; ++i) {
      text += paint(fmt::format("{:>{}}", line.cells[i], kColumnWidth), style);
    }
    text += "\n";
  }
  return text;
}

/// Strategies that are refused in the same words share a paragraph.
std::string write_refusals(const Report& report, const Style& style) {
  std::vector<std::pair<const Refusal*, std::vector<std::string>>> reasons;
  for (const Row& row : report.rows) {
    if (!row.refused) continue;
    const auto same =
        std::find_if(reasons.begin(), reasons.end(), [&](const auto& r) { return why(*r.first) == why(*row.refused); });
    if (same == reasons.end()) {
      reasons.push_back({&*row.refused, {std::string(name(row.strategy))}});
    } else {
      same->second.emplace_back(name(row.strategy));
    }
  }
  std::string text;
  for (const auto& [refusal, strategies] : reasons) {
    text += "\n" + wrap(fmt::format("{} {} refused ({}): {}", join_words(strategies),
                                    strategies.size() == 1 ? "is" : "are", name(*refusal), why(*refusal)),
                        style.width, "", "  ");
    text += wrap(instead(*refusal), style.width, "  instead: ", "    ");
  }
  return text;
}

std::string write_list(std::string_view title, const std::vector<std::string>& items, const Style& style) {
  if (items.empty()) return "";
  std::string text = "\n" + style.strong(title) + "\n";
  for (const std::string& item : items) text += wrap(item, style.width, "- ", "  ");
  return text;
}

}  // namespace

std::string write_heading(const Report& report, const Style& style) {
  const Question& q = report.question;
  const auto batch = q.work.global_batch;
  const bool timed = q.work.flash && !report.attention_kernel.empty();
  const std::string kernel = timed ? " (" + report.attention_kernel + ")" : "";
  std::string text = wrap(fmt::format("{} ({} billion parameters), sequences of {} tokens, {} a step", q.model.name,
                                      significant(static_cast<double>(parameter_count(q.model)) / 1e9),
                                      grouped(q.work.seq_len.count), batch),
                          style.width);
  text += wrap(
      fmt::format("{} {} GPU{} of {}{}", grouped(q.gpus), q.cluster.gpu.name, q.gpus == 1 ? "" : "s", q.cluster.name,
                  q.cluster.price_per_gpu_hour > Dollars{}
                      ? fmt::format(", {} USD per GPU-hour ({})", significant(q.cluster.price_per_gpu_hour.value()),
                                    report.price_source)
                      : ""),
      style.width);
  text += wrap(fmt::format("{}, {}{}, recompute {}, micro-batch {}{}{}{}", name(q.work.dtype), attention_words(q.work),
                           kernel, name(q.work.recompute), q.work.micro_batch, q.work.dropout ? ", dropout" : "",
                           q.work.tiled_loss ? ", tiled loss" : "", q.work.fp32_gradients ? ", fp32 gradients" : ""),
               style.width);
  if (q.work.lora_rank > 0) text += wrap(lora_words(q.model, q.work), style.width, "", "  ");
  if (q.work.framework.framework != Framework::any)
    text += wrap("what " + words(q.work.framework) + " cannot run is refused", style.width);
  if (const Packing* packing = q.work.packing)
    text += wrap(fmt::format("{} documents of at most {} tokens fill {} % of the step; attention within them, {} % of "
                             "whole sequences'",
                             grouped(packing->documents), grouped(packing->longest), significant(100 * packing->filled),
                             significant(100 * packing->share())),
                 style.width, "", "  ");
  if (!report.defaults.empty()) text += wrap("chosen: " + join_words(report.defaults), style.width, "", "  ");
  if (!report.engine.empty()) {
    text += wrap("step times: event engine on " + report.engine + "; layouts chosen by the closed form", style.width,
                 "", "  ");
  }
  const Gpu& gpu = q.cluster.gpu;
  text += wrap(fmt::format("marks: bytes exact, matrix products {}, attention {}, links {}", name(gpu.gemm_mark),
                           name(gpu.attention_mark), name(q.cluster.link_mark)),
               style.width, "", "  ");
  return text;
}

std::string write_table(const Report& report, const Style& style) {
  std::string text = write_heading(report, style);
  const bool any = std::any_of(report.rows.begin(), report.rows.end(), [](const Row& r) { return !r.refused; });
  const std::vector<Line> lines = any ? all_lines(report) : std::vector<Line>{};
  const auto columns = static_cast<std::size_t>(std::max(1, (style.width - kLabelWidth) / kColumnWidth));
  for (std::size_t first = 0; any && first < report.rows.size(); first += columns) {
    text += "\n" + write_block(report, lines, first, std::min(first + columns, report.rows.size()), style);
  }
  text += write_refusals(report, style);
  text += write_list("Remarks", remarks(report), style);
  text += write_list("Frameworks", framework_remarks(report), style);
  text += "\n" + style.strong("Verdict") + "\n";
  for (const std::string& sentence : verdict(report)) text += wrap(sentence, style.width);
  return text;
}

}  // namespace ithaca
