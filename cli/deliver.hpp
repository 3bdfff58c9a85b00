#pragma once
// Writes an outcome to stdout or its file, and what there is to say to stderr.

#include "cli/command.hpp"

namespace ithaca {

/// The outcome's own exit code, or ExitCode::internal with a message if it could not be written.
ExitCode deliver(const Outcome& outcome);

}  // namespace ithaca
