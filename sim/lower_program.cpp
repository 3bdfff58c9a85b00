#include "sim/lower_program.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "sim/mix.hpp"

namespace ithaca {
namespace {

/// The tasks that a task waits for, each once.
std::vector<std::uint32_t> waits_for(const Program& program, const std::vector<std::uint32_t>& before,
                                     std::uint32_t t) {
  const auto row = program.after[t];
  std::vector<std::uint32_t> tasks(row.begin(), row.end());
  if (before[t] != t) tasks.push_back(before[t]);
  std::sort(tasks.begin(), tasks.end());
  tasks.erase(std::unique(tasks.begin(), tasks.end()), tasks.end());
  return tasks;
}

/// By task: the one before it in its stream; itself if there is none.
std::vector<std::uint32_t> before_in_stream(const Program& program) {
  std::vector<std::uint32_t> before(program.tasks.size());
  std::vector<std::optional<std::uint32_t>> last(program.streams.size());
  for (std::uint32_t t = 0; t < program.tasks.size(); ++t) {
    auto& stream = last[program.tasks[t].stream];
    before[t] = stream.value_or(t);
    stream = t;
  }
  return before;
}

/// A log-normal factor of mean 1, by task and rank.
double jitter_factor(const Slowdown& slowdown, std::uint32_t task, std::uint32_t rank) {
  if (slowdown.jitter == 0) return 1;
  const std::uint64_t key = mix(mix(slowdown.seed) ^ (std::uint64_t{task} << 32 | rank));
  const double u = unit(mix(key)), v = unit(mix(key + 1));
  const double normal = std::sqrt(-2 * std::log1p(-u)) * std::cos(2 * std::numbers::pi * v);
  const double variance = std::log1p(slowdown.jitter * slowdown.jitter);
  return std::exp(std::sqrt(variance) * normal - variance / 2);
}

/// By class of ranks: the classes of messages that it sends or receives.
IndexRows messages_by_end(const MessageClasses& messages, std::size_t ranks) {
  IndexRows rows;
  std::vector<std::uint32_t> begin(ranks + 1, 0);
  const auto each_end = [&](auto&& use) {
    for (std::uint32_t m = 0; m < messages.size(); ++m) {
      use(messages.from[m], m);
      if (messages.to[m] != messages.from[m]) use(messages.to[m], m);
    }
  };
  each_end([&](std::uint32_t end, std::uint32_t) { ++begin[end + 1]; });
  for (std::size_t c = 0; c < ranks; ++c) begin[c + 1] += begin[c];
  rows.items.resize(begin.back());
  rows.begin = begin;
  each_end([&](std::uint32_t end, std::uint32_t m) { rows.items[begin[end]++] = m; });
  return rows;
}

/// Those that come together: by class of ranks its meeting, by meeting the classes, the lowest first.
struct Meetings {
  std::vector<std::uint32_t> of_class;
  IndexRows classes;
};

Meetings meetings_of(const Exchange& exchange, const ProgramClasses& classes) {
  Meetings meetings;
  if (!exchange.together) return meetings;
  const std::vector<std::uint32_t> lowest = lowest_met(exchange, classes.class_of_rank);
  std::vector<std::vector<std::uint32_t>> come;
  for (std::uint32_t c = 0; c < classes.rank.size(); ++c) {
    const std::uint32_t first = lowest[classes.rank[c]];
    if (first == c) come.emplace_back();
    meetings.of_class.push_back(first == c ? static_cast<std::uint32_t>(come.size() - 1) : meetings.of_class[first]);
    come[meetings.of_class[c]].push_back(c);
  }
  for (const auto& all : come) meetings.classes.add(all);
  return meetings;
}

class Lowering {
 public:
  Lowering(const Program& program, const ProgramClasses& classes, const Router& router, const Slowdown& slowdown)
      : program_(program),
        classes_(classes),
        slowdown_(slowdown),
        ranks_(static_cast<std::uint32_t>(classes.rank.size())),
        before_(before_in_stream(program)) {
    for (const std::uint32_t k : classes.link) system_.capacity.push_back(router.fabric().links()[k].capacity);
    for (const MessageClasses& messages : classes.exchanges) {
      by_end_.push_back(messages_by_end(messages, messages.size() == 0 ? 0 : ranks_));
      has_usage_ |= !messages.usage.empty();
    }
    const std::vector<bool> used = used_exchanges(program);
    meetings_.resize(program.exchanges.size());
    for (std::size_t e = 0; e < meetings_.size(); ++e) {
      if (used[e]) meetings_[e] = meetings_of(program.exchanges[e], classes);
    }
  }

