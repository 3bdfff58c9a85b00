#include "cli/page_charts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/chart_bars.hpp"
#include "cli/chart_cells.hpp"
#include "cli/chart_lines.hpp"
#include "cli/markup.hpp"
#include "cli/remarks.hpp"
#include "cli/text.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

constexpr std::size_t kSeriesColors = 10;

std::string gib(double bytes) { return figure(bytes, significant(bytes / kGiB)); }
std::string seconds(double value) { return figure(value, significant(value)); }

double bytes_of(const PageRow& row, const std::string& term) {
  const auto same = [&](const PageTerm& t) { return t.name == term; };
  const auto found = std::find_if(row.terms.begin(), row.terms.end(), same);
  return found == row.terms.end() ? 0 : found->bytes;
}

/// Names of all rows' terms, in the order of the ledger.
std::vector<std::string> all_terms(const PageFacts& facts) {
  std::vector<std::string> names;
  for (const PageRow& row : facts.rows) {
    for (const PageTerm& term : row.terms) {
      if (std::find(names.begin(), names.end(), term.name) == names.end()) names.push_back(term.name);
    }
  }
  return names;
}

/// The terms that have a colour of their own: the largest anywhere, in the order of the ledger.
std::vector<std::string> drawn_terms(const PageFacts& facts) {
  std::vector<std::string> names = all_terms(facts);
  if (names.size() <= kSeriesColors) return names;
  const auto largest = [&](const std::string& term) {
    double most = 0;
    for (const PageRow& row : facts.rows) most = std::max(most, bytes_of(row, term));
    return most;
  };
  std::vector<std::string> by_size = names;
  std::stable_sort(by_size.begin(), by_size.end(),
                   [&](const auto& a, const auto& b) { return largest(a) > largest(b); });
  by_size.resize(kSeriesColors - 1);
  const auto small = [&](const std::string& term) {
    return std::find(by_size.begin(), by_size.end(), term) == by_size.end();
  };
  names.erase(std::remove_if(names.begin(), names.end(), small), names.end());
  return names;
}

std::string spaced(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

/// A line of a table: a cell for each row of the comparison that is not refused.
template <class Cell>
std::string line(const PageFacts& facts, std::string label, const Cell& cell) {
  std::vector<std::string> cells{std::move(label)};
  for (const PageRow& row : facts.rows) {
    if (!row.refused()) cells.push_back(cell(row));
  }
  return table_row(cells);
}

std::string memory_table(const PageFacts& facts) {
  std::string rows;
  std::vector<std::string> heading = heading_of(facts, "GiB of a GPU");
  heading.insert(heading.end(), {"formula", "source"});
  rows += table_row(heading, true);
  for (const std::string& name : all_terms(facts)) {
    std::vector<std::string> cells{escaped(spaced(name))};
    const PageTerm* any = nullptr;
    for (const PageRow& row : facts.rows) {
      if (!row.refused()) cells.push_back(gib(bytes_of(row, name)));
      for (const PageTerm& term : row.terms) {
        if (term.name == name && any == nullptr) any = &term;
      }
    }
    cells.insert(cells.end(), {escaped(any->formula), escaped(any->source)});
    rows += table_row(cells);
  }
  rows += line(facts, "peak", [](const PageRow& row) { return gib(row.peak_bytes); });
  rows += line(facts, "capacity", [](const PageRow& row) { return gib(row.capacity_bytes); });
  return rows + line(facts, "fits", [](const PageRow& row) {
           return row.fits ? std::string("yes") : "no" + (row.misfit.empty() ? "" : ": " + escaped(row.misfit));
         });
}

std::string time_table(const PageFacts& facts) {
  std::string rows = table_row(heading_of(facts, "seconds a step"), true);
  const std::pair<const char*, double PageRow::*> lines[] = {{"compute", &PageRow::compute_s},
                                                             {"exposed communication", &PageRow::exposed_s},
                                                             {"pipeline bubble", &PageRow::bubble_s},
                                                             {"optimizer", &PageRow::optimizer_s},
                                                             {"step", &PageRow::step_s},
                                                             {"all communication", &PageRow::comm_s},
                                                             {"physical bound", &PageRow::bound_s}};
  for (const auto& entry : lines) {
    const auto member = entry.second;
    rows += line(facts, entry.first, [member](const PageRow& row) { return seconds(row.*member); });
  }
  return rows + line(facts, "hidden communication", [](const PageRow& row) { return seconds(row.hidden_s()); });
}

std::vector<std::string> comm_cells(const CommCurve::Point& point) {
  const Row& row = point.row;
  if (row.refused) return {escaped(row_words(row)), std::to_string(point.gpus), "refused", escaped(why(*row.refused))};
  return {escaped(row_words(row)), std::to_string(point.gpus),
          figure(row.estimate->forward.sent.value(), print(row.estimate->forward.sent)),
          figure(row.estimate->paper_elements, significant(row.estimate->paper_elements))};
}

/// Why no strategy can be taken: the refusals, or how far the smallest is from fitting.
std::string why_none(const WinnerCell& cell) {
  const Row* closest = nullptr;
  for (const Row& row : cell.rows) {
    if (row.estimate && (closest == nullptr || row.estimate->memory.peak() < closest->estimate->memory.peak()))
      closest = &row;
  }
  if (closest != nullptr)
    return fmt::format("none fits; {} comes closest and needs {} of {} a GPU", row_words(*closest),
                       print(closest->estimate->memory.peak()), print(closest->estimate->memory.capacity));
  std::map<std::string, std::vector<std::string>> reasons;
  for (const Row& row : cell.rows) reasons[why(*row.refused)].emplace_back(name(row.strategy));
  std::string words = "all are refused.";
  for (const auto& [reason, strategies] : reasons) words += fmt::format(" {}: {}.", join_words(strategies), reason);
  return words;
}

std::string words_of(const WinnerCell& cell) {
  const std::string where = fmt::format("{} GPUs, {} tokens: ", grouped(cell.gpus), print(cell.seq_len));
  if (!cell.best) return where + why_none(cell);
  const Row& best = cell.rows[*cell.best];
  const Row* next = nullptr;
  for (const Row& row : cell.rows) {
    const bool fits = row.estimate && row.estimate->memory.fits();
    if (&row != &best && fits && (next == nullptr || row.estimate->step.time < next->estimate->step.time)) next = &row;
  }
  const std::string lead =
      next == nullptr ? "the only one that fits"
                      : fmt::format("{} faster than {}", times(next->estimate->step.time / best.estimate->step.time),
                                    row_words(*next));
  return where + fmt::format("{}, {} a step, {}; {} of {} a GPU{}", row_words(best), print(best.estimate->step.time),
                             lead, print(best.estimate->memory.peak()), print(best.estimate->memory.capacity),
                             best.idle_gpus > 0 ? fmt::format("; {} GPUs idle", best.idle_gpus) : "");
}

std::string winner_table(const WinnerMap& map) {
  std::string rows = table_row({"tokens", "GPUs", "take", "s a step", "in words"}, true);
  for (const WinnerCell& cell : map.cells) {
    const Row* best = cell.best ? &cell.rows[*cell.best] : nullptr;
    rows += table_row({print(cell.seq_len), grouped(cell.gpus), best ? escaped(name(best->strategy)) : "none",
                       best ? seconds(best->estimate->step.time.value()) : "", escaped(words_of(cell))});
  }
  return rows;
}

}  // namespace

