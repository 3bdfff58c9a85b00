#include "sim/task_order.hpp"

#include <algorithm>

namespace ithaca {

BeforeInStream before_in_stream(const Program& program) {
  constexpr std::uint32_t kNone = 0xFFFFFFFF;
  BeforeInStream before;
  before.own.resize(program.tasks.size());
  if (!program.stage_of.empty()) before.peer.resize(program.tasks.size());
  std::vector<std::uint32_t> last(program.streams.size() * program.stages(), kNone);
  const auto follow = [&](std::uint32_t t, std::uint32_t stage, std::vector<std::uint32_t>& of) {
    std::uint32_t& previous = last[stage * program.streams.size() + program.tasks[t].stream_of(stage)];
    of[t] = previous == kNone ? t : previous;
    previous = t;
  };
  for (std::uint32_t t = 0; t < program.tasks.size(); ++t) {
    const Task& task = program.tasks[t];
    follow(t, task.stage, before.own);
    if (task.peer != Task::kNoPeer) follow(t, task.peer, before.peer);
  }
  return before;
}

void waits_for(const Program& program, const BeforeInStream& before, std::uint32_t task, std::uint32_t stage,
               std::vector<std::uint32_t>& tasks) {
  tasks.clear();
  for (const std::uint32_t other : program.after[task]) {
    if (program.tasks[other].is_of(stage)) tasks.push_back(other);
  }
  const std::uint32_t previous = before.of(program.tasks[task], task, stage);
  if (previous != task) tasks.push_back(previous);
  std::sort(tasks.begin(), tasks.end());
  tasks.erase(std::unique(tasks.begin(), tasks.end()), tasks.end());
}

}  // namespace ithaca
