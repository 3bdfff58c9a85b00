#pragma once
// Help texts, made from the table of commands. No line is wider than 80 columns.

#include <span>
#include <string>

#include "cli/command.hpp"

namespace ithaca {

/// `ithaca` alone: what it is, the commands, two examples.
std::string overview(std::span<const Command> commands);
/// `ithaca --help`: examples first, the commands, exit codes.
std::string full_help(std::span<const Command> commands);
/// `ithaca COMMAND -h`: usage and required flags.
std::string short_help(const Command& command);
/// `ithaca COMMAND --help`: examples first, what it answers, all flags, exit codes.
std::string full_help(const Command& command);

}  // namespace ithaca
