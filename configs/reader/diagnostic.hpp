#pragma once
// What is wrong with an input, where, and what to do next: collected, never thrown, and printed all at once.

#include <optional>
#include <string>
#include <vector>

namespace ithaca {

/// A stretch of one line of an input. Lines and columns count from 1; line 0 means the input as a whole.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
  int width = 1;
  std::string excerpt;  ///< the line and its neighbours with a caret, ready to print; may be empty
};

struct Diagnostic {
  Place at;
  std::string what;
  std::string hint;                ///< said beside the caret; may be empty
  std::string next;                ///< what to do; may be empty
  std::optional<Place> conflicts;  ///< the other place, where two contradict each other
};
using Diagnostics = std::vector<Diagnostic>;

/// "error: file:line:column: what", the excerpt with the hint beside the caret, the other place, "next: ...".
std::string print(const Diagnostic& diagnostic);
/// In the order of the places: files as they came, then lines.
std::string print(const Diagnostics& diagnostics);

}  // namespace ithaca
