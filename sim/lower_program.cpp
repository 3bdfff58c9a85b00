#include "sim/lower_program.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "sim/crews.hpp"
#include "sim/mix.hpp"
#include "sim/task_order.hpp"

namespace ithaca {
namespace {

/// A log-normal factor of mean 1, by task and rank.
double jitter_factor(const Slowdown& slowdown, std::uint32_t task, std::uint32_t rank) {
  if (slowdown.jitter == 0) return 1;
  const std::uint64_t key = mix(mix(slowdown.seed) ^ (std::uint64_t{task} << 32 | rank));
  const double u = unit(mix(key)), v = unit(mix(key + 1));
  const double normal = std::sqrt(-2 * std::log1p(-u)) * std::cos(2 * std::numbers::pi * v);
  const double variance = std::log1p(slowdown.jitter * slowdown.jitter);
  return std::exp(std::sqrt(variance) * normal - variance / 2);
}

class Lowering {
 public:
  Lowering(const Program& program, const ProgramClasses& classes, const Router& router, const Slowdown& slowdown)
      : program_(program),
        classes_(classes),
        slowdown_(slowdown),
        crews_(program, classes),
        before_(before_in_stream(program)),
        come_(classes.rank.size(), kNobody) {
    const std::size_t ranks = classes.rank.size(), stages = program.stages();
    for (const std::uint32_t k : classes.link) system_.capacity.push_back(router.fabric().links()[k].capacity);
    for (const MessageClasses& messages : classes.exchanges) {
      by_end_.push_back(messages_by_end(messages, messages.size() == 0 ? 0 : ranks));
      by_stage_.push_back(messages_by_stage(messages, crews_, stages));
      has_usage_ |= !messages.usage.empty();
      flow_of_.resize(std::max(flow_of_.size(), messages.size()));
    }
    const std::vector<bool> used = used_exchanges(program);
    meetings_.resize(program.exchanges.size());
    for (std::size_t e = 0; e < meetings_.size(); ++e) {
      if (used[e]) meetings_[e] = meetings_of(program.exchanges[e], classes, crews_, stages);
    }
  }

  LoweredProgram lower() {
    for (std::uint32_t t = 0; t < program_.tasks.size(); ++t) {
      const Task& task = program_.tasks[t];
      waits_for(program_, before_, t, task.stage, waits_);
      if (task.peer != Task::kNoPeer) waits_for(program_, before_, t, task.peer, peer_waits_);
      switch (task.kind) {
        case Task::Kind::compute:
        case Task::Kind::copy: compute(t); break;
        case Task::Kind::exchange: exchange(task); break;
        case Task::Kind::barrier: barrier(task); break;
      }
    }
    return {std::move(system_), std::move(done_)};
  }

 private:
  static constexpr std::uint32_t kNobody = 0xFFFFFFFF;

  std::uint32_t flows() const { return static_cast<std::uint32_t>(system_.size.size()); }
  /// The flow that ends a task for a class.
  std::uint32_t done(std::uint32_t t, std::uint32_t c) const {
    const Task& task = program_.tasks[t];
    return done_[t] + (task.kind == Task::Kind::barrier ? 0 : crews_.place(task, c));
  }

  /// Adds a flow that waits for `row_`.
  void add(double bytes, double delay) {
    system_.size.emplace_back(bytes);
    system_.delay.emplace_back(delay);
    system_.after.add(row_);
  }
  void add_without_links(double delay) {
    add(0, delay);
    system_.route.add({});
  }
  void wait_for_tasks(const Task& task, std::uint32_t c) {
    for (const std::uint32_t t : crews_.stage(c) == task.stage ? waits_ : peer_waits_) row_.push_back(done(t, c));
  }
  bool nobody_waits(const Task& task) const {
    return waits_.empty() && (task.peer == Task::kNoPeer || peer_waits_.empty());
  }

  void compute(std::uint32_t t) {
    const Task& task = program_.tasks[t];
    done_.push_back(flows());
    crews_.each(task, [&](std::uint32_t c) {
      row_.clear();
      wait_for_tasks(task, c);
      add_without_links(task.kind == Task::Kind::copy ? task.duration.value() : duration(t, classes_.rank[c]));
    });
  }

  double duration(std::uint32_t t, std::uint32_t rank) const {
    const Task& task = program_.tasks[t];
    double time = task.duration.value() * jitter_factor(slowdown_, t, rank);
    if (task.load != Task::kEvenLoad) time *= program_.loads[task.load][rank];
    if (!slowdown_.gpu.empty()) time *= slowdown_.gpu[rank];
    return time;
  }

  void barrier(const Task& task) {
    row_.clear();
    crews_.each(task, [&](std::uint32_t c) { wait_for_tasks(task, c); });
    add_joint();
    done_.push_back(flows() - 1);
  }

