#include "cli/flow_writers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/csv_writer.hpp"
#include "cli/text.hpp"
#include "cli/version.hpp"

namespace ithaca {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kNumbersWidth = 38;  ///< of a line without its names

std::string cut(const std::string& name, std::size_t width) {
  return name.size() <= width ? name : name.substr(0, width - 3) + "...";
}

std::string busiest_name(const FlowCase& flows, const FlowRun& run) {
  const auto link = busiest_link(flows.system, run);
  return link ? flows.links[*link] : "-";
}

std::string busiest_share(const FlowCase& flows, const FlowRun& run) {
  const auto link = busiest_link(flows.system, run);
  return link ? fmt::format("{:.1f} %", 100 * utilisation(flows.system, run, *link)) : "-";
}

Json links_json(const FlowCase& flows, const FlowRun& run) {
  Json list = Json::array();
  for (std::size_t k = 0; k < flows.links.size(); ++k) {
    list.push_back({{"id", flows.links[k]},
                    {"carried_bytes", run.carried[k].value()},
                    {"utilisation", utilisation(flows.system, run, k)}});
  }
  return list;
}

Json case_json(const LoadedFlowCase& input, const FlowRun& run) {
  Json flows = Json::array();
  for (std::size_t f = 0; f < run.finish.size(); ++f) {
    flows.push_back({{"id", input.flow_ids[f]}, {"finish_s", run.finish[f].value()}});
  }
  return {{"name", input.flows.name},
          {"makespan_s", run.makespan.value()},
          {"events", run.events},
          {"flows", std::move(flows)},
          {"links", links_json(input.flows, run)}};
}

}  // namespace

std::optional<std::size_t> busiest_link(const FlowSystem& system, const FlowRun& run) {
  std::optional<std::size_t> busiest;
  for (std::size_t k = 0; k < system.capacity.size(); ++k) {
    if (!busiest || utilisation(system, run, k) > utilisation(system, run, *busiest)) busiest = k;
  }
  return busiest;
}

std::optional<double> difference_from_file(const LoadedFlowCase& input, const FlowRun& run) {
  std::optional<double> largest;
  for (std::size_t f = 0; f < run.finish.size(); ++f) {
    if (!input.finish[f]) continue;
    const double stated = input.finish[f]->value(), difference = std::abs(run.finish[f].value() - stated);
    largest = std::max(largest.value_or(0), difference == 0 ? 0 : difference / stated);
  }
  return largest;
}

std::string write_flow_table(const FlowReport& report, const Style& style) {
  std::vector<double> makespans;
  std::size_t name_width = 4, link_width = 12;
  for (std::size_t i = 0; i < report.runs.size(); ++i) {
    const FlowCase& flows = report.input.cases[i].flows;
    makespans.push_back(report.runs[i].makespan.value());
    name_width = std::max(name_width, flows.name.size());
    link_width = std::max(link_width, busiest_name(flows, report.runs[i]).size());
  }
  const Scale scale = common_scale(makespans, kSecondScales);
  const std::size_t room = static_cast<std::size_t>(style.width) - kNumbersWidth;
  link_width = std::min({link_width, room / 2, std::size_t{20}});
  name_width = std::min(name_width, room - link_width);
  std::string text = style.strong(fmt::format("{:<{}}{:>9}{:>16}  {:<{}}{:>11}", "case", name_width, "flows",
                                              fmt::format("makespan ({})", scale.unit), cut("busiest link", link_width),
                                              link_width, "its use")) +
                     "\n";
  for (std::size_t i = 0; i < report.runs.size(); ++i) {
    const FlowCase& flows = report.input.cases[i].flows;
    const FlowRun& run = report.runs[i];
    text += fmt::format("{:<{}}{:>9}{:>16}  {:<{}}{:>11}\n", cut(flows.name, name_width), name_width,
                        grouped(static_cast<std::int64_t>(run.finish.size())), significant(makespans[i] / scale.size),
                        cut(busiest_name(flows, run), link_width), link_width, busiest_share(flows, run));
  }
  for (std::size_t i = 0; i < report.runs.size(); ++i) {
    const auto difference = difference_from_file(report.input.cases[i], report.runs[i]);
    if (difference && *difference > 1e-9) {
      text += wrap(fmt::format("{}: finish times differ by up to {} of those in the file",
                               report.input.cases[i].flows.name, significant(*difference)),
                   style.width, "", "  ");
    }
  }
  return text;
}

std::string write_flow_json(const FlowReport& report) {
  Json json = {{"format_version", "1.0"},
               {"provenance",
                {{"version", version()}, {"git", git_revision()}, {"argv", report.argv}, {"file", report.input.file}}}};
  json["cases"] = Json::array();
  for (std::size_t i = 0; i < report.runs.size(); ++i) {
    json["cases"].push_back(case_json(report.input.cases[i], report.runs[i]));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string write_flow_csv(const FlowReport& report) {
  std::string text = "case,flow,finish_s\r\n";
  for (std::size_t i = 0; i < report.runs.size(); ++i) {
    const LoadedFlowCase& input = report.input.cases[i];
    for (std::size_t f = 0; f < input.flow_ids.size(); ++f) {
      text += fmt::format("{},{},{}\r\n", csv_cell(input.flows.name), csv_cell(input.flow_ids[f]),
                          report.runs[i].finish[f].value());
    }
  }
  return text;
}

}  // namespace ithaca
