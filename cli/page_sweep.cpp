#include "cli/page_sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/chart_bars.hpp"
#include "cli/chart_cells.hpp"
#include "cli/markup.hpp"
#include "cli/page_charts.hpp"
#include "cli/page_writer.hpp"
#include "cli/remarks.hpp"
#include "cli/saved_answer.hpp"
#include "cli/text.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

constexpr std::size_t kMostCells = 400;   // a map that can be read
constexpr std::size_t kMostLines = 5000;  // a table that a browser shows at once

using SweepJson = nlohmann::ordered_json;

struct SweepRow {
  std::vector<std::string> at;  ///< value of each axis
  Strategy strategy{};
  std::string words, why;             ///< `why` it is refused; empty if it is not
  double time_s = 0, peak_bytes = 0;  ///< of a step, or of the phase's pass
  std::optional<double> exposed_s, mfu, usd;
  bool fits = false;
};

struct SweepAnswer {
  std::vector<std::string> axes;
  std::string timed;  ///< what takes the time: "step", or of inference "first token"
  std::vector<SweepRow> rows;
  std::string command, version;
};

std::string as_text(const SweepJson& value) {
  return value.is_string() ? value.get<std::string>() : value.is_null() ? "" : value.dump();
}

/// Which member of a row has its time: "step", or of inference the phase.
std::string pass_key(const SweepJson& json) { return json.contains("phase") ? text(json, "phase") : "step"; }

SweepRow sweep_row(const SweepJson& json) {
  SweepRow row;
  for (const auto& [axis, value] : json.at("set").items()) row.at.push_back(as_text(value));
  const auto word = json.at("strategy").get<std::string>();
  const auto named = [&](Strategy s) { return name(s) == word; };
  const auto found = std::find_if(kAllStrategies.begin(), kAllStrategies.end(), named);
  if (found != kAllStrategies.end()) row.strategy = *found;
  row.words = word;
  const SweepJson& refused = json.at("refused");
  if (!refused.is_null()) {
    row.why = refused.at("rule").get<std::string>() + ": " + refused.at("why").get<std::string>();
    return row;
  }
  const SweepJson& layout = json.at("layout");
  Row laid;
  laid.strategy = laid.layout.strategy = row.strategy;
  for (const auto& [key, degree] : {std::pair{"tp", &Layout::tp},
                                    {"pp", &Layout::pp},
                                    {"dp", &Layout::dp},
                                    {"ulysses", &Layout::ulysses},
                                    {"ring", &Layout::ring}})
    laid.layout.*degree = layout.at(key).get<int>();
  row.words = row_words(laid);
  const std::string key = pass_key(json);
  const SweepJson& pass = json.at(key);
  if (pass.is_null()) {
    row.why = "it has no " + key;
    return row;
  }
  row.time_s = number(pass, key == "step"      ? "time_s"
                            : key == "prefill" ? "time_to_first_token_s"
                                               : "time_per_output_token_s");
  if (pass.contains("exposed_comm_s")) row.exposed_s = number(pass, "exposed_comm_s");
  if (pass.contains("mfu")) row.mfu = number(pass, "mfu");
  row.peak_bytes = json.at("memory").at("peak_bytes").get<double>();
  row.fits = json.at("memory").at("fits").get<bool>();
  const SweepJson& usd = json.at("usd_per_million_tokens");
  if (!usd.is_null()) row.usd = usd.get<double>();
  return row;
}

SweepAnswer sweep_answer(const SweepJson& json) {
  SweepAnswer answer;
  for (const SweepJson& row : json.at("rows")) {
    if (answer.axes.empty()) {
      for (const auto& [axis, value] : row.at("set").items()) answer.axes.push_back(axis);
    }
    answer.rows.push_back(sweep_row(row));
    const std::string key = pass_key(row);
    answer.timed = key == "prefill" ? "first token" : key == "decode" ? "further token" : "step";
  }
  answer.command = command_of(json.at("provenance"));
  answer.version = version_of(json.at("provenance"));
  return answer;
}

/// Values of an axis in the order in which they come.
std::vector<std::string> values_of(const SweepAnswer& answer, std::size_t axis) {
  std::vector<std::string> values;
  for (const SweepRow& row : answer.rows) {
    if (std::find(values.begin(), values.end(), row.at[axis]) == values.end()) values.push_back(row.at[axis]);
  }
  return values;
}