  /// Adds a flow that ends with the last of `row_`.
  void add_joint() {
    std::sort(row_.begin(), row_.end());
    row_.erase(std::unique(row_.begin(), row_.end()), row_.end());
    add_without_links(0);
  }

  /// Adds flows that end when a class has come to the task, where no single flow tells that.
  void add_arrivals(const Task& task) {
    crews_.each(task, [&](std::uint32_t c) {
      row_.clear();
      wait_for_tasks(task, c);
      come_[c] = row_.empty() ? kNobody : row_.size() == 1 ? row_.front() : flows();
      if (row_.size() > 1) add_without_links(0);
    });
  }

  template <class Use>
  void each_meeting(const Task& task, const Meetings& meetings, Use&& use) const {
    for (const std::uint32_t m : meetings.of_stage[task.stage]) use(m);
    if (task.peer == Task::kNoPeer) return;
    for (const std::uint32_t m : meetings.of_stage[task.peer]) use(m);
  }

  /// Whoever has come waits for the others of its meeting.
  void add_meetings(const Task& task, const Meetings& meetings) {
    if (meetings.empty() || nobody_waits(task)) return;
    each_meeting(task, meetings, [&](std::uint32_t m) {
      row_.clear();
      for (const std::uint32_t c : meetings.classes[m]) {
        if (come_[c] != kNobody) row_.push_back(come_[c]);
      }
      std::sort(row_.begin(), row_.end());
      row_.erase(std::unique(row_.begin(), row_.end()), row_.end());
      const std::uint32_t all_come = row_.empty() ? kNobody : row_.size() == 1 ? row_.front() : flows();
      if (row_.size() > 1) add_without_links(0);
      for (const std::uint32_t c : meetings.classes[m]) come_[c] = all_come;
    });
  }

  void exchange(const Task& task) {
    const MessageClasses& messages = classes_.exchanges[task.exchange];
    const Meetings& meetings = meetings_[task.exchange];
    add_arrivals(task);
    add_meetings(task, meetings);
    add_messages(task, messages, task.stage);
    if (task.peer != Task::kNoPeer) add_messages(task, messages, task.peer);
    if (!meetings.empty()) return part(task, meetings);
    done_.push_back(flows());
    crews_.each(task, [&](std::uint32_t c) {
      wait_for_messages(task, c);
      add_without_links(0);
    });
  }

  /// Those who came together go when all of their messages have arrived.
  void part(const Task& task, const Meetings& meetings) {
    each_meeting(task, meetings, [&](std::uint32_t m) {
      wait_for_messages(task, meetings.classes[m].front());
      for (const std::uint32_t c : meetings.classes[m]) come_[c] = flows();
      add_without_links(0);
    });
    done_.push_back(flows());
    crews_.each(task, [&](std::uint32_t c) {
      row_.assign(1, come_[c]);
      add_without_links(0);
    });
  }

  bool is_sent(const Task& task, const MessageClasses& messages, std::uint32_t m) const {
    return task.is_of(crews_.stage(messages.from[m])) && task.is_of(crews_.stage(messages.to[m]));
  }

  /// Makes `row_` the messages of the task that a class sends or receives, or its arrival.
  void wait_for_messages(const Task& task, std::uint32_t c) {
    const MessageClasses& messages = classes_.exchanges[task.exchange];
    row_.clear();
    if (messages.size() > 0) {
      for (const std::uint32_t m : by_end_[task.exchange][c]) {
        if (is_sent(task, messages, m)) row_.push_back(flow_of_[m]);
      }
    }
    if (row_.empty() && come_[c] != kNobody) row_.push_back(come_[c]);
  }

  void add_messages(const Task& task, const MessageClasses& messages, std::uint32_t stage) {
    for (const std::uint32_t m : by_stage_[task.exchange][stage]) {
      if (is_sent(task, messages, m)) add_message(messages, m);
    }
  }
  void add_message(const MessageClasses& messages, std::uint32_t m) {
    const std::uint32_t from = come_[messages.from[m]], to = come_[messages.to[m]];
    flow_of_[m] = flows();
    row_.clear();
    if (from != kNobody) row_.push_back(from);
    if (to != kNobody && to != from) row_.push_back(to);
    add(messages.bytes[m], messages.delay[m]);
    system_.route.add(messages.route[m]);
    if (!has_usage_) return;
    for (std::uint32_t i = messages.route.begin[m]; i < messages.route.begin[m + 1]; ++i)
      system_.usage.push_back(messages.usage.empty() ? 1 : messages.usage[i]);
  }