  LoweredProgram lower() {
    for (std::uint32_t t = 0; t < program_.tasks.size(); ++t) {
      waits_ = waits_for(program_, before_, t);
      switch (program_.tasks[t].kind) {
        case Task::Kind::compute: compute(t); break;
        case Task::Kind::exchange: exchange(t); break;
        case Task::Kind::barrier: barrier(); break;
      }
    }
    return {std::move(system_), std::move(done_)};
  }

 private:
  std::uint32_t flows() const { return static_cast<std::uint32_t>(system_.size.size()); }
  /// The flow that ends a task for a class.
  std::uint32_t done(std::uint32_t task, std::uint32_t c) const {
    return done_[task] + (program_.tasks[task].kind == Task::Kind::barrier ? 0 : c);
  }

  /// Adds a flow that waits for `row_`.
  void add(double bytes, double delay) {
    system_.size.push_back(Bytes{bytes});
    system_.delay.push_back(Seconds{delay});
    system_.after.add(row_);
  }
  void add_without_links(double delay) {
    add(0, delay);
    system_.route.add({});
  }
  void wait_for_tasks(std::uint32_t c) {
    for (const std::uint32_t t : waits_) row_.push_back(done(t, c));
  }

  void compute(std::uint32_t t) {
    const Task& task = program_.tasks[t];
    done_.push_back(flows());
    for (std::uint32_t c = 0; c < ranks_; ++c) {
      const std::uint32_t rank = classes_.rank[c];
      double duration = task.duration.value() * jitter_factor(slowdown_, t, rank);
      if (task.load != Task::kEvenLoad) duration *= program_.loads[task.load][rank];
      if (!slowdown_.gpu.empty()) duration *= slowdown_.gpu[rank];
      row_.clear();
      wait_for_tasks(c);
      add_without_links(duration);
    }
  }

  void barrier() {
    row_.clear();
    for (std::uint32_t c = 0; c < ranks_; ++c) wait_for_tasks(c);
    std::sort(row_.begin(), row_.end());
    row_.erase(std::unique(row_.begin(), row_.end()), row_.end());
    done_.push_back(flows());
    add_without_links(0);
  }

  /// Adds flows that end when a class has come to the task, where no single flow tells that.
  void add_arrivals() {
    come_.clear();
    for (std::uint32_t c = 0; c < ranks_; ++c) {
      row_.clear();
      wait_for_tasks(c);
      if (row_.size() == 1) come_.push_back(row_.front());
      if (row_.size() < 2) continue;
      come_.push_back(flows());
      add_without_links(0);
    }
  }

  /// Whoever has come waits for the others of its meeting.
  void add_meetings(const Meetings& meetings) {
    if (come_.empty()) return;
    std::vector<std::uint32_t> all_come;
    for (std::size_t m = 0; m < meetings.classes.size(); ++m) {
      row_.clear();
      for (const std::uint32_t c : meetings.classes[m]) row_.push_back(come_[c]);
      std::sort(row_.begin(), row_.end());
      row_.erase(std::unique(row_.begin(), row_.end()), row_.end());
      all_come.push_back(row_.size() == 1 ? row_.front() : flows());
      if (row_.size() > 1) add_without_links(0);
    }
    for (std::uint32_t c = 0; c < meetings.of_class.size(); ++c) come_[c] = all_come[meetings.of_class[c]];
  }

  void exchange(std::uint32_t t) {
    const MessageClasses& messages = classes_.exchanges[program_.tasks[t].exchange];
    const Meetings& meetings = meetings_[program_.tasks[t].exchange];
    add_arrivals();
    add_meetings(meetings);
    const std::uint32_t first = flows();
    for (std::uint32_t m = 0; m < messages.size(); ++m) add_messages(messages, m);
    if (!meetings.of_class.empty()) return part(t, meetings, first);
    done_.push_back(flows());
    for (std::uint32_t c = 0; c < ranks_; ++c) {
      wait_for_messages(t, c, first);
      add_without_links(0);
    }
  }

  /// Those who came together go when all of their messages have arrived.
  void part(std::uint32_t t, const Meetings& meetings, std::uint32_t first) {
    const std::uint32_t parted = flows();
    for (std::size_t m = 0; m < meetings.classes.size(); ++m) {
      wait_for_messages(t, meetings.classes[m].front(), first);
      add_without_links(0);
    }
    done_.push_back(flows());
    for (std::uint32_t c = 0; c < ranks_; ++c) {
      row_.assign(1, parted + meetings.of_class[c]);
      add_without_links(0);
    }
  }

