#pragma once
// Did you mean: the valid name nearest to a misspelt one.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ithaca {

/// The name with the smallest edit distance, neighbours swapped counting once and capitals overlooked, if that is at
/// most max(1, length/3).
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& names);
/// "did you mean 'NEAREST'?", or the names that hold the word, or "one of a, b, c" for up to eight names, or nothing.
std::string suggestion(std::string_view word, const std::vector<std::string>& names);

}  // namespace ithaca
