#include "cli/step_report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/csv_writer.hpp"
#include "cli/json_writer.hpp"
#include "cli/remarks.hpp"
#include "cli/table_parts.hpp"
#include "cli/table_writer.hpp"
#include "cli/text.hpp"
#include "sim/seeds.hpp"

namespace ithaca {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kStepLabelWidth = 44;
constexpr int kStepColumnWidth = 14;

std::string line(std::string_view label, std::initializer_list<std::string> cells) {
  std::string text = fmt::format("{:<{}}", label, kStepLabelWidth);
  for (const std::string& cell : cells) text += fmt::format("{:>{}}", cell, kStepColumnWidth);
  return text + "\n";
}

std::string heading(std::string_view label, std::initializer_list<std::string> cells, const Style& style) {
  const std::string text = line(label, cells);
  return style.strong(std::string_view(text).substr(0, text.size() - 1)) + "\n";
}

std::string order_words(const DimensionOrder& order) {
  std::string words;
  for (const Dimension d : order) words += (words.empty() ? "" : ", ") + std::string(name(d));
  return words;
}

std::string write_what(const StepReport& r, const Style& style) {
  const Row& row = r.job.rows[0];
  std::string text =
      wrap(fmt::format("layout: {}, ZeRO {}, {} of {} GPUs; order {}", row_words(row), row.layout.zero,
                       grouped(row.estimate->active_gpus), grouped(r.job.question.gpus), order_words(r.order)),
           style.width, "", "  ");
  return text + wrap("network: " + r.network, style.width, "", "  ");
}

std::string write_times(const StepReport& r, const Style& style) {
  const auto& [engine, closed] = std::tie(r.engine, r.closed_form);
  const double values[] = {engine.time.value()};
  const Scale scale = common_scale(values, kSecondScales);
  const auto seconds = [&](Seconds t) { return significant(t.value() / scale.size); };
  const auto both = [&](std::string_view label, Seconds StepReport::Times::*part) {
    return line(fmt::format("  {}, {}", label, scale.unit), {seconds(r.engine.*part), seconds(r.closed_form.*part)});
  };
  const std::string what = r.layer ? "One layer, forward and backward" : "One training step";
  std::string text =
      heading(r.steps > 1 ? fmt::format("{}, of {}", what, r.steps) : what, {"event engine", "closed form"}, style);
  text += both("time", &StepReport::Times::time);
  text += both(r.layer ? "compute" : "compute and optimizer", &StepReport::Times::compute);
  const bool bubble = !r.layer && r.job.rows[0].layout.pp > 1;
  text += both(bubble ? "exposed communication and bubble" : "exposed communication", &StepReport::Times::exposed);
  text += both("physical bound", &StepReport::Times::bound);
  text += line("  ratio to the bound", {ratio_cell(engine.time, engine.bound), ratio_cell(closed.time, closed.bound)});
  text += line("  engine over closed form", {times(engine.time / closed.time)});
  if (!r.layer) {
    text += line("  tokens/s", {significant(tokens_per_s(r, engine.time).value()),
                                significant(tokens_per_s(r, closed.time).value())});
  }
  return text;
}

std::string write_seeds(const StepReport& r, const Style& style) {
  if (r.by_seed.size() < 2) return "";
  const SeedSpread s = spread_of_seeds(r.first_seed, r.by_seed);
  const double values[] = {s.median.time.value()};
  const Scale scale = common_scale(values, kSecondScales);
  std::string text = "\n" + heading(fmt::format("{} seeds, from {}", r.by_seed.size(), r.first_seed),
                                    {fmt::format("time, {}", scale.unit), "seed"}, style);
  for (const auto& [label, at] : {std::pair{"median", s.median}, {"95th percentile", s.p95}, {"worst", s.worst}}) {
    text += line(fmt::format("  {}", label), {significant(at.time.value() / scale.size), fmt::format("{}", at.seed)});
  }
  return text;
}

std::string write_links(const StepReport& r, const Style& style) {
  if (r.links.empty()) return "";
  std::string text = "\n" + heading("Busiest links", {"carried, GiB", "use, %"}, style);
  for (const StepReport::Link& link : r.links) {
    text += line("  " + link.name, {significant(link.use.carried.value() / kByteScales[3].size),
                                    significant(100 * link.use.utilisation)});
  }
  return text;
}

std::string write_path(const StepReport& r, const Style& style) {
  const double values[] = {r.makespan.value()};
  const Scale scale = common_scale(values, kSecondScales);
  std::string text =
      "\n" + heading(fmt::format("Critical path, {} tasks", grouped(static_cast<std::int64_t>(r.path_tasks))),
                     {fmt::format("time, {}", scale.unit), "share, %"}, style);
  for (const StepReport::PathPart& part : r.path) {
    text += line("  " + part.label,
                 {significant(part.time.value() / scale.size), significant(100 * (part.time / r.makespan))});
  }
  return text;
}

std::string write_effort(const StepReport& r, const Style& style) {
  return "\n" +
         wrap(fmt::format("{} ranks in {} classes, {} tasks{}; {} flows for {} messages, {} events", grouped(r.ranks),
                          grouped(r.classes), grouped(static_cast<std::int64_t>(r.tasks)),
                          r.job.rows[0].layout.pp > 1 ? " in all stages" : " each",
                          grouped(static_cast<std::int64_t>(r.flows)), significant(r.messages), grouped(r.events)),
              style.width, "", "  ");
}

Json times_json(const StepReport::Times& t) {
  return {{"time_s", t.time.value()},
          {"compute_s", t.compute.value()},
          {"exposed_comm_s", t.exposed.value()},
          {"bound_s", t.bound.value()},
          {"ratio_to_bound", t.bound > Seconds{} ? Json(t.time / t.bound) : Json(nullptr)}};
}

Json seeds_json(const StepReport& r) {
  const SeedSpread s = spread_of_seeds(r.first_seed, r.by_seed);
  Json runs = Json::array();
  for (const Seconds time : r.by_seed) runs.push_back(time.value());
  return {{"first", r.first_seed},       {"time_s", std::move(runs)},       {"median_s", s.median.time.value()},
          {"p95_s", s.p95.time.value()}, {"worst_s", s.worst.time.value()}, {"worst_seed", s.worst.seed}};
}

Json simulation_json(const StepReport& r) {
  Json json = {{"what", r.layer ? "layer" : "step"},
               {"steps", r.steps},
               {"makespan_s", r.makespan.value()},
               {"network", r.network},
               {"order", Json::array()},
               {"healthy", r.healthy}};
  for (const Dimension d : r.order) json["order"].push_back(name(d));
  json["engine"] = times_json(r.engine);
  json["closed_form"] = times_json(r.closed_form);
  json["tokens_per_s"] = r.layer ? Json(nullptr) : Json(tokens_per_s(r, r.engine.time).value());
  json["seeds"] = seeds_json(r);
  json["links"] = Json::array();
  for (const StepReport::Link& link : r.links) {
    json["links"].push_back(
        {{"name", link.name}, {"carried_bytes", link.use.carried.value()}, {"utilisation", link.use.utilisation}});
  }
  json["critical_path"] = Json::array();
  for (const StepReport::PathPart& part : r.path) {
    json["critical_path"].push_back({{"label", part.label}, {"time_s", part.time.value()}});
  }
  json["effort"] = {{"ranks", r.ranks}, {"classes", r.classes},   {"tasks", r.tasks},
                    {"flows", r.flows}, {"messages", r.messages}, {"events", r.events}};
  return json;
}

}  // namespace

