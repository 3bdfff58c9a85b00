#include "cli/page_collective.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/chart_bars.hpp"
#include "cli/chart_lines.hpp"
#include "cli/markup.hpp"
#include "cli/page_charts.hpp"
#include "cli/page_writer.hpp"
#include "cli/saved_answer.hpp"
#include "cli/text.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

/// One size of a collective; SI base units.
struct SizeRow {
  double size = 0, time = 0, bus = 0, algorithm_rate = 0, bound = 0, worst = 0;
  std::optional<double> closed;
  std::string algorithm, busiest;
  double carried = 0, busy = 0;

  /// Bus bandwidth if it took `seconds`.
  double bus_at(double seconds) const { return seconds > 0 ? bus * time / seconds : 0; }
};

struct CollectiveAnswer {
  std::string title, network;
  std::vector<std::string> notices;
  std::size_t seeds = 1;
  std::vector<SizeRow> rows;
  PageFacts made_by;
};

SizeRow size_row(const nlohmann::json& json) {
  SizeRow row;
  row.size = number(json, "size_bytes");
  row.time = number(json, "time_s");
  row.bus = number(json, "busbw_bytes_per_s");
  row.algorithm_rate = number(json, "algbw_bytes_per_s");
  row.bound = number(json, "bound_s");
  row.worst = number(json.at("seeds"), "worst_s");
  if (!json.at("closed_form_s").is_null()) row.closed = number(json, "closed_form_s");
  row.algorithm = text(json, "algorithm");
  if (!json.at("protocol").is_null()) row.algorithm += " " + text(json, "protocol");
  const auto& link = json.at("busiest_link");
  if (link.is_null()) return row;
  row.busiest = text(link, "name");
  row.carried = number(link, "carried_bytes");
  row.busy = number(link, "utilisation");
  return row;
}

CollectiveAnswer collective_answer(const nlohmann::json& json) {
  const auto &asked = json.at("collective"), &made = json.at("provenance");
  CollectiveAnswer answer;
  answer.title = text(asked, "op") + " in groups of " + grouped(whole(asked, "group"));
  if (whole(asked, "stride") > 1) answer.title += ", " + grouped(whole(asked, "stride")) + " apart";
  answer.title += ", on " + grouped(whole(asked, "gpus")) + " GPUs of " + text(asked, "cluster");
  answer.network = text(asked, "network");
  answer.notices = json.at("notices").get<std::vector<std::string>>();
  for (const auto& row : json.at("rows")) answer.rows.push_back(size_row(row));
  if (answer.rows.empty()) throw Unexpected("it has no rows");
  answer.seeds = json.at("rows").front().at("seeds").at("time_s").size();
  std::stable_sort(answer.rows.begin(), answer.rows.end(),
                   [](const auto& a, const auto& b) { return a.size < b.size; });
  answer.made_by.command = command_of(made);
  answer.made_by.version = version_of(made);
  answer.made_by.inputs = {{text(asked, "cluster"), text(made, "cluster_file"), text(made, "cluster_source")}};
  return answer;
}

/// A curve over sizes; nothing where a size has none.
struct SizeCurve {
  std::string name;
  std::optional<double> (*seconds)(const SizeRow&);
};

std::vector<SizeCurve> curves_of(const CollectiveAnswer& answer) {
  std::vector<SizeCurve> curves{{"event engine", [](const SizeRow& r) { return std::optional(r.time); }},
                                {"what the links allow", [](const SizeRow& r) { return std::optional(r.bound); }}};
  const auto known = [](const SizeRow& row) { return row.closed.has_value(); };
  if (std::any_of(answer.rows.begin(), answer.rows.end(), known))
    curves.push_back({"closed form", [](const SizeRow& r) { return r.closed; }});
  if (answer.seeds > 1)
    curves.push_back({"worst of " + std::to_string(answer.seeds) + " seeds",
                      [](const SizeRow& r) { return std::optional(r.worst); }});
  return curves;
}

/// `y` of a row and a time.
std::string size_lines(const CollectiveAnswer& answer, LineUnit unit, const char* title, const char* label,
                       double (*y)(const SizeRow&, double), std::string (*words)(double)) {
  LineChart chart{title, "size, as nccl-tests counts it", label, {}, {}, {}, "", unit, {}};
  for (const SizeRow& row : answer.rows) {
    if (row.size <= 0 || (!chart.x_ticks.empty() && row.size == chart.x_ticks.back())) continue;
    chart.x_ticks.push_back(row.size);
    chart.x_words.push_back(exact(Bytes{row.size}));
  }
  for (const SizeCurve& curve : curves_of(answer)) {
    LineChart::Series series{curve.name, static_cast<int>(chart.series.size()), {}};
    for (const SizeRow& row : answer.rows) {
      const double value = y(row, curve.seconds(row).value_or(0));
      if (row.size > 0 && value > 0)
        series.points.push_back({row.size, value, print(Bytes{row.size}) + ": " + words(value)});
    }
    chart.series.push_back(std::move(series));
  }
  return write_lines(chart);
}

