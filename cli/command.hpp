#pragma once
// One subcommand as data: its flags, its help and the function that answers it.

#include <span>
#include <string>
#include <string_view>

#include "cli/exit_code.hpp"
#include "cli/problem.hpp"
#include "cli/terminal.hpp"

namespace ithaca {

class Arguments;

/// `value` is the placeholder shown in help; empty for a switch.
struct Flag {
  std::string_view name;
  std::string_view value;
  std::string_view help;
  bool required = false;
  bool repeatable = false;  ///< each time with a value of its own
};

/// What a command has to say: `result` belongs to stdout or to `file`, `talk` to stderr.
struct Outcome {
  ExitCode exit = ExitCode::done;
  std::string result;
  std::string talk;
  std::string file;  ///< -o; empty or "-" is stdout
};

/// Only complaints, and the exit code that says so.
inline Outcome misuse(const Diagnostics& problems) { return {ExitCode::usage, "", print(problems), ""}; }

struct Command {
  std::string_view name;
  std::string_view summary;  ///< one line
  std::string_view usage;    ///< "--model M --cluster C --gpus G --seq N [flags]"
  std::string_view about;    ///< a paragraph for --help; empty lines separate paragraphs
  std::span<const std::string_view> examples;
  std::span<const Flag> flags;
  /// Is called with the problems that the command line already has; with any in the end it answers with all of them.
  Outcome (*run)(const Arguments&, Diagnostics, const Environment&);
  std::size_t words = 0;       ///< how many words without a flag it takes
  bool words_instead = false;  ///< with words it needs none of the required flags
};

}  // namespace ithaca
