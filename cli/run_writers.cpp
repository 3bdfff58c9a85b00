#include "cli/run_writers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/csv_writer.hpp"
#include "cli/text.hpp"
#include "cli/version.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

using Json = nlohmann::ordered_json;
using Maybe = std::optional<double>;

constexpr int kStepWidth = 23, kBothWidth = 44;  ///< of a line of the table without the id

Json number(const Maybe& value) { return value ? Json(*value) : Json(nullptr); }

Json figures(const RunFigures& f) {
  return {{"step_s", number(f.step)}, {"memory_bytes", number(f.memory)}, {"reserved_bytes", number(f.reserved)}};
}

Json measured(const RunRow& row) {
  Json json = figures(row.measured);
  if (row.out_of_memory) json["out_of_memory"] = true;
  if (row.measured_rate) json["flops_per_gpu"] = *row.measured_rate;
  return json;
}

Json predicted(const RunRow& row) {
  if (row.refused) return nullptr;
  Json json = figures(row.predicted);
  if (row.predicted_rate) json["flops_per_gpu"] = *row.predicted_rate;
  json["compute_s"] = row.parts.compute;
  json["exposed_comm_s"] = row.parts.exposed_comm;
  json["bubble_s"] = row.parts.bubble;
  json["optimizer_s"] = row.parts.optimizer;
  json["bound_s"] = row.parts.bound;
  json["peak_bytes"] = row.parts.peak;
  json["capacity_bytes"] = row.parts.capacity;
  return json;
}

Json refusal(const RunRow& row) {
  if (!row.refused) return nullptr;
  return {{"rule", row.refused->rule}, {"why", row.refused->why}, {"instead", row.refused->instead}};
}

Json shape(const RunRow& row) {
  if (row.shape.gpus == 0) return nullptr;
  return {{"strategy", row.shape.strategy},
          {"gpus", row.shape.gpus},
          {"seq_len", row.shape.seq_len},
          {"global_batch", row.shape.global_batch}};
}

Json row_json(const RunRow& row) {
  Json json{{"id", row.id},
            {"source", row.source},
            {"run", shape(row)},
            {"measured", measured(row)},
            {"predicted", predicted(row)},
            {"step_error", number(row.error.step)},
            {"memory_error", number(row.error.memory)},
            {"reserved_error", number(row.error.reserved)},
            {"assumed", row.assumed},
            {"refused", refusal(row)}};
  if (!row.split.empty()) json["split"] = row.split;
  return json;
}

Json summary_json(const ErrorSummary& s) {
  return {{"count", s.count},
          {"mean_absolute_error", s.count > 0 ? Json(s.mean) : Json(nullptr)},
          {"max_absolute_error", s.count > 0 ? Json(s.max) : Json(nullptr)},
          {"bias", s.count > 0 ? Json(s.bias) : Json(nullptr)}};
}

/// Text of at most `width` characters: both ends stay.
std::string cut_run_name(const std::string& text, std::size_t width) {
  if (text.size() <= width) return text;
  const std::size_t head = (width - 3) / 2, tail = width - 3 - head;
  return text.substr(0, head) + "..." + text.substr(text.size() - tail);
}

std::string percent(const Maybe& error) { return error ? fmt::format("{:+.1f}", 100 * *error) : "-"; }
std::string seconds(const Maybe& value) { return value ? fmt::format("{:.4g}", *value) : "-"; }
std::string gib(const Maybe& value) { return value ? fmt::format("{:.1f}", *value / (1024.0 * 1024 * 1024)) : "-"; }

using Rows = std::vector<const RunRow*>;

Rows rows_of(const RunErrors& errors, const std::string& source) {
  Rows rows;
  for (const RunRow& row : errors.rows) {
    if (row.source == source) rows.push_back(&row);
  }
  return rows;
}

