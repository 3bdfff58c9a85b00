#pragma once
// What the command's exit code says.

#include <string_view>

namespace ithaca {

enum class ExitCode : int {
  done = 0,
  internal = 1,    ///< a bug, or a file or stream that cannot be written
  usage = 2,       ///< the command line or an input file is wrong
  infeasible = 3,  ///< every row is refused
  tolerance = 4,   ///< a validation lies outside its tolerance
  no_device = 5,   ///< a device or library that a measurement needs is missing
  interrupted = 130
};

/// As `ithaca --help` and the manual page print it.
struct ExitMeaning {
  ExitCode code;
  std::string_view words;
};
inline constexpr ExitMeaning kExitMeanings[] = {
    {ExitCode::done, "done (rows may be refused: each says why)"},
    {ExitCode::internal, "internal error, or a file or stream cannot be written"},
    {ExitCode::usage, "the command line or an input file is wrong"},
    {ExitCode::infeasible, "nothing is feasible: every row is refused"},
    {ExitCode::tolerance, "a validation lies outside its tolerance"},
    {ExitCode::no_device, "a device or library that a measurement needs is missing"},
    {ExitCode::interrupted, "interrupted"},
};

}  // namespace ithaca