  const Program& program_;
  const ProgramClasses& classes_;
  const Slowdown& slowdown_;
  Crews crews_;
  bool has_usage_ = false;
  BeforeInStream before_;
  std::vector<IndexRows> by_end_, by_stage_;  ///< by exchange
  std::vector<Meetings> meetings_;            ///< by exchange
  FlowSystem system_;
  std::vector<std::uint32_t> done_;
  std::vector<std::uint32_t> waits_, peer_waits_;  ///< of the task that is lowered
  std::vector<std::uint32_t> come_;                ///< by class: the flow that brings it to the task, or kNobody
  std::vector<std::uint32_t> flow_of_;             ///< by message of the task
  std::vector<std::uint32_t> row_;
};

/// Fills what tells where the spans are. Nothing to tell where every rank does every task.
void place_spans(const Program& program, const ProgramClasses& classes, ProgramRun& result) {
  const std::size_t tasks = program.tasks.size(), ranks = classes.rank.size();
  result.spans.resize(tasks * ranks);
  if (program.stage_of.empty()) return;
  std::vector<std::uint32_t> done(program.stages(), 0);
  result.turn.resize(tasks);
  result.peer_turn.resize(tasks);
  for (std::size_t t = 0; t < tasks; ++t) {
    const Task& task = program.tasks[t];
    result.turn[t] = done[task.stage]++;
    if (task.peer != Task::kNoPeer) result.peer_turn[t] = done[task.peer]++;
  }
  std::size_t next = 0;
  for (std::size_t c = 0; c < ranks; ++c) {
    result.first.push_back(next);
    next += done[program.stage(classes.rank[c])];
  }
  result.spans.resize(next);
}

}  // namespace

LoweredProgram lower(const Program& program, const ProgramClasses& classes, const Router& router,
                     const Slowdown& slowdown) {
  return Lowering(program, classes, router, slowdown).lower();
}

void read_spans(const Program& program, const ProgramClasses& classes, const LoweredProgram& lowered,
                const FlowRun& run, ProgramRun& result) {
  const BeforeInStream before = before_in_stream(program);
  const Crews crews(program, classes);
  place_spans(program, classes, result);
  const std::size_t tasks = program.tasks.size();
  const auto place = [&](std::uint32_t c, std::uint32_t t) {
    if (result.turn.empty()) return c * tasks + t;
    return result.first[c] + (crews.stage(c) == program.tasks[t].stage ? result.turn : result.peer_turn)[t];
  };
  // Class by class, so that what is written lies side by side.
  std::vector<std::uint32_t> own, waits;
  for (std::uint32_t stage = 0, stages = program.stages(); stage < stages; ++stage) {
    IndexRows waiting;
    own.clear();
    for (std::uint32_t t = 0; t < tasks; ++t) {
      if (!program.tasks[t].is_of(stage)) continue;
      waits_for(program, before, t, stage, waits);
      own.push_back(t);
      waiting.add(waits);
    }
    for (const std::uint32_t c : crews.of_stage(stage)) {
      for (std::size_t i = 0; i < own.size(); ++i) {
        const Task& task = program.tasks[own[i]];
        ProgramRun::Span& span = result.spans[place(c, own[i])];
        for (const std::uint32_t other : waiting[i]) span.begin = max(span.begin, result.spans[place(c, other)].end);
        span.end = run.finish[lowered.done[own[i]] + (task.kind == Task::Kind::barrier ? 0 : crews.place(task, c))];
      }
    }
  }
}

/// Bytes: a flow takes 90 in the system and the engine and 36 in its exchange; a link that it crosses 40; a flow that
/// it waits for 8.
ProgramSize size_of(const Program& program, double rank_classes, const std::vector<ExchangeSize>& exchanges) {
  const BeforeInStream before = before_in_stream(program);
  const double stages = program.stages();
  ProgramSize size;
  double crossings = 0, waits = 0, spans = 0;
  std::vector<std::uint32_t> tasks;
  for (std::uint32_t t = 0; t < program.tasks.size(); ++t) {
    const Task& task = program.tasks[t];
    waits_for(program, before, t, task.stage, tasks);
    const auto others = static_cast<double>(tasks.size());
    const double share = (task.peer == Task::kNoPeer ? 1 : 2) / stages, classes = rank_classes * share;
    spans += classes;
    waits += others * classes;
    size.flows += task.kind == Task::Kind::barrier ? 1 : classes;
    if (task.kind != Task::Kind::exchange) continue;
    const double flows = exchanges[task.exchange].flows * share;
    size.flows += flows + (others > 1 ? classes : 0);
    crossings += exchanges[task.exchange].crossings * share;
    waits += flows * (others > 0 ? 4 : 2);
    if (!program.exchanges[task.exchange].together || others == 0) continue;
    size.flows += 2 * classes;  // a meeting each, at most, and its end
    waits += 2 * classes;
  }
  size.rows = std::max(crossings, waits);
  size.bytes = 126 * size.flows + 40 * crossings + 8 * waits + sizeof(ProgramRun::Span) * spans;
  return size;
}

}  // namespace ithaca
