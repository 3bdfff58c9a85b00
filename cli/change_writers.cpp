#include "cli/change_writers.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace ithaca {
namespace {

using Json = nlohmann::ordered_json;

/// Lines of figures: a name, then four columns. Together narrower than any terminal.
constexpr int kNameWidth = 30, kFigureWidth = 12;

std::string columns(std::string_view name, std::string_view before, std::string_view after, std::string_view change,
                    std::string_view share) {
  const std::string line = fmt::format("{:<{}}{:>{}}{:>{}}{:>{}}{:>{}}", name, kNameWidth, before, kFigureWidth, after,
                                       kFigureWidth, change, kFigureWidth, share, kFigureWidth);
  return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

/// An input's JSON text as people write it.
std::string shown(const std::string& json) {
  if (json.empty()) return "(none)";
  const Json value = Json::parse(json);
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return grouped(value.get<std::int64_t>());
  if (value.is_number_float()) return significant(value.get<double>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  return value.is_null() ? "(none)" : json;
}

std::string side(const char* when, const ChangeReport::Side& side, int width) {
  return wrap(fmt::format("{} ({}): {}", side.file, side.facts->version, side.facts->command), width, when,
              std::string(8, ' '));
}

std::string inputs(const ChangeReport& report, const Style& style) {
  if (report.inputs.empty()) return wrap("No input differs.", style.width);
  std::string text = style.strong("Inputs that differ") + "\n";
  for (const InputChange& input : report.inputs)
    text += wrap(fmt::format("{}: {} -> {}", input.name, shown(input.before), shown(input.after)), style.width, "  ",
                 "      ");
  return text;
}

/// The sentence that says what to take.
std::string advice(const PageFacts& facts) { return facts.verdict.empty() ? "none" : facts.verdict.front(); }

std::string verdicts(const ChangeReport& report, const Style& style) {
  const std::string before = advice(*report.before.facts), after = advice(*report.after.facts);
  const std::string indent(10, ' ');
  std::string text = style.strong("Verdict") + "\n";
  if (before == after) return text + wrap("unchanged: " + after, style.width, "  ", "  ");
  return text + wrap(before, style.width, "  before: ", indent) + wrap(after, style.width, "  after:  ", indent);
}

std::string number(const ChangeFigure& figure, double value, const Scale& scale) {
  return figure.whole ? grouped(static_cast<std::int64_t>(value)) : significant(value / scale.size);
}

std::string change_of(const ChangeFigure& figure, double before, double after, const Scale& scale) {
  if (before == after) return "0";
  return (after > before ? "+" : "") + number(figure, after - before, scale);
}

std::string share_of(double before, double after) {
  if (before == after) return "0 %";
  if (before == 0) return "";
  return (after > before ? "+" : "") + significant(100 * (after - before) / before) + " %";
}

Scale scale_of(const ChangeFigure& figure, const ChangeReport& report) {
  std::vector<double> values;
  for (const RowChange& row : report.rows) {
    for (const PageRow* one : {row.before, row.after}) values.push_back(figure_of(figure, one).value_or(0));
  }
  return common_scale(values, figure.scales);
}

std::string figure_line(const ChangeFigure& figure, const RowChange& row, const Scale& scale) {
  const auto before = figure_of(figure, row.before), after = figure_of(figure, row.after);
  if (!before && !after) return "";
  const auto text = [&](const std::optional<double>& value) { return value ? number(figure, *value, scale) : "-"; };
  const std::string unit = scale.unit.empty() ? "" : ", " + std::string(scale.unit);
  const bool both = before && after;
  return columns(fmt::format("  {}{}", figure.words, unit), text(before), text(after),
                 both ? change_of(figure, *before, *after, scale) : "", both ? share_of(*before, *after) : "");
}

/// What is to be said of a side that has no figures.
std::string refusal(const PageRow* row, const char* when, int width) {
  if (row == nullptr || !row->refused()) return "";
  return wrap(fmt::format("{}refused: {}", when, row->why), width, "  ", "    ");
}

std::string fit(const RowChange& row, const Style& style) {
  if (row.before == nullptr || row.after == nullptr || row.before->refused() || row.after->refused()) return "";
  if (row.before->fits == row.after->fits) return "";
  return row.after->fits ? "  " + style.good("fits now") + "\n"
                         : wrap("no longer fits: " + row.after->misfit, style.width, "  ", "    ");
}

std::string heading(const RowChange& row) {
  if (row.before == nullptr) return row.after->words + " (new)";
  if (row.after == nullptr) return row.before->words + " (gone)";
  return row.before->words == row.after->words ? row.after->words : row.before->words + " -> " + row.after->words;
}

std::string row_text(const RowChange& row, const ChangeReport& report, const Style& style) {
  std::string text = wrap(heading(row), style.width, "", "  ");
  text = style.strong(text.substr(0, text.size() - 1)) + "\n";
  const bool same = row.before != nullptr && row.after != nullptr && row.before->refused() && row.after->refused() &&
                    row.before->why == row.after->why;
  if (same) return text + refusal(row.after, "still ", style.width);
  text += refusal(row.before, "was ", style.width) + refusal(row.after, "now ", style.width);
  for (const ChangeFigure& figure : report.figures) text += figure_line(figure, row, scale_of(figure, report));
  return text + fit(row, style);
}

Json side_json(const ChangeReport::Side& side) {
  const PageFacts& facts = *side.facts;
  return {{"file", side.file},
          {"made_by", facts.version},
          {"command", facts.command},
          {"best", facts.best.empty() ? Json(nullptr) : Json(facts.best)},
          {"verdict", facts.verdict}};
}

Json row_side(const ChangeReport& report, const PageRow* row) {
  if (row == nullptr) return nullptr;
  Json json = {{"layout", row->words}, {"refused", nullptr}};
  if (row->refused()) {
    json["refused"] = {{"rule", row->rule}, {"why", row->why}};
    return json;
  }
  for (const ChangeFigure& figure : report.figures) {
    const auto value = figure.get(*row);
    json[std::string(figure.key)] = value ? Json(*value) : Json(nullptr);
  }
  json["memory.fits"] = row->fits;
  return json;
}

Json row_json(const ChangeReport& report, const RowChange& row) {
  Json change = Json::object();
  for (const ChangeFigure& figure : report.figures) {
    const auto before = figure_of(figure, row.before), after = figure_of(figure, row.after);
    if (!before || !after) continue;
    change[std::string(figure.key)] = {{"absolute", *after - *before},
                                       {"relative", *before == 0 ? Json(nullptr) : Json((*after - *before) / *before)}};
  }
  return {{"strategy", name(row.strategy)},
          {"before", row_side(report, row.before)},
          {"after", row_side(report, row.after)},
          {"change", change.empty() ? Json(nullptr) : change}};
}

Json input_json(const std::string& text) { return text.empty() ? Json(nullptr) : Json::parse(text); }

}  // namespace

std::string write_table(const ChangeReport& report, const Style& style) {
  std::string text = side("before: ", report.before, style.width) + side("after:  ", report.after, style.width) + "\n";
  text += inputs(report, style) + "\n" + verdicts(report, style) + "\n";
  text += columns("", "before", "after", "change", "");
  for (const RowChange& row : report.rows) text += row_text(row, report, style);
  return text;
}

std::string write_json(const ChangeReport& report) {
  Json json = {{"format_version", "1.0"}, {"before", side_json(report.before)}, {"after", side_json(report.after)}};
  json["inputs"] = Json::array();
  for (const InputChange& input : report.inputs)
    json["inputs"].push_back(
        {{"name", input.name}, {"before", input_json(input.before)}, {"after", input_json(input.after)}});
  json["rows"] = Json::array();
  for (const RowChange& row : report.rows) json["rows"].push_back(row_json(report, row));
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ithaca
