#pragma once
// The command line as a whole: which command, its help, or what is wrong.

#include <span>
#include <string>
#include <vector>

#include "cli/command.hpp"

namespace ithaca {

extern const Command kCompare;
extern const Command kInspect;
extern const Command kSimulate;

std::span<const Command> all_commands();

/// `words` without the program's name.
Outcome run(const std::vector<std::string>& words, const Environment& environment);

}  // namespace ithaca
