#pragma once
// The flags of `ithaca sweep`: its own, and those of what each point asks.

#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "cli/sweep/axes.hpp"

namespace ithaca {

extern const std::span<const Flag> kSweepFlags;
/// Those of compare and plan among them, which may be axes too.
std::span<const Flag> sweep_job_flags();

/// What a sweep file may not hold: it is about this run, not about the question.
bool of_the_run(std::string_view flag);

/// Why points that ask for this have no such flag or axis, and what to do; nothing where they have it, or where nobody
/// has.
std::optional<std::pair<std::string_view, std::string_view>> misplaced(std::string_view flag, SweepAsks asks);

}  // namespace ithaca
