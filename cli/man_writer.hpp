#pragma once
// The manual page ithaca(1) in troff's man macros, made from the table of commands. The same bytes for the same
// version.

#include <span>
#include <string>

#include "cli/command.hpp"

namespace ithaca {

std::string manual_page(std::span<const Command> commands);

}  // namespace ithaca
