#pragma once
// Why a program took as long as it did: the chain of tasks from its last end back to 0.

#include <cstdint>
#include <vector>

#include "sim/program.hpp"
#include "sim/run_program.hpp"

namespace ithaca {

struct CriticalTask {
  /// What the task before it in the chain, on the same rank, is to it.
  enum class Waits : std::uint8_t { nothing, stream, dependency };
  std::uint32_t rank = 0, task = 0;
  Seconds begin{}, end{};
  Waits waited_for{};
  std::uint32_t waiting = 0;  ///< whose chain came over here because this rank reached the task later; or `rank`
};

/// Oldest first; each begins when the one before it ends. Of several chains of the same length, that of the lowest
/// ranks. Empty for a program without tasks.
std::vector<CriticalTask> critical_path(const Program& program, const ProgramRun& run);

/// The chain's time by label, longest first; labels that are not on it are left out.
struct LabelTime {
  std::uint32_t label = 0;
  Seconds time{};
};
std::vector<LabelTime> time_by_label(const Program& program, const std::vector<CriticalTask>& path);

}  // namespace ithaca
