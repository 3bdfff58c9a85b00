#pragma once
// The tasks of a stage as they are written down: a main chain, and what runs beside it.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/layout_exchanges.hpp"
#include "sim/program.hpp"

namespace ithaca {

/// The first four are in every program, the others where something uses them.
enum StepStream : std::uint8_t {
  kCompute,
  kComm,
  kOverlap,
  kSharding,
  kToNext,
  kFromPrevious,
  kToPrevious,
  kFromNext,
  kToHost,
  kFromHost,
};
constexpr std::string_view name(StepStream stream) {
  constexpr std::array<std::string_view, 10> kNames{"compute", "comm",          "overlap",     "sharding",
                                                    "to next", "from previous", "to previous", "from next",
                                                    "to host", "from host"};
  return kNames[stream];
}

/// Appends tasks to a program, for the ranks of one stage. The main chain is what the next task waits for.
class TaskList {
 public:
  explicit TaskList(Program& program, std::uint32_t stage = 0)
      : program_(program), stage_(static_cast<std::uint16_t>(stage)) {
    for (const StepStream s : {kCompute, kComm, kOverlap, kSharding}) this->stream(s);
  }

  using MaybeTask = std::optional<std::uint32_t>;

  /// On the main chain. Sharding that was put aside begins beside it.
  void compute(const std::string& what, Seconds duration, std::uint32_t load = Task::kEvenLoad) {
    if (duration == Seconds{}) return;
    issue_pending();
    Task task{
        .kind = Task::Kind::compute, .stream = kCompute, .label = label(what), .duration = duration, .load = load};
    chain_ = {add(task, chain_)};
  }
  void blocking(const std::string& what, const Rounds& rounds) {
    if (!rounds.empty()) chain_ = {exchange(what, rounds, kComm, chain_)};
  }
  /// Beside the main chain from here on; the chain waits only if it is told to.
  MaybeTask beside(const std::string& what, const Rounds& rounds, StepStream stream) {
    if (rounds.empty()) return std::nullopt;
    return exchange(what, rounds, stream, chain_);
  }
  void wait_for(MaybeTask task) {
    if (task) chain_.push_back(*task);
  }

  /// To or from host memory, beside the main chain.
  MaybeTask beside(const std::string& what, Seconds duration, StepStream to_or_from, MaybeTask after = std::nullopt) {
    if (duration == Seconds{}) return std::nullopt;
    Ids ids = chain_;
    if (after) ids.push_back(*after);
    return add({.kind = Task::Kind::copy, .stream = stream(to_or_from), .label = label(what), .duration = duration},
               ids);
  }

  /// Begins beside the next kernel, and when `after` is done. `done` is its number, which is known then.
  void put_aside(const std::string& what, const Rounds& rounds, MaybeTask* done = nullptr,
                 const MaybeTask* after = nullptr) {
    if (!rounds.empty()) pending_.push_back({what, &rounds, {}, kSharding, done, after});
  }
  void put_aside(const std::string& what, Seconds duration, StepStream to_or_from, MaybeTask* done = nullptr,
                 const MaybeTask* after = nullptr) {
    if (duration > Seconds{}) pending_.push_back({what, nullptr, duration, to_or_from, done, after});
  }
  void issue_pending() {
    for (const Pending& p : pending_) {
      const MaybeTask after = p.after == nullptr ? std::nullopt : *p.after;
      Ids ids = chain_;
      if (after) ids.push_back(*after);
      const MaybeTask task = p.rounds == nullptr ? beside(p.what, p.duration, p.stream, after)
                                                 : exchange(p.what, *p.rounds, p.stream, std::move(ids));
      if (p.done != nullptr) *p.done = task;
    }
    pending_.clear();
  }

  /// To the ranks of another stage, beside both main chains.
  MaybeTask send(const std::string& what, const Rounds& rounds, const TaskList& to, StepStream leaves,
                 StepStream arrives) {
    if (rounds.empty()) return std::nullopt;
    return exchange(what, rounds, leaves, chain_, to.stage_, arrives);
  }
  /// On the main chains of both.
  void together(const std::string& what, const Rounds& rounds, TaskList& other) {
    if (rounds.empty()) return;
    Ids both = chain_;
    both.insert(both.end(), other.chain_.begin(), other.chain_.end());
    chain_ = other.chain_ = {exchange(what, rounds, kComm, std::move(both), other.stage_, kComm)};
  }

 private:
  using Ids = std::vector<std::uint32_t>;
  struct Pending {
    std::string what;
    const Rounds* rounds;  ///< none: a copy
    Seconds duration;
    StepStream stream;
    MaybeTask* done;
    const MaybeTask* after;
  };

  std::uint32_t add(Task task, const Ids& after) {
    task.stage = stage_;
    program_.tasks.push_back(task);
    program_.after.add(after);
    return static_cast<std::uint32_t>(program_.tasks.size() - 1);
  }
  std::uint32_t exchange(const std::string& what, const Rounds& rounds, StepStream leaves, Ids after,
                         std::uint16_t peer = Task::kNoPeer, StepStream arrives = kComm) {
    Task task{.kind = Task::Kind::exchange, .stream = stream(leaves), .label = label(what)};
    task.peer = peer;
    task.peer_stream = stream(arrives);
    for (const ExchangeRound& round : rounds) {
      task.exchange = round.exchange;
      for (int i = 0; i < round.repeat; ++i) after = {add(task, after)};
    }
    return after.back();
  }

  static std::uint32_t index(std::vector<std::string>& names, std::string_view name) {
    const auto found = std::find(names.begin(), names.end(), name) - names.begin();
    if (found == std::ssize(names)) names.emplace_back(name);
    return static_cast<std::uint32_t>(found);
  }
  std::uint32_t label(const std::string& text) { return index(program_.labels, text); }
  std::uint8_t stream(StepStream s) { return static_cast<std::uint8_t>(index(program_.streams, name(s))); }

  Program& program_;
  std::uint16_t stage_;
  Ids chain_;
  std::vector<Pending> pending_;
};

/// Adds a load to the program; none where all have the same.
inline std::uint32_t even_load_or(Program& program, std::vector<double> load) {
  if (load.empty()) return Task::kEvenLoad;
  program.loads.push_back(std::move(load));
  return static_cast<std::uint32_t>(program.loads.size() - 1);
}

}  // namespace ithaca
