#include "cli/page_flows.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/chart_bars.hpp"
#include "cli/markup.hpp"
#include "cli/page_charts.hpp"
#include "cli/page_writer.hpp"
#include "cli/saved_answer.hpp"
#include "cli/text.hpp"
#include "model/units.hpp"

namespace ithaca {
namespace {

constexpr std::size_t kMostCasesDrawn = 8, kMostBarsDrawn = 24;
constexpr std::size_t kMostRowsShown = 2000;  // of a table

/// A flow or a link: its name, and its finish or the share of its capacity that was in use.
struct FlowItem {
  std::string name;
  double value = 0, carried = 0;
};

struct CaseAnswer {
  std::string name;
  double makespan = 0;
  std::vector<FlowItem> flows, links;  ///< the last and the busiest first
};

struct FlowsAnswer {
  std::vector<CaseAnswer> cases;
  PageFacts made_by;
};

void largest_first(std::vector<FlowItem>& items) {
  std::stable_sort(items.begin(), items.end(), [](const FlowItem& a, const FlowItem& b) { return a.value > b.value; });
}

FlowsAnswer flows_answer(const nlohmann::json& json) {
  FlowsAnswer answer;
  for (const auto& one : json.at("cases")) {
    CaseAnswer& made = answer.cases.emplace_back();
    made.name = text(one, "name");
    made.makespan = number(one, "makespan_s");
    for (const auto& flow : one.at("flows")) made.flows.push_back({text(flow, "id"), number(flow, "finish_s"), 0});
    for (const auto& link : one.at("links"))
      made.links.push_back({text(link, "id"), number(link, "utilisation"), number(link, "carried_bytes")});
    largest_first(made.flows);
    largest_first(made.links);
  }
  if (answer.cases.empty()) throw Unexpected("it has no cases");
  std::stable_sort(answer.cases.begin(), answer.cases.end(),
                   [](const auto& a, const auto& b) { return a.makespan > b.makespan; });
  const auto& made = json.at("provenance");
  answer.made_by.command = command_of(made);
  answer.made_by.version = version_of(made);
  answer.made_by.inputs = {{"flows", text(made, "file"), "as given"}};
  return answer;
}

/// What is left out of a chart or a table, for its caption.
std::string cut_words(std::size_t all, std::size_t shown, const char* what) {
  return all <= shown ? ""
                      : "; the first " + std::to_string(shown) + " of " + grouped(static_cast<std::int64_t>(all)) +
                            " " + what + " are drawn";
}

/// Bars of the first items and a table of all; `scale` turns values into the unit.
std::string item_bars(const std::vector<FlowItem>& items, std::string title, const char* series, const Scale& scale) {
  BarChart chart{std::move(title), std::string(scale.unit), {series}, {}, false, {}, ""};
  for (std::size_t i = 0; i < std::min(kMostBarsDrawn, items.size()); ++i) {
    const double value = items[i].value / scale.size;
    chart.bars.push_back({items[i].name, significant(value) + " " + chart.unit, {value}});
  }
  return write_bars(chart);
}

std::string finish_figure(const CaseAnswer& one, const std::string& id) {
  const Scale scale = common_scale({&one.makespan, 1}, kSecondScales);
  std::string rows = table_row({"flow", "finishes, " + std::string(scale.unit)}, true);
  for (std::size_t i = 0; i < std::min(kMostRowsShown, one.flows.size()); ++i)
    rows += table_row(
        {escaped(one.flows[i].name), figure(one.flows[i].value, significant(one.flows[i].value / scale.size))});
  return page_figure(id + "-flows", "When each flow finishes",
                     "the last first" + cut_words(one.flows.size(), kMostBarsDrawn, "flows"),
                     item_bars(one.flows, "When each flow of " + one.name + " finishes", "finish", scale), rows);
}

std::string link_figure(const CaseAnswer& one, const std::string& id) {
  std::string rows = table_row({"link", "carried", "of what it could have, %"}, true);
  for (std::size_t i = 0; i < std::min(kMostRowsShown, one.links.size()); ++i) {
    const FlowItem& link = one.links[i];
    rows += table_row({escaped(link.name), figure(link.carried, print(Bytes{link.carried})),
                       figure(link.value, significant(100 * link.value))});
  }
  return page_figure(
      id + "-links", "How busy each link was",
      "of what it could have carried until the last flow ends" + cut_words(one.links.size(), kMostBarsDrawn, "links"),
      item_bars(one.links, "How busy each link of " + one.name + " was", "in use", {"%", 0.01}), rows);
}

std::string cases_table(const FlowsAnswer& answer) {
  std::string rows = table_row({"case", "flows", "the last finishes, s", "busiest link", "in use, %"}, true);
  for (std::size_t i = 0; i < std::min(kMostRowsShown, answer.cases.size()); ++i) {
    const CaseAnswer& one = answer.cases[i];
    rows += table_row(
        {escaped(one.name), grouped(static_cast<std::int64_t>(one.flows.size())),
         figure(one.makespan, significant(one.makespan)), one.links.empty() ? "-" : escaped(one.links.front().name),
         one.links.empty() ? "-" : figure(one.links.front().value, significant(100 * one.links.front().value))});
  }
  return rows;
}

std::string flows_verdict(const CaseAnswer& one) {
  if (one.flows.empty()) return one.name + " has no flows.";
  std::string words = "The last flow" + std::string(one.name.empty() ? "" : " of " + one.name) + ", " +
                      one.flows.front().name + ", finishes after " + print(Seconds{one.makespan});
  if (one.links.empty()) return words + ".";
  return words + "; the busiest link, " + one.links.front().name + ", is in use " +
         significant(100 * one.links.front().value) + " % of that time.";
}

std::string flows_page(const FlowsAnswer& answer) {
  const std::size_t drawn = std::min(kMostCasesDrawn, answer.cases.size());
  const std::string title = answer.cases.size() == 1
                                ? "Flows of " + answer.cases.front().name
                                : "Flows of " + grouped(static_cast<std::int64_t>(answer.cases.size())) + " cases";
  std::string body = "<section id=\"verdict\">\n<h1>" + escaped(title) + "</h1>\n<p class=\"lead\">" +
                     escaped(flows_verdict(answer.cases.front())) +
                     "</p>\n</section>\n<section id=\"summary\">\n<h2>Cases, the longest first</h2>\n" +
                     table(cases_table(answer), "Cases") + "</section>\n<section id=\"figures\">\n";
  for (std::size_t i = 0; i < drawn; ++i) {
    const CaseAnswer& one = answer.cases[i];
    if (one.flows.empty()) continue;
    const std::string id = "case-" + std::to_string(i + 1);
    body += "<h2>" + escaped(one.name) + "</h2>\n<div class=\"charts\">\n" + finish_figure(one, id) +
            (one.links.empty() ? "" : link_figure(one, id)) + "</div>\n";
  }
  if (drawn < answer.cases.size())
    body += "<p class=\"soft\">The " + std::to_string(drawn) +
            " longest cases are drawn; 'ithaca simulate flows --csv' has all.</p>\n";
  return page_of(title, body + "</section>\n", answer.made_by);
}

}  // namespace

Result<std::string, Diagnostics> write_flows_page(const std::string& file, const std::string& text) {
  std::string page;
  Diagnostics problems =
      try_reading(file, "'ithaca simulate flows --json'", "write one with 'ithaca simulate flows FILE --json -o FILE'",
                  [&] { page = flows_page(flows_answer(nlohmann::json::parse(text))); });
  if (!problems.empty()) return problems;
  return page;
}

}  // namespace ithaca