std::string one_size_bars(const CollectiveAnswer& answer) {
  const SizeRow& row = answer.rows.front();
  BarChart chart{"Time of " + print(Bytes{row.size}), "us", {"time"}, {}, false, {}, ""};
  for (const SizeCurve& curve : curves_of(answer)) {
    const auto seconds = curve.seconds(row);
    if (seconds) chart.bars.push_back({curve.name, print(Seconds{*seconds}), {1e6 * *seconds}});
  }
  return write_bars(chart);
}

std::string size_table(const CollectiveAnswer& answer) {
  std::vector<std::string> heading{"size", "algorithm", "alg, GB/s", "bus, GB/s", "ratio to the bound"};
  const std::vector<SizeCurve> curves = curves_of(answer);
  for (const SizeCurve& curve : curves) heading.push_back(curve.name + ", us");
  heading.insert(heading.end(), {"busiest link", "carries", "busy, %"});
  std::string rows = table_row(heading, true);
  for (const SizeRow& row : answer.rows) {
    std::vector<std::string> cells{figure(row.size, print(Bytes{row.size})), escaped(row.algorithm),
                                   figure(row.algorithm_rate, significant(row.algorithm_rate / 1e9)),
                                   figure(row.bus, significant(row.bus / 1e9)),
                                   row.bound > 0 ? times(row.time / row.bound) : "-"};
    for (const SizeCurve& curve : curves) {
      const auto seconds = curve.seconds(row);
      cells.push_back(seconds ? figure(*seconds, significant(1e6 * *seconds)) : "-");
    }
    cells.insert(cells.end(),
                 {row.busiest.empty() ? "-" : escaped(row.busiest), figure(row.carried, print(Bytes{row.carried})),
                  figure(row.busy, significant(100 * row.busy))});
    rows += table_row(cells);
  }
  return rows;
}

std::string verdict_of(const CollectiveAnswer& answer) {
  const SizeRow& row = answer.rows.back();
  std::string words = print(Bytes{row.size}) + " takes " + print(Seconds{row.time}) + ": " +
                      print(BytesPerSecond{row.bus}) + " of bus bandwidth";
  if (row.bound > 0) words += ", " + times(row.time / row.bound) + " the time that the links need at least";
  if (row.busiest.empty()) return words + ".";
  return words + ". The busiest link, " + row.busiest + ", is in use " + significant(100 * row.busy) +
         " % of the time.";
}

std::string collective_page(const CollectiveAnswer& answer) {
  std::string body = "<section id=\"verdict\">\n<h1>" + escaped(answer.title) +
                     "</h1>\n<p class=\"soft\">Network: " + escaped(answer.network) + "</p>\n<p class=\"lead\">" +
                     escaped(verdict_of(answer)) + "</p>\n";
  for (const std::string& notice : answer.notices) body += "<p>" + escaped(notice) + "</p>\n";
  body += "</section>\n<section id=\"figures\">\n<h2>Figures</h2>\n<div class=\"charts\">\n";
  const std::string table = size_table(answer);
  if (answer.rows.front().size == answer.rows.back().size) {
    body += page_figure("collective-time", "Time", "of " + print(Bytes{answer.rows.front().size}),
                        one_size_bars(answer), table);
  } else {
    body += page_figure("bandwidth", "Bus bandwidth by size", "as nccl-tests counts it; both axes logarithmic",
                        size_lines(
                            answer, LineUnit::rate, "Bus bandwidth against size, both axes logarithmic",
                            "bus bandwidth", [](const SizeRow& row, double seconds) { return row.bus_at(seconds); },
                            [](double value) { return print(BytesPerSecond{value}); }),
                        table) +
            page_figure("collective-time", "Time by size", "both axes logarithmic",
                        size_lines(
                            answer, LineUnit::seconds, "Time against size, both axes logarithmic", "time",
                            [](const SizeRow&, double seconds) { return seconds; },
                            [](double value) { return print(Seconds{value}); }),
                        table);
  }
  return page_of(answer.title, body + "</div>\n</section>\n", answer.made_by);
}

}  // namespace

Result<std::string, Diagnostics> write_collective_page(const std::string& file, const std::string& text) {
  std::string page;
  Diagnostics problems = try_reading(file, "'ithaca simulate collective --json'",
                                     "write one with 'ithaca simulate collective ... --json -o FILE'",
                                     [&] { page = collective_page(collective_answer(nlohmann::json::parse(text))); });
  if (!problems.empty()) return problems;
  return page;
}

}  // namespace ithaca
