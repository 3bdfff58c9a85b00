#pragma once
// A mistake on the command line, in the same words and form as one in a file.

#include <string>
#include <utility>

#include "configs/reader/diagnostic.hpp"

namespace ithaca {

/// `where` is the flag with its value as typed; `hint` is a guess at what was meant.
inline Diagnostic mistake(std::string where, std::string what, std::string next, std::string hint = "") {
  return {Place{std::move(where), 0, 0, 1, ""}, std::move(what), std::move(hint), std::move(next), {}};
}

}  // namespace ithaca
