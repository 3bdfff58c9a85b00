#pragma once
// What the command's exit code says. `ithaca --help` prints this list.

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

}  // namespace ithaca