  /// Makes `row_` the messages that a class sends or receives, of those that begin at flow `first`, or its arrival.
  void wait_for_messages(std::uint32_t t, std::uint32_t c, std::uint32_t first) {
    const std::uint32_t exchange = program_.tasks[t].exchange;
    row_.clear();
    if (classes_.exchanges[exchange].size() > 0) {
      for (const std::uint32_t m : by_end_[exchange][c]) row_.push_back(first + m);
    }
    if (row_.empty() && !come_.empty()) row_.push_back(come_[c]);
  }

  void add_messages(const MessageClasses& messages, std::uint32_t m) {
    const std::uint32_t from = messages.from[m], to = messages.to[m];
    row_.clear();
    if (!come_.empty()) row_.push_back(come_[from]);
    if (!come_.empty() && come_[to] != come_[from]) row_.push_back(come_[to]);
    add(messages.bytes[m], messages.delay[m]);
    system_.route.add(messages.route[m]);
    if (!has_usage_) return;
    for (std::uint32_t i = messages.route.begin[m]; i < messages.route.begin[m + 1]; ++i)
      system_.usage.push_back(messages.usage.empty() ? 1 : messages.usage[i]);
  }

  const Program& program_;
  const ProgramClasses& classes_;
  const Slowdown& slowdown_;
  std::uint32_t ranks_;
  bool has_usage_ = false;
  std::vector<std::uint32_t> before_;
  std::vector<IndexRows> by_end_;   ///< by exchange
  std::vector<Meetings> meetings_;  ///< by exchange
  FlowSystem system_;
  std::vector<std::uint32_t> done_;
  std::vector<std::uint32_t> waits_;  ///< of the task that is lowered
  std::vector<std::uint32_t> come_;   ///< by class: the flow that brings it to the task; empty: all are there at once
  std::vector<std::uint32_t> row_;
};

}  // namespace

LoweredProgram lower(const Program& program, const ProgramClasses& classes, const Router& router,
                     const Slowdown& slowdown) {
  return Lowering(program, classes, router, slowdown).lower();
}

std::vector<ProgramRun::Span> read_spans(const Program& program, const ProgramClasses& classes,
                                         const LoweredProgram& lowered, const FlowRun& run) {
  const std::vector<std::uint32_t> before = before_in_stream(program);
  const std::size_t tasks = program.tasks.size(), ranks = classes.rank.size();
  std::vector<ProgramRun::Span> spans(tasks * ranks);
  for (std::uint32_t t = 0; t < tasks; ++t) {
    const std::vector<std::uint32_t> waits = waits_for(program, before, t);
    const std::size_t step = program.tasks[t].kind == Task::Kind::barrier ? 0 : 1;
    for (std::size_t c = 0; c < ranks; ++c) {
      ProgramRun::Span& span = spans[c * tasks + t];
      for (const std::uint32_t other : waits) span.begin = max(span.begin, spans[c * tasks + other].end);
      span.end = run.finish[lowered.done[t] + step * c];
    }
  }
  return spans;
}

/// Bytes: a flow takes 90 in the system and the engine and 36 in its exchange; a link that it crosses 40; a flow that
/// it waits for 8.
ProgramSize size_of(const Program& program, double rank_classes, const std::vector<ExchangeSize>& exchanges) {
  const std::vector<std::uint32_t> before = before_in_stream(program);
  ProgramSize size;
  double crossings = 0, waits = 0;
  for (std::uint32_t t = 0; t < program.tasks.size(); ++t) {
    const Task& task = program.tasks[t];
    const auto others = static_cast<double>(waits_for(program, before, t).size());
    waits += others * rank_classes;
    size.flows += task.kind == Task::Kind::barrier ? 1 : rank_classes;
    if (task.kind != Task::Kind::exchange) continue;
    const ExchangeSize& exchange = exchanges[task.exchange];
    size.flows += exchange.flows + (others > 1 ? rank_classes : 0);
    crossings += exchange.crossings;
    waits += exchange.flows * (others > 0 ? 4 : 2);
    if (!program.exchanges[task.exchange].together || others == 0) continue;
    size.flows += 2 * rank_classes;  // a meeting each, at most, and its end
    waits += 2 * rank_classes;
  }
  size.rows = std::max(crossings, waits);
  size.bytes = 126 * size.flows + 40 * crossings + 8 * waits +
               rank_classes * static_cast<double>(program.tasks.size() * sizeof(ProgramRun::Span));
  return size;
}

}  // namespace ithaca
