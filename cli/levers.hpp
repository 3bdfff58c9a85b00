#pragma once
// What would make a question fit into memory, found by asking it again.

#include <string>
#include <vector>

#include "model/compare.hpp"

namespace ithaca {

/// Flags that alone make some strategy fit ("--recompute full", "--gpus 128"); where none does, the cheap ones together
/// if that helps; else empty.
std::vector<std::string> levers(const Question& question);

}  // namespace ithaca