std::string page_figure(std::string_view id, std::string_view caption, std::string_view note, const std::string& chart,
                        const std::string& rows) {
  return fmt::format(
      "<figure id=\"{}\">\n<figcaption>{}<span>{}</span></figcaption>\n{}<details><summary>The same as a "
      "table</summary>\n{}</details>\n</figure>\n",
      id, escaped(caption), escaped(note), chart, table(rows, caption));
}

std::vector<std::string> heading_of(const PageFacts& facts, std::string first) {
  std::vector<std::string> cells{std::move(first)};
  for (const PageRow& row : facts.rows) {
    if (!row.refused()) cells.push_back(escaped(row.words));
  }
  return cells;
}

std::string formula_of(Strategy strategy) {
  if (has_tensor(strategy)) return strategy == Strategy::megatron_sp ? " (4Nh)" : "";
  return strategy == Strategy::ulysses ? " (4Nh/P)" : "";
}

std::string letters_of(Strategy strategy) {
  switch (strategy) {
    case Strategy::ulysses: return "U";
    case Strategy::megatron_sp: return "M";
    case Strategy::ring: return "R";
    case Strategy::usp: return "USP";
    case Strategy::tensor_parallel: return "TP";
    case Strategy::cp_all_gather: return "AG";
    case Strategy::loongtrain: return "LT";
    case Strategy::fpdt: return "FP";
    case Strategy::ring_self_attention: break;
  }
  return "RSA";
}

std::string table_row(const std::vector<std::string>& cells, bool heading, std::string_view style) {
  std::string html = style.empty() ? "<tr>" : fmt::format("<tr class=\"{}\">", style);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool head = heading || i == 0;
    const bool wordy = cells[i].size() > 40 && cells[i].rfind("<data", 0) != 0;
    html += fmt::format("<{0}{1}{2}>{3}</{0}>", head ? "th" : "td",
                        heading ? " scope=\"col\""
                        : head  ? " scope=\"row\""
                                : "",
                        wordy ? " class=\"words\"" : "", cells[i]);
  }
  return html + "</tr>\n";
}

std::string table(const std::string& rows, std::string_view label) {
  return fmt::format(
      "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{}\"><table>\n{}</table></div>\n",
      escaped(label), rows);
}

