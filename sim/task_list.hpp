#pragma once
// The tasks of a step as they are written down: a main chain, and what runs beside it.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/layout_exchanges.hpp"
#include "sim/program.hpp"

namespace ithaca {

enum StepStream : std::uint8_t { kCompute, kComm, kOverlap, kSharding };

/// Appends tasks. The main chain is what the next task of the layer waits for.
class TaskList {
 public:
  explicit TaskList(std::uint32_t ranks) {
    program_.ranks = ranks;
    program_.streams = {"compute", "comm", "overlap", "sharding"};
  }

  using Ids = std::vector<std::uint32_t>;

  /// On the main chain. Sharding that was put aside begins beside it.
  void compute(const std::string& what, Seconds duration, std::uint32_t load = Task::kEvenLoad) {
    if (duration == Seconds{}) return;
    issue_pending();
    chain_ = {
        add({.kind = Task::Kind::compute, .stream = kCompute, .label = label(what), .duration = duration, .load = load},
            chain_)};
  }
  void blocking(const std::string& what, const Rounds& rounds) {
    if (!rounds.empty()) chain_ = {exchange(what, rounds, kComm, chain_)};
  }
  /// Beside the main chain from here on; the chain waits only if it is told to.
  std::optional<std::uint32_t> beside(const std::string& what, const Rounds& rounds, StepStream stream) {
    if (rounds.empty()) return std::nullopt;
    return exchange(what, rounds, stream, chain_);
  }
  void wait_for(std::optional<std::uint32_t> task) {
    if (task) chain_.push_back(*task);
  }

  /// Begins beside the next kernel. Its number is known then.
  void put_aside(const std::string& what, const Rounds& rounds, std::optional<std::uint32_t>* done = nullptr) {
    if (!rounds.empty()) pending_.push_back({what, &rounds, done});
  }
  void issue_pending() {
    for (const Pending& p : pending_) {
      const std::uint32_t task = exchange(p.what, *p.rounds, kSharding, chain_);
      if (p.done != nullptr) *p.done = task;
    }
    pending_.clear();
  }

  std::uint32_t even_load_or(std::vector<double> load) {
    if (load.empty()) return Task::kEvenLoad;
    program_.loads.push_back(std::move(load));
    return static_cast<std::uint32_t>(program_.loads.size() - 1);
  }

  Program take(std::vector<Exchange> exchanges) {
    program_.exchanges = std::move(exchanges);
    return std::move(program_);
  }

 private:
  struct Pending {
    std::string what;
    const Rounds* rounds;
    std::optional<std::uint32_t>* done;
  };

  std::uint32_t add(const Task& task, const Ids& after) {
    program_.tasks.push_back(task);
    program_.after.add(after);
    return static_cast<std::uint32_t>(program_.tasks.size() - 1);
  }
  std::uint32_t exchange(const std::string& what, const Rounds& rounds, StepStream stream, Ids after) {
    for (const ExchangeRound& round : rounds) {
      for (int i = 0; i < round.repeat; ++i) {
        after = {add({.kind = Task::Kind::exchange, .stream = stream, .label = label(what), .exchange = round.exchange},
                     after)};
      }
    }
    return after.back();
  }
  std::uint32_t label(const std::string& text) {
    std::vector<std::string>& labels = program_.labels;
    const auto index = std::find(labels.begin(), labels.end(), text) - labels.begin();
    if (index == std::ssize(labels)) labels.push_back(text);
    return static_cast<std::uint32_t>(index);
  }

  Program program_;
  Ids chain_;
  std::vector<Pending> pending_;
};

}  // namespace ithaca
