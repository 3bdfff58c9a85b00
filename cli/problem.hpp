#pragma once
// A mistake on the command line: where, what, and what to do next.

#include <string>
#include <string_view>
#include <vector>

namespace ithaca {

struct Problem {
  std::string where;  ///< "--gpus 0"
  std::string what;   ///< "at least 1 GPU is needed"
  std::string next;   ///< may be empty
};
using Problems = std::vector<Problem>;

/// "error: WHERE: WHAT" and "next: NEXT" for each, wrapped to 80 columns.
std::string print(const Problems& problems);

/// The valid name that `wrong` most likely stands for: an edit distance of at most a third of its length; else empty.
std::string nearest_name(std::string_view wrong, const std::vector<std::string>& valid);
/// "did you mean 'x'?", else "choose from a, b and c" where the list is short, else empty.
std::string suggest(std::string_view wrong, const std::vector<std::string>& valid);

}  // namespace ithaca