std::string memory_figure(const PageFacts& facts) {
  const std::vector<std::string> names = drawn_terms(facts);
  const bool rest = names.size() < all_terms(facts).size();
  BarChart chart{"Memory of a GPU at its peak, stacked by term, for each strategy", "GiB", {}, {}, false, {}, ""};
  for (const std::string& name : names) chart.series.push_back(spaced(name));
  if (rest) chart.series.emplace_back("others");
  for (const PageRow& row : facts.rows) {
    BarChart::Bar bar{
        row.words,
        row.refused() ? "refused" : significant(row.peak_bytes / kGiB) + " GiB" + (row.fits ? "" : ", too much"),
        {}};
    double drawn = 0;
    for (std::size_t i = 0; i < names.size() && !row.refused(); ++i) {
      bar.values.push_back(bytes_of(row, names[i]) / kGiB);
      drawn += bar.values.back();
    }
    if (rest && !row.refused()) bar.values.push_back(std::max(0.0, row.peak_bytes / kGiB - drawn));
    if (!row.refused()) chart.limit = row.capacity_bytes / kGiB;
    chart.bars.push_back(std::move(bar));
  }
  if (chart.limit) chart.limit_label = fmt::format("capacity {} GiB", significant(*chart.limit));
  return page_figure("memory", "Memory of a GPU at its peak", "by term, against what the GPU has", write_bars(chart),
                     memory_table(facts));
}

std::string time_figure(const PageFacts& facts) {
  BarChart chart{"Time of a training step, split into its parts, for each strategy",
                 "s",
                 {"compute", "exposed communication", "pipeline bubble", "optimizer", "hidden communication"},
                 {},
                 true,
                 {},
                 ""};
  for (const PageRow& row : facts.rows) {
    chart.bars.push_back({row.words, row.refused() ? "refused" : significant(row.step_s) + " s", {}});
    if (!row.refused())
      chart.bars.back().values = {row.compute_s, row.exposed_s, row.bubble_s, row.optimizer_s, row.hidden_s()};
  }
  return page_figure("time", "Time of a training step", "hidden communication runs beside compute and adds nothing",
                     write_bars(chart), time_table(facts));
}

std::string comm_figure(const Question& question, const std::vector<CommCurve>& curves) {
  LineChart chart{
      "Bytes that a GPU sends in one layer's forward pass against the number of GPUs, both axes logarithmic",
      "GPUs that split the sequence",
      "sent by a GPU",
      {},
      {},
      {},
      "",
      LineUnit::bytes,
      {}};
  std::string rows = table_row({"strategy", "GPUs", "sent", "the papers' elements"}, true);
  for (const CommCurve& curve : curves) {
    LineChart::Series series{
        std::string(name(curve.strategy)) + formula_of(curve.strategy), static_cast<int>(curve.strategy), {}};
    for (const CommCurve::Point& point : curve.points) {
      rows += table_row(comm_cells(point));
      if (&curve == &curves.front()) chart.x_ticks.push_back(point.gpus);
      if (!point.row.estimate || point.row.estimate->forward.sent <= Bytes{}) continue;
      const Bytes sent = point.row.estimate->forward.sent;
      series.points.push_back({static_cast<double>(point.gpus), sent.value(),
                               fmt::format("{} GPUs, {}: {}", point.gpus, row_words(point.row), print(sent))});
    }
    chart.series.push_back(std::move(series));
  }
  if (chart.x_ticks.size() < 2) return "";
  chart.limit = static_cast<double>(question.model.heads);
  chart.limit_label = fmt::format("{} heads", question.model.heads);
  return page_figure("comm", "Communication of a layer against GPUs",
                     "forward, one micro-batch; lines end where a split is refused (heads, KV heads)",
                     write_lines(chart), rows);
}

std::string winner_figure(const Question& question, const WinnerMap& map) {
  CellChart chart{"Which strategy to take, by sequence length and GPUs",
                  "GPUs",
                  "tokens",
                  "Point at a cell, or move to it with Tab, for figures and reasons.",
                  {},
                  {},
                  {}};
  for (const int gpus : map.gpus) chart.columns.push_back(grouped(gpus));
  for (const Tokens length : map.lengths) chart.rows.push_back(print(length));
  for (const WinnerCell& cell : map.cells) {
    const Strategy taken = cell.best ? cell.rows[*cell.best].strategy : Strategy{};
    chart.cells.push_back({cell.best ? letters_of(taken) : "", static_cast<int>(taken), words_of(cell),
                           cell.gpus == question.gpus && cell.seq_len == question.work.seq_len});
  }
  std::string key = "<ul class=\"legend\">\n";
  for (const Strategy s : question.strategies)
    key += fmt::format(
        "<li><svg class=\"swatch\" viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect class=\"s{}\" width=\"10\" "
        "height=\"10\"/></svg>{} {}</li>\n",
        static_cast<int>(s), letters_of(s), name(s));
  key +=
      "<li><svg class=\"swatch\" viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect class=\"refused\" width=\"10\" "
      "height=\"10\"/></svg>none fits or all refused</li>\n</ul>\n";
  return page_figure(
      "winners", "Which strategy to take", "fastest that fits, by the closed form; the frame is the question itself",
      "<a class=\"skip\" href=\"#assumptions\">Skip the map</a>\n" + write_cells(chart) + key, winner_table(map));
}

}  // namespace ithaca
