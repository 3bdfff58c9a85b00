#include "sim/critical_path.hpp"

#include <algorithm>
#include <optional>
#include <unordered_set>

#include "sim/task_order.hpp"

namespace ithaca {
namespace {

class Trail {
 public:
  Trail(const Program& program, const ProgramRun& run)
      : program_(program),
        run_(run),
        members_(run.members()),
        before_(before_in_stream(program)),
        partners_(program.exchanges.size()) {}

  std::vector<CriticalTask> follow() {
    std::vector<CriticalTask> path;
    std::optional<CriticalTask> now = last_to_end();
    while (now) {
      path.push_back(come_from(*now));
      now = predecessor(path.back());
    }
    std::reverse(path.begin(), path.end());
    return path;
  }

 private:
  ProgramRun::Span span(std::uint32_t rank, std::uint32_t task) const { return run_.span(program_, rank, task); }

  std::optional<CriticalTask> last_to_end() const {
    std::optional<CriticalTask> last;
    for (const std::uint32_t r : members_) {
      for (std::uint32_t t = 0; t < program_.tasks.size(); ++t) {
        const auto [begin, end] = span(r, t);
        if (!last || end > last->end) last = CriticalTask{r, t, begin, end, {}, r};
      }
    }
    return last;
  }

  /// The same task at the rank that reached it last of those that it depends on.
  CriticalTask come_from(CriticalTask at) {
    const Task& task = program_.tasks[at.task];
    const bool alone = task.kind == Task::Kind::compute || task.kind == Task::Kind::copy;
    if (alone || !someone_later(at)) return at;
    std::uint32_t latest = at.rank;
    const auto look = [&](std::uint32_t rank) {
      if (span(rank, at.task).begin > span(latest, at.task).begin) latest = rank;
    };
    if (task.kind == Task::Kind::barrier) {
      for (std::uint32_t r = 0; r < program_.ranks; ++r) look(r);
    } else {
      const auto& together = program_.exchanges[task.exchange].together;
      for (const std::uint32_t r : partners(task.exchange)[together ? together(at.rank) : at.rank]) look(r);
    }
    at.rank = latest;
    at.begin = span(latest, at.task).begin;
    return at;
  }

  bool someone_later(const CriticalTask& at) const {
    return std::any_of(members_.begin(), members_.end(),
                       [&](std::uint32_t rank) { return span(rank, at.task).begin > at.begin; });
  }

  /// By rank: those that it sends to or receives from. Or, by the rank that stands for them, those that come together:
  /// the first of each class.
  const IndexRows& partners(std::uint32_t exchange) {
    IndexRows& rows = partners_[exchange];
    if (rows.size() > 0) return rows;
    std::vector<std::vector<std::uint32_t>> lists(program_.ranks);
    if (program_.exchanges[exchange].together) {
      list_meetings(program_.exchanges[exchange], lists);
    } else {
      list_ends(program_.exchanges[exchange], lists);
    }
    for (const auto& list : lists) rows.add(list);
    return rows;
  }

  void list_ends(const Exchange& exchange, std::vector<std::vector<std::uint32_t>>& lists) const {
    std::vector<Message> messages;
    for (std::uint32_t r = 0; r < program_.ranks; ++r) exchange.sends(r, messages);
    for (const Message& m : messages) {
      lists[m.from].push_back(m.to);
      lists[m.to].push_back(m.from);
    }
  }

  void list_meetings(const Exchange& exchange, std::vector<std::vector<std::uint32_t>>& lists) const {
    std::unordered_set<std::uint64_t> seen;  // the rank that stands for a meeting, and a class
    for (std::uint32_t r = 0; r < program_.ranks; ++r) {
      const std::uint32_t one = exchange.together(r);
      if (seen.insert(std::uint64_t{one} << 32 | run_.class_of[r]).second) lists[one].push_back(r);
    }
  }

  /// Notes in `at` what it waited for.
  std::optional<CriticalTask> predecessor(CriticalTask& at) const {
    std::optional<CriticalTask> latest;
    const std::uint32_t stage = program_.stage(at.rank), before = before_.of(program_.tasks[at.task], at.task, stage);
    const auto look = [&](std::uint32_t task, CriticalTask::Waits how) {
      if (!program_.tasks[task].is_of(stage)) return;
      const auto [begin, end] = span(at.rank, task);
      if (latest && end <= latest->end) return;
      latest = CriticalTask{at.rank, task, begin, end, {}, at.rank};
      at.waited_for = how;
    };
    if (before != at.task) look(before, CriticalTask::Waits::stream);
    for (const std::uint32_t task : program_.after[at.task]) look(task, CriticalTask::Waits::dependency);
    return latest;
  }

  const Program& program_;
  const ProgramRun& run_;
  std::vector<std::uint32_t> members_;  ///< by class: its first rank
  BeforeInStream before_;
  std::vector<IndexRows> partners_;  ///< by exchange, once it is needed
};

}  // namespace

std::vector<CriticalTask> critical_path(const Program& program, const ProgramRun& run) {
  return Trail(program, run).follow();
}

std::vector<LabelTime> time_by_label(const Program& program, const std::vector<CriticalTask>& path) {
  std::vector<LabelTime> times(program.labels.size());
  for (std::uint32_t i = 0; i < times.size(); ++i) times[i].label = i;
  for (const CriticalTask& t : path) times[program.tasks[t.task].label].time += t.end - t.begin;
  std::erase_if(times, [](const LabelTime& t) { return t.time <= Seconds{}; });
  std::stable_sort(times.begin(), times.end(), [](const LabelTime& a, const LabelTime& b) { return a.time > b.time; });
  return times;
}

}  // namespace ithaca