std::vector<std::size_t> varying(const SweepAnswer& answer) {
  std::vector<std::size_t> axes;
  for (std::size_t i = 0; i < answer.axes.size(); ++i) {
    if (values_of(answer, i).size() > 1) axes.push_back(i);
  }
  return axes;
}

/// The rows of one point, the fastest that fits in front.
std::vector<const SweepRow*> rows_at(const SweepAnswer& answer,
                                     const std::vector<std::pair<std::size_t, std::string>>& at) {
  std::vector<const SweepRow*> rows;
  for (const SweepRow& row : answer.rows) {
    const auto here = [&](const auto& one) { return row.at[one.first] == one.second; };
    if (std::all_of(at.begin(), at.end(), here)) rows.push_back(&row);
  }
  std::stable_sort(rows.begin(), rows.end(), [](const SweepRow* a, const SweepRow* b) {
    if (a->fits != b->fits) return a->fits;
    return a->fits && a->time_s < b->time_s;
  });
  return rows;
}

std::string point_words(const std::vector<const SweepRow*>& rows, const std::string& timed) {
  if (rows.empty()) return "not asked";
  const SweepRow& first = *rows.front();
  if (first.fits)
    return fmt::format("{}, {} a {}, {} a GPU", first.words, print(Seconds{first.time_s}), timed,
                       print(Bytes{first.peak_bytes}));
  std::string words = "none fits.";
  for (const SweepRow* row : rows)
    words +=
        fmt::format(" {}: {}.", row->words, row->why.empty() ? "needs " + print(Bytes{row->peak_bytes}) : row->why);
  return words;
}

std::string map_of(const SweepAnswer& answer, std::size_t down, std::size_t across) {
  CellChart chart{"The fastest strategy that fits, by " + answer.axes[down] + " and " + answer.axes[across],
                  answer.axes[across],
                  answer.axes[down],
                  "Point at a cell, or move to it with Tab, for figures and reasons.",
                  values_of(answer, across),
                  values_of(answer, down),
                  {}};
  for (const std::string& y : chart.rows) {
    for (const std::string& x : chart.columns) {
      const auto rows = rows_at(answer, {{down, y}, {across, x}});
      const bool stands = !rows.empty() && rows.front()->fits;
      chart.cells.push_back({stands ? letters_of(rows.front()->strategy) : "",
                             stands ? static_cast<int>(rows.front()->strategy) : 0,
                             fmt::format("{} {}, {} {}: {}", answer.axes[down], y, answer.axes[across], x,
                                         point_words(rows, answer.timed)),
                             false});
    }
  }
  std::string key = "<p class=\"soft\">";
  for (const Strategy s : kAllStrategies) {
    const auto has = [&](const SweepRow& row) { return row.strategy == s; };
    if (std::any_of(answer.rows.begin(), answer.rows.end(), has)) key += fmt::format("{} {}; ", letters_of(s), name(s));
  }
  return write_cells(chart) + key + "hatched: none fits</p>\n";
}

std::string bars_of(const SweepAnswer& answer, std::size_t axis) {
  BarChart chart{"Time of a " + answer.timed + " with the fastest strategy that fits, by " + answer.axes[axis],
                 "s",
                 {answer.timed},
                 {},
                 false,
                 {},
                 ""};
  for (const std::string& value : values_of(answer, axis)) {
    const auto rows = rows_at(answer, {{axis, value}});
    const bool stands = rows.front()->fits;
    BarChart::Bar bar{fmt::format("{}: {}", value, stands ? rows.front()->words : "none fits"),
                      stands ? significant(rows.front()->time_s) + " s" : "",
                      {}};
    if (stands) bar.values = {rows.front()->time_s};
    chart.bars.push_back(std::move(bar));
  }
  return write_bars(chart);
}

