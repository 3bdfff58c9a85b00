#pragma once
// `ithaca compare A.json B.json`: what changed between two answers of `ithaca compare --json`.

#include "cli/arguments.hpp"

namespace ithaca {

Outcome compare_files(const Arguments& arguments, Diagnostics problems, const Environment& environment);

}  // namespace ithaca
