#pragma once
// What a task waits for at the ranks of a stage: the tasks that it names, and the one before it in its stream.

#include <cstdint>
#include <vector>

#include "sim/program.hpp"

namespace ithaca {

/// By task: the one before it in the stream of its stage's ranks, and of its peers'; itself if there is none.
struct BeforeInStream {
  std::vector<std::uint32_t> own, peer;

  std::uint32_t of(const Task& task, std::uint32_t t, std::uint32_t stage) const {
    return stage == task.stage ? own[t] : peer[t];
  }
};
BeforeInStream before_in_stream(const Program& program);

/// Fills `tasks`, each once, in order.
void waits_for(const Program& program, const BeforeInStream& before, std::uint32_t task, std::uint32_t stage,
               std::vector<std::uint32_t>& tasks);

}  // namespace ithaca