/// What the ids of all rows begin with, up to a dash or underscore.
std::size_t common_prefix(const Rows& rows) {
  std::size_t length = rows[0]->id.size();
  for (const RunRow* row : rows) {
    const auto apart = std::mismatch(rows[0]->id.begin(), rows[0]->id.end(), row->id.begin(), row->id.end());
    length = std::min(length, static_cast<std::size_t>(apart.first - rows[0]->id.begin()));
  }
  while (length > 0 && rows[0]->id[length - 1] != '-' && rows[0]->id[length - 1] != '_') --length;
  return rows.size() > 1 ? length : 0;
}

std::string row_text(const RunRow& row, std::size_t prefix, int width, bool memory) {
  const std::string id = row.id.substr(prefix);
  if (row.out_of_memory && !row.refused) {
    return fmt::format("{:<39}out of memory; predicted {} of {} GiB\n", cut_run_name(id, 38), gib(row.parts.peak),
                       gib(row.parts.capacity));
  }
  std::string out = fmt::format("{:<{}}{:>8}", cut_run_name(id, width), width, seconds(row.measured.step));
  if (row.refused) return out + "  refused: " + row.refused->rule + "\n";
  out += fmt::format("{:>8}{:>7}", seconds(row.predicted.step), percent(row.error.step));
  if (memory) {
    const Maybe predicted = row.measured.memory ? row.predicted.memory : std::nullopt;
    out += fmt::format("{:>7}{:>7}{:>7}", gib(row.measured.memory), gib(predicted), percent(row.error.memory));
  }
  return out + "\n";
}

std::string source_text(const std::string& source, const Rows& rows, const Style& style) {
  const bool memory = std::any_of(rows.begin(), rows.end(), [](const RunRow* r) { return r->measured.memory; });
  const std::size_t prefix = common_prefix(rows);
  const int width = style.width - (memory ? kBothWidth : kStepWidth);
  const std::string left = prefix > 0 ? fmt::format("ids begin with {}", rows[0]->id.substr(0, prefix)) : "";
  std::string out = style.strong(source) + "\n";
  out += fmt::format("{:<{}}{:>23}{}\n", cut_run_name(left, width), width, "step, s",
                     memory ? "          memory, GiB" : "");
  out += fmt::format("{:<{}}{:>8}{:>8}{:>7}{}\n", "", width, "meas.", "pred.", "err %",
                     memory ? "  meas.  pred.  err %" : "");
  for (const RunRow* row : rows) out += row_text(*row, prefix, width, memory);
  return out + "\n";
}

/// What was assumed, each once, with the number of rows where it is not all of them.
struct Assumed {
  std::string text;
  int rows = 0;
};
std::vector<Assumed> assumed_of(const Rows& rows) {
  std::vector<Assumed> list;
  for (const RunRow* row : rows) {
    for (const std::string& text : row->assumed) {
      const auto same = [&](const Assumed& a) { return a.text == text; };
      const auto found = std::find_if(list.begin(), list.end(), same);
      if (found == list.end()) {
        list.push_back({text, 1});
      } else {
        ++found->rows;
      }
    }
  }
  return list;
}

std::vector<std::string> sources(const RunErrors& errors) {
  std::vector<std::string> names;
  for (const RunSummary& s : errors.summary) {
    if (std::find(names.begin(), names.end(), s.source) == names.end()) names.push_back(s.source);
  }
  return names;
}

std::string assumed_text(const RunReport& report, const Style& style) {
  std::string out;
  for (const std::string& source : sources(report.errors)) {
    const Rows rows = rows_of(report.errors, source);
    out += "Assumed of " + source + "\n";
    for (const Assumed& a : assumed_of(rows)) {
      const bool some = a.rows < static_cast<int>(rows.size());
      const std::string where = some ? fmt::format(" ({} of {} rows)", a.rows, rows.size()) : "";
      out += wrap("- " + a.text + where, style.width, "", "  ");
    }
    out += "\n";
  }
  return out;
}

