#pragma once
// Who does a task and what is sent there: classes of ranks by stage, those that come together, messages by their ends.

#include <cstdint>
#include <span>
#include <vector>

#include "sim/classes.hpp"

namespace ithaca {

/// Which classes of ranks do a task, and in which order.
class Crews {
 public:
  Crews(const Program& program, const ProgramClasses& classes);

  std::uint32_t stage(std::uint32_t c) const { return stage_[c]; }
  std::span<const std::uint32_t> of_stage(std::uint32_t stage) const { return classes_[stage]; }
  /// Those of its stage, then those of its peer.
  std::uint32_t place(const Task& task, std::uint32_t c) const {
    return seat_[c] + (stage_[c] == task.stage ? 0 : static_cast<std::uint32_t>(classes_[task.stage].size()));
  }
  template <class Use>
  void each(const Task& task, Use&& use) const {
    for (const std::uint32_t c : classes_[task.stage]) use(c);
    if (task.peer == Task::kNoPeer) return;
    for (const std::uint32_t c : classes_[task.peer]) use(c);
  }

 private:
  std::vector<std::uint32_t> stage_, seat_;  ///< by class
  IndexRows classes_;                        ///< by stage
};

/// Those that come together: by class of ranks its meeting, by meeting the classes, the lowest first, by stage the
/// meetings that begin there.
struct Meetings {
  std::vector<std::uint32_t> of_class;
  IndexRows classes, of_stage;

  bool empty() const { return of_class.empty(); }
};

Meetings meetings_of(const Exchange& exchange, const ProgramClasses& classes, const Crews& crews, std::size_t stages);

/// By class of ranks: the classes of messages that it sends or receives.
IndexRows messages_by_end(const MessageClasses& messages, std::size_t ranks);
/// By stage: the messages that it sends.
IndexRows messages_by_stage(const MessageClasses& messages, const Crews& crews, std::size_t stages);

}  // namespace ithaca
