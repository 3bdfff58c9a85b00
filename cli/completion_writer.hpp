#pragma once
// Completion scripts for shells, made from the table of commands: commands, their flags, the names behind flags and
// commands, files where one may stand. After a flag whose value only the user knows they offer nothing.

#include <span>
#include <string>

#include "cli/command.hpp"

namespace ithaca {

std::string bash_completion(std::span<const Command> commands);
std::string zsh_completion(std::span<const Command> commands);
std::string fish_completion(std::span<const Command> commands);

}  // namespace ithaca