std::string sweep_table(const SweepAnswer& answer) {
  std::vector<std::string> heading;
  for (const std::string& axis : answer.axes) heading.push_back(escaped(axis));
  heading.insert(heading.end(), {"layout", answer.timed + ", s", "exposed, s", "MFU, %", "peak, GiB", "fits",
                                 "USD per 10^6 tokens", "refused"});
  std::string rows = table_row(heading, true);
  for (std::size_t i = 0; i < std::min(kMostLines, answer.rows.size()); ++i) {
    const SweepRow& row = answer.rows[i];
    std::vector<std::string> cells;
    for (const std::string& value : row.at) cells.push_back(escaped(value));
    cells.push_back(escaped(row.words));
    if (row.why.empty()) {
      const auto maybe = [](const std::optional<double>& value, double times) {
        return value ? figure(*value, significant(*value * times)) : std::string("-");
      };
      cells.insert(cells.end(), {maybe(row.time_s, 1), maybe(row.exposed_s, 1), maybe(row.mfu, 100),
                                 maybe(row.peak_bytes, 1 / kGiB), row.fits ? "yes" : "NO", maybe(row.usd, 1), ""});
    } else {
      cells.insert(cells.end(), {"", "", "", "", "", "", escaped(row.why)});
    }
    rows += table_row(cells);
  }
  return table(rows, "Every row of the sweep");
}

/// "Of 6 points, usp is fastest at 4, ulysses at 1 and none fits at 1."
std::string sweep_verdict(const SweepAnswer& answer) {
  std::map<std::vector<std::string>, const SweepRow*> points;
  for (const SweepRow& row : answer.rows) {
    const SweepRow*& best = points[row.at];
    if (row.fits && (best == nullptr || row.time_s < best->time_s)) best = &row;
  }
  std::map<Strategy, int> wins;
  int none = 0;
  for (const auto& [at, best] : points) ++(best == nullptr ? none : wins[best->strategy]);
  std::vector<std::pair<Strategy, int>> order(wins.begin(), wins.end());
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> words;
  words.reserve(order.size() + 1);
  for (const auto& [strategy, count] : order)
    words.push_back(fmt::format("{} {}at {}", name(strategy), words.empty() ? "is fastest " : "", count));
  if (none > 0) words.push_back(fmt::format("none fits at {}", none));
  return fmt::format("Of {} point{}, {}.", points.size(), points.size() == 1 ? "" : "s", join_words(words));
}

std::string sweep_page(const SweepAnswer& answer) {
  const std::vector<std::size_t> axes = varying(answer);
  const std::string title = fmt::format("A sweep over {}, {} rows", join_words(answer.axes),
                                        grouped(static_cast<std::int64_t>(answer.rows.size())));
  std::string chart;
  const auto size = [&](std::size_t axis) { return values_of(answer, axis).size(); };
  if (axes.size() == 2 && size(axes[0]) * size(axes[1]) <= kMostCells) chart = map_of(answer, axes[0], axes[1]);
  if (axes.size() == 1 && size(axes[0]) <= kMostCells / 10) chart = bars_of(answer, axes[0]);
  std::string body = "<section id=\"verdict\">\n<h1>" + escaped(title) + "</h1>\n<p class=\"lead\">" +
                     escaped(sweep_verdict(answer)) + "</p>\n</section>\n";
  if (!chart.empty())
    body += "<section id=\"figures\">\n<figure id=\"sweep\">\n<figcaption>The fastest that fits</figcaption>\n" +
            chart + "</figure>\n</section>\n";
  const bool cut = answer.rows.size() > kMostLines;
  body += fmt::format("<section id=\"summary\">\n<h2>{}</h2>\n",
                      cut ? fmt::format("The first {} rows; 'ithaca sweep --csv' has all", kMostLines) : "Every row") +
          sweep_table(answer) + "</section>\n";
  PageFacts made_by;
  made_by.version = answer.version;
  made_by.command = answer.command;
  return page_of(title, body, made_by);
}

}  // namespace

Result<std::string, Diagnostics> write_sweep_page(const std::string& file, const std::string& text) {
  std::string page;
  Diagnostics problems = try_reading(
      file, "'ithaca sweep --json'", "write one with 'ithaca sweep ... --json -o FILE', without --columns", [&] {
        const SweepAnswer answer = sweep_answer(SweepJson::parse(text));
        const auto complete = [&](const SweepRow& row) { return row.at.size() == answer.axes.size(); };
        if (answer.rows.empty()) throw Unexpected("it has no rows");
        if (!std::all_of(answer.rows.begin(), answer.rows.end(), complete)) throw Unexpected("a row lacks an axis");
        page = sweep_page(answer);
      });
  if (!problems.empty()) return problems;
  return page;
}

}  // namespace ithaca
