#include "cli/collective_report.hpp"

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

double bus_factor(Op op, int size) {
  const double passed = (size - 1.0) / size;
  switch (op) {
    case Op::all_reduce: return 2 * passed;
    case Op::send_recv: return 1;
    case Op::all_gather:
    case Op::reduce_scatter:
    case Op::all_to_all: break;
  }
  return passed;
}

std::string algorithm_words(const CollectiveRow& row) {
  std::string words(name(row.algorithm));
  if (row.protocol) words += " " + std::string(name(*row.protocol));
  return words;
}

double ratio(const CollectiveRow& row) { return row.bound > Seconds{} ? row.time() / row.bound : 0; }

std::string micro(Seconds time) { return significant(time.value() * 1e6); }
std::string giga(BytesPerSecond rate) { return significant(rate.value() / 1e9); }

std::string write_head(const CollectiveReport& r, const Style& style) {
  std::string what = fmt::format("{} in groups of {}", name(r.op), r.group.size);
  if (r.group.stride > 1) what += fmt::format(", {} apart", r.group.stride);
  what += fmt::format(", on {} GPUs of {}", r.gpus, r.cluster);
  if (r.barrier) {
    what += "; rounds one by one, with barriers";
  } else if (r.step_by_step) {
    what += "; rounds one by one";
  }
  if (r.mtu) what += fmt::format("; packets of {}", exact(*r.mtu));
  return wrap(what, style.width, "", "  ") + wrap("network: " + r.network, style.width, "", "  ");
}

std::string write_rows(const CollectiveReport& r, const Style& style) {
  std::string text = style.strong(fmt::format("{:>10}  {:<14}{:>11}{:>11}{:>11}{:>11}{:>8}", "size", "algorithm",
                                              "time, us", "alg, GB/s", "bus, GB/s", "bound, us", "ratio")) +
                     "\n";
  for (const CollectiveRow& row : r.rows) {
    text += fmt::format("{:>10}  {:<14}{:>11}{:>11}{:>11}{:>11}{:>8}\n", print(row.size), algorithm_words(row),
                        micro(row.time()), giga(algorithm_bandwidth(row)), giga(bus_bandwidth(r, row)),
                        micro(row.bound), row.bound > Seconds{} ? times(ratio(row)) : "-");
  }
  return text;
}

std::string write_seeds(const CollectiveReport& r, const Style& style) {
  if (r.rows.empty() || r.rows[0].by_seed.size() < 2) return "";
  const std::string title = fmt::format("{} seeds, from {}", r.rows[0].by_seed.size(), r.first_seed);
  std::string text =
      "\n" + style.strong(fmt::format("{:<26}{:>11}{:>11}{:>11}", title, "median, us", "p95, us", "worst, us")) + "\n";
  for (const CollectiveRow& row : r.rows) {
    const SeedSpread s = spread_of_seeds(r.first_seed, row.by_seed);
    text += fmt::format("{:>10}{:16}{:>11}{:>11}{:>11}\n", print(row.size), "", micro(s.median.time), micro(s.p95.time),
                        micro(s.worst.time));
  }
  return text;
}

std::string write_busiest(const CollectiveReport& r, const Style& style) {
  if (r.rows.empty() || r.rows.back().busiest.empty()) return "";
  const CollectiveRow& row = r.rows.back();
  return "\n" + wrap(fmt::format("busiest link at {}: {}, {} on the wire, {:.1f} % busy", print(row.size), row.busiest,
                                 print(row.use.carried), 100 * row.use.utilisation),
                     style.width, "", "  ");
}

Json row_json(const CollectiveReport& r, const CollectiveRow& row) {
  const SeedSpread s = spread_of_seeds(r.first_seed, row.by_seed);
  Json times = Json::array();
  for (const Seconds time : row.by_seed) times.push_back(time.value());
  const auto maybe = [](bool there, auto value) { return there ? Json(value) : Json(nullptr); };
  return {
      {"size_bytes", row.size.value()},
      {"algorithm", name(row.algorithm)},
      {"protocol", row.protocol ? Json(name(*row.protocol)) : Json(nullptr)},
      {"time_s", s.median.time.value()},
      {"algbw_bytes_per_s", algorithm_bandwidth(row).value()},
      {"busbw_bytes_per_s", bus_bandwidth(r, row).value()},
      {"bound_s", row.bound.value()},
      {"ratio_to_bound", maybe(row.bound > Seconds{}, ratio(row))},
      {"closed_form_s", row.closed_form ? Json(row.closed_form->value()) : Json(nullptr)},
      {"seeds",
       {{"first", r.first_seed},
        {"time_s", std::move(times)},
        {"p95_s", s.p95.time.value()},
        {"worst_s", s.worst.time.value()}}},
      {"busiest_link", row.busiest.empty() ? Json(nullptr)
                                           : Json{{"name", row.busiest},
                                                  {"carried_bytes", row.use.carried.value()},
                                                  {"utilisation", row.use.utilisation}}},
      {"effort", {{"classes", row.classes}, {"flows", row.flows}, {"messages", row.messages}, {"events", row.events}}}};
}

}  // namespace

BytesPerSecond algorithm_bandwidth(const CollectiveRow& row) {
  return row.time() > Seconds{} ? row.size / row.time() : BytesPerSecond{};
}

BytesPerSecond bus_bandwidth(const CollectiveReport& report, const CollectiveRow& row) {
  return algorithm_bandwidth(row) * bus_factor(report.op, report.group.size);
}

std::string write_collective_table(const CollectiveReport& report, const Style& style) {
  return write_head(report, style) + "\n" + write_rows(report, style) + write_seeds(report, style) +
         write_busiest(report, style);
}

std::string write_collective_json(const CollectiveReport& r) {
  Json json = {{"format_version", "1.0"},
               {"provenance",
                {{"version", version()},
                 {"git", git_revision()},
                 {"argv", r.argv},
                 {"cluster_file", r.cluster_file},
                 {"cluster_source", r.cluster_source}}},
               {"notices", r.notices}};
  json["collective"] = {{"op", name(r.op)},
                        {"group", r.group.size},
                        {"stride", r.group.stride},
                        {"gpus", r.gpus},
                        {"cluster", r.cluster},
                        {"network", r.network},
                        {"step_by_step", r.step_by_step},
                        {"barrier", r.barrier},
                        {"mtu_bytes", r.mtu ? Json(r.mtu->value()) : Json(nullptr)}};
  json["rows"] = Json::array();
  for (const CollectiveRow& row : r.rows) json["rows"].push_back(row_json(r, row));
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string write_collective_csv(const CollectiveReport& r) {
  std::string text =
      "size_bytes,algorithm,protocol,time_s,p95_s,worst_s,algbw_bytes_per_s,busbw_bytes_per_s,bound_s,closed_form_s,"
      "busiest_link,busiest_link_utilisation\r\n";
  for (const CollectiveRow& row : r.rows) {
    const SeedSpread s = spread_of_seeds(r.first_seed, row.by_seed);
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\r\n", row.size.value(), name(row.algorithm),
                        row.protocol ? name(*row.protocol) : "", s.median.time.value(), s.p95.time.value(),
                        s.worst.time.value(), algorithm_bandwidth(row).value(), bus_bandwidth(r, row).value(),
                        row.bound.value(), row.closed_form ? fmt::format("{}", row.closed_form->value()) : "",
                        csv_cell(row.busiest), row.use.utilisation);
  }
  return text;
}

}  // namespace ithaca
