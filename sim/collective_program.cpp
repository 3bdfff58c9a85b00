#include "sim/collective_program.hpp"

namespace ithaca {

Program collective_program(const std::vector<Round>& rounds, int ranks, bool barrier) {
  Program program;
  program.ranks = static_cast<std::uint32_t>(ranks);
  program.streams = {"comm"};
  program.labels = {"round", "barrier"};
  const auto add = [&](const Task& task) {
    program.tasks.push_back(task);
    program.after.add({});
  };
  for (const Round& round : rounds) {
    Task exchange;
    exchange.kind = Task::Kind::exchange;
    exchange.exchange = static_cast<std::uint32_t>(program.exchanges.size());
    program.exchanges.push_back(round.exchange);
    for (int i = 0; i < round.repeat; ++i) {
      Task wait;
      wait.kind = Task::Kind::barrier;
      wait.label = 1;
      if (barrier && !program.tasks.empty()) add(wait);
      add(exchange);
    }
  }
  return program;
}

}  // namespace ithaca