TokensPerSecond tokens_per_s(const StepReport& report, Seconds time) {
  const Workload& work = report.job.question.work;
  return Tokens{work.seq_len.count * work.global_batch} / time;
}

std::string write_step_table(const StepReport& report, const Style& style) {
  return write_heading(report.job, style) + write_what(report, style) + "\n" + write_times(report, style) +
         write_seeds(report, style) + write_links(report, style) + write_path(report, style) +
         write_effort(report, style);
}

std::string write_step_json(const StepReport& report) {
  Json json = Json::parse(write_json(report.job));
  for (const char* key : {"best", "verdict", "engine"}) json.erase(key);
  json["simulation"] = simulation_json(report);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string write_step_csv(const StepReport& report) {
  std::string text = "section,name,value,unit\r\n";
  const auto add = [&](std::string_view section, const std::string& what, double value, std::string_view unit) {
    text += fmt::format("{},{},{},{}\r\n", section, csv_cell(what), value, unit);
  };
  for (const auto& [section, t] : {std::pair{"engine", &report.engine}, {"closed_form", &report.closed_form}}) {
    add(section, "time", t->time.value(), "s");
    add(section, "compute", t->compute.value(), "s");
    add(section, "exposed_comm", t->exposed.value(), "s");
    add(section, "bound", t->bound.value(), "s");
    if (!report.layer) add(section, "tokens_per_s", tokens_per_s(report, t->time).value(), "tokens/s");
  }
  for (std::size_t i = 0; i < report.by_seed.size(); ++i) {
    add("seed", fmt::format("{}", report.first_seed + i), report.by_seed[i].value(), "s");
  }
  for (const StepReport::Link& link : report.links) add("link", link.name, link.use.utilisation, "share");
  for (const StepReport::PathPart& part : report.path) add("critical_path", part.label, part.time.value(), "s");
  return text;
}

}  // namespace ithaca