std::string refused_text(const RunReport& report, const Style& style) {
  std::vector<std::string> said;
  std::string out;
  for (const RunRow& row : report.errors.rows) {
    if (!row.refused) continue;
    const std::string text = row.refused->rule + ": " + row.refused->why + "; " + row.refused->instead;
    if (std::find(said.begin(), said.end(), text) != said.end()) continue;
    said.push_back(text);
    out += wrap("- " + text, style.width, "", "  ");
  }
  return out.empty() ? "" : "Refused\n" + out + "\n";
}

std::string errors_text(const ErrorSummary& s) {
  if (s.count == 0) return fmt::format("{:>6}{:>8}{:>8}", 0, "-", "-");
  return fmt::format("{:>6}{:>8.1f}{:>8.1f}", s.count, 100 * s.mean, 100 * s.max);
}

std::string summary_text(const RunReport& report, const Style& style) {
  constexpr int kName = 27;
  std::string out = fmt::format("{:<{}}{:>22}{:>22}\n", "Absolute errors in %", kName, "of step times", "of memory");
  out += fmt::format("{:<{}}{:>6}{:>8}{:>8}{:>6}{:>8}{:>8}\n", "", kName, "rows", "mean", "max", "rows", "mean", "max");
  for (const RunSummary& s : report.errors.summary) {
    const std::string name = s.source + (s.split.empty() ? "" : " (" + s.split + ")");
    out += fmt::format("{:<{}}", cut_run_name(name, kName - 1), kName) + errors_text(s.step) + errors_text(s.memory) +
           (beyond(s, report.tolerance) ? "  " + style.bad("beyond") : "") + "\n";
  }
  return out;
}

}  // namespace

bool beyond(const RunSummary& s, double tolerance) {
  return (s.step.count > 0 && s.step.mean > tolerance) || (s.memory.count > 0 && s.memory.mean > tolerance);
}

std::string write_run_table(const RunReport& report, const Style& style) {
  std::string out;
  for (const std::string& source : sources(report.errors))
    out += source_text(source, rows_of(report.errors, source), style);
  out += refused_text(report, style) + assumed_text(report, style) + summary_text(report, style);
  for (const std::string& notice : report.notices) out += wrap("notice: " + notice, style.width, "", "  ");
  return out;
}

std::string write_run_json(const RunReport& report) {
  Json rows = Json::array(), summary = Json::array();
  for (const RunRow& row : report.errors.rows) rows.push_back(row_json(row));
  for (const RunSummary& s : report.errors.summary) {
    Json json{{"source", s.source},
              {"rows", s.rows},
              {"refused", s.refused},
              {"step", summary_json(s.step)},
              {"memory", summary_json(s.memory)},
              {"beyond_tolerance", beyond(s, report.tolerance)}};
    if (!s.split.empty()) json["split"] = s.split;
    summary.push_back(std::move(json));
  }
  const Json all{{"format_version", "1.0"},
                 {"provenance", {{"version", version_line()}, {"arguments", report.argv}}},
                 {"notices", report.notices},
                 {"tolerance", report.tolerance},
                 {"rows", rows},
                 {"summary", summary}};
  return all.dump(2) + "\n";
}

std::string write_run_csv(const RunReport& report) {
  const auto cell = [](const Maybe& value) { return value ? fmt::format("{:.7g}", *value) : std::string(); };
  std::string out =
      "id,source,split,measured_step_s,predicted_step_s,step_error,measured_memory_bytes,predicted_memory_bytes,"
      "memory_error,refused\n";
  for (const RunRow& row : report.errors.rows) {
    out +=
        fmt::format("{},{},{},{},{},{},{},{},{},{}\n", csv_cell(row.id), csv_cell(row.source), row.split,
                    cell(row.measured.step), cell(row.predicted.step), cell(row.error.step), cell(row.measured.memory),
                    cell(row.predicted.memory), cell(row.error.memory), row.refused ? csv_cell(row.refused->rule) : "");
  }
  return out;
}

}  // namespace ithaca
