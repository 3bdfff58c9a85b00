#include "cli/trace_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/problem.hpp"
#include "cli/version.hpp"
#include "sim/lower_messages.hpp"
#include "sim/run_summary.hpp"

namespace ithaca {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostRouted = std::size_t{1} << 22;  ///< messages, for what links carry: a second or two
constexpr double kGrid = 8192;                             ///< per microsecond

/// Process 0 means the idle process to viewers: rank r is process r + 1, and links come behind all ranks.
std::uint32_t process_of(std::uint32_t rank) { return rank + 1; }
std::uint32_t link_process(const Trace& trace) { return trace.program.ranks + 1; }

double on_grid(Seconds time) { return std::round(time.value() * 1e6 * kGrid) / kGrid; }

std::string json_string(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

class EventList {
 public:
  explicit EventList(std::ostream& out) : out_(out) {}

  void name(std::uint32_t process, const std::string& text) {
    add(fmt::format(R"({{"ph":"M","name":"process_name","pid":{},"args":{{"name":{}}}}})", process, json_string(text)));
    add(fmt::format(R"({{"ph":"M","name":"process_sort_index","pid":{0},"args":{{"sort_index":{0}}}}})", process));
  }
  void label(std::uint32_t process, const std::string& text) {
    add(fmt::format(R"({{"ph":"M","name":"process_labels","pid":{},"args":{{"labels":{}}}}})", process,
                    json_string(text)));
  }
  void name_thread(std::uint32_t process, std::size_t thread, const std::string& text) {
    add(fmt::format(R"({{"ph":"M","name":"thread_name","pid":{},"tid":{},"args":{{"name":{}}}}})", process, thread,
                    json_string(text)));
  }
  /// `name` and `category` are quoted already.
  void slice(std::uint32_t process, std::size_t thread, double begin, double duration, const std::string& name,
             std::string_view category) {
    add(fmt::format(R"({{"ph":"X","pid":{},"tid":{},"ts":{},"dur":{},"name":{},"cat":"{}"}})", process, thread, begin,
                    duration, name, category));
  }
  void counter(std::uint32_t process, const std::string& name, std::string_view unit,
               const std::vector<TracePoint>& points) {
    for (const TracePoint& point : points) {
      add(fmt::format(R"({{"ph":"C","pid":{},"ts":{},"name":{},"args":{{"{}":{}}}}})", process, on_grid(point.time),
                      json_string(name), unit, std::isfinite(point.value) ? point.value : 0));
    }
  }

 private:
  void add(const std::string& event) {
    out_ << (first_ ? "\n" : ",\n") << event;
    first_ = false;
  }

  std::ostream& out_;
  bool first_ = true;
};

std::string_view category(Task::Kind kind) {
  switch (kind) {
    case Task::Kind::compute: return "compute";
    case Task::Kind::exchange: return "exchange";
    case Task::Kind::copy: return "copy";
    case Task::Kind::barrier: break;
  }
  return "barrier";
}

Seconds end_of(const Program& program, const ProgramRun& run, std::uint32_t rank) {
  Seconds end{};
  for (std::size_t t = 0; t < program.tasks.size(); ++t) end = max(end, run.span(program, rank, t).end);
  return end;
}

std::vector<std::uint32_t> sizes_of_classes(const ProgramRun& run) {
  std::vector<std::uint32_t> sizes(run.classes);
  for (const std::uint32_t c : run.class_of) ++sizes[c];
  return sizes;
}

/// "0-7,16": the ranks of each class, by class.
std::vector<std::string> members_of_classes(const ProgramRun& run) {
  std::vector<std::string> members(run.classes);
  for (std::uint32_t rank = 0; rank < run.class_of.size();) {
    std::uint32_t end = rank + 1;
    while (end < run.class_of.size() && run.class_of[end] == run.class_of[rank]) ++end;
    std::string& text = members[run.class_of[rank]];
    text += (text.empty() ? "" : ",") + std::to_string(rank) + (end == rank + 1 ? "" : "-" + std::to_string(end - 1));
    rank = end;
  }
  return members;
}

/// What the file says of itself: which ranks are shown, and for which others they stand.
std::string describe(const Trace& trace) {
  const std::vector<std::string> members = members_of_classes(trace.run);
  Json alike = Json::object();
  for (const std::uint32_t rank : trace.ranks) {
    alike["GPU " + std::to_string(rank)] = members[trace.run.class_of[rank]];
  }
  const Json json = {{"version", version()},         {"git", git_revision()},
                     {"argv", trace.argv},           {"makespan_s", trace.run.makespan.value()},
                     {"ranks", trace.program.ranks}, {"ranks_shown", trace.ranks.size()},
                     {"shown_for", std::move(alike)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void write_rank(EventList& events, const Trace& trace, std::uint32_t rank, std::uint32_t alike,
                const std::vector<std::string>& labels) {
  const std::uint32_t process = process_of(rank);
  events.name(process, "GPU " + std::to_string(rank));
  if (alike > 1) events.label(process, "one of " + std::to_string(alike) + " that do the same");
  for (std::size_t s = 0; s < trace.program.streams.size(); ++s) {
    events.name_thread(process, s + 1, trace.program.streams[s]);
  }
  const std::vector<Task>& tasks = trace.program.tasks;
  const std::uint32_t stage = trace.program.stage(rank);
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const ProgramRun::Span span = trace.run.span(trace.program, rank, t);
    const double begin = on_grid(span.begin), duration = on_grid(span.end) - begin;
    if (duration > 0) {
      events.slice(process, std::size_t{tasks[t].stream_of(stage)} + 1, begin, duration, labels[tasks[t].label],
                   category(tasks[t].kind));
    }
  }
  if (trace.memory) events.counter(process, "memory", "bytes", trace.memory(rank));
}

/// Begin of the first and end of the last of `ranks` that do the task; between two stages of those that send.
ProgramRun::Span widest_span(const Program& program, const ProgramRun& run, const std::vector<std::uint32_t>& ranks,
                             std::size_t task) {
  std::optional<ProgramRun::Span> widest;
  for (const std::uint32_t rank : ranks) {
    if (program.stage(rank) != program.tasks[task].stage) continue;
    const ProgramRun::Span span = run.span(program, rank, task);
    widest = widest ? ProgramRun::Span{min(widest->begin, span.begin), max(widest->end, span.end)} : span;
  }
  return widest.value_or(ProgramRun::Span{});
}

/// Rates that begin and end, as their sum from each time on.
std::vector<TracePoint> sum_of(std::vector<TracePoint> changes) {
  std::sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
  std::vector<TracePoint> sums;
  double sum = 0;
  for (const TracePoint& change : changes) {
    sum += change.value;
    if (sums.empty() || sums.back().time != change.time) sums.push_back({change.time, 0});
    sums.back().value = sum > 1e-9 ? sum : 0;
  }
  return sums;
}

/// Bytes on each of the links.
using BytesOnLinks = std::vector<double>;
/// By exchange and the stages from and to which it goes.
using BytesByExchange = std::map<std::array<std::uint32_t, 3>, BytesOnLinks>;

/// Of each exchange of the program; nothing where that are too many messages.
std::optional<BytesByExchange> bytes_by_exchange(const Program& program, const Router& router,
                                                 const std::vector<LinkUse>& links) {
  std::vector<std::size_t> place(router.fabric().links().size(), links.size());
  for (std::size_t i = 0; i < links.size(); ++i) place[links[i].link] = i;
  BytesByExchange bytes;
  std::size_t messages = 0;
  MessageReader reader(program.ranks, router);
  for (std::uint32_t e = 0; e < program.exchanges.size(); ++e) {
    for (std::uint32_t rank = 0; rank < program.ranks; ++rank) {
      if (messages > kMostRouted) return std::nullopt;
      const auto wrong = reader.read(program.exchanges[e], rank, [&](const WireFlow& flow) {
        BytesOnLinks& row = bytes[{e, program.stage(flow.from), program.stage(flow.to)}];
        row.resize(links.size() + 1);
        for (const std::uint32_t link : flow.route) row[place[link]] += flow.bytes;
      });
      if (wrong) return std::nullopt;
      messages += reader.messages();
    }
  }
  return bytes;
}

/// Of a task.
BytesOnLinks bytes_of(const BytesByExchange& bytes, const Task& task, std::size_t links) {
  BytesOnLinks sum(links);
  for (const std::uint32_t from : {task.stage, task.peer}) {
    for (const std::uint32_t to : {task.stage, task.peer}) {
      const auto found = bytes.find({task.exchange, from, to});
      for (std::size_t i = 0; found != bytes.end() && i < links; ++i) sum[i] += found->second[i];
    }
  }
  return sum;
}

}  // namespace

std::vector<std::uint32_t> ranks_to_show(const Program& program, const ProgramRun& run, std::size_t most) {
  std::vector<std::uint32_t> ranks;
  if (program.ranks <= most) {
    for (std::uint32_t rank = 0; rank < program.ranks; ++rank) ranks.push_back(rank);
    return ranks;
  }
  std::vector<bool> seen(run.classes);
  for (std::uint32_t rank = 0; rank < program.ranks; ++rank) {
    if (seen[run.class_of[rank]]) continue;
    seen[run.class_of[rank]] = true;
    ranks.push_back(rank);
  }
  if (ranks.size() <= most) return ranks;
  const auto last = std::max_element(ranks.begin(), ranks.end(), [&](std::uint32_t a, std::uint32_t b) {
    return end_of(program, run, a) < end_of(program, run, b);
  });
  if (last - ranks.begin() >= static_cast<std::ptrdiff_t>(most)) ranks[most - 1] = *last;
  ranks.resize(most);
  return ranks;
}

std::vector<Trace::Link> trace_links(const Program& program, const ProgramRun& run, const Router& router,
                                     std::size_t most) {
  const std::vector<LinkUse> busiest = busiest_links(router.fabric(), run, most);
  const auto bytes = bytes_by_exchange(program, router, busiest);
  if (!bytes) return {};
  const std::vector<std::uint32_t> members = run.members();
  std::vector<std::vector<TracePoint>> changes(busiest.size());
  for (std::size_t t = 0; t < program.tasks.size(); ++t) {
    if (program.tasks[t].kind != Task::Kind::exchange) continue;
    const ProgramRun::Span span = widest_span(program, run, members, t);
    if (!(span.end > span.begin)) continue;
    const BytesOnLinks on_links = bytes_of(*bytes, program.tasks[t], busiest.size());
    for (std::size_t i = 0; i < busiest.size(); ++i) {
      const Bytes carried{on_links[i]};
      const double use = carried / (span.end - span.begin) / router.fabric().links()[busiest[i].link].capacity;
      if (use == 0) continue;
      changes[i].push_back({span.begin, use});
      changes[i].push_back({span.end, -use});
    }
  }
  std::vector<Trace::Link> links;
  for (std::size_t i = 0; i < busiest.size(); ++i) {
    links.push_back({router.fabric().link_name(busiest[i].link), sum_of(std::move(changes[i]))});
  }
  return links;
}

void write_trace(std::ostream& out, const Trace& trace) {
  out << R"({"displayTimeUnit":"ns","otherData":)" << describe(trace) << R"(,"traceEvents":[)";
  EventList events(out);
  const std::vector<std::uint32_t> sizes = sizes_of_classes(trace.run);
  std::vector<std::string> labels;
  for (const std::string& label : trace.program.labels) labels.push_back(json_string(label));
  for (const std::uint32_t rank : trace.ranks) {
    write_rank(events, trace, rank, sizes[trace.run.class_of[rank]], labels);
  }
  if (!trace.links.empty()) events.name(link_process(trace), "links");
  for (const Trace::Link& link : trace.links) events.counter(link_process(trace), link.name, "share", link.use);
  out << "\n]}\n";
}

std::optional<Diagnostic> save_trace(const std::string& file, const Trace& trace) {
  std::ofstream out(file, std::ios::binary);
  if (out) write_trace(out, trace);
  out.close();
  if (out) return std::nullopt;
  return mistake("--trace " + file, std::string("cannot write: ") + std::strerror(errno),
                 "check the path, its permissions and the disk");
}

}  // namespace ithaca
