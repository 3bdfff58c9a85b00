#pragma once
// The files of a sweep's shards put together into the file of the whole sweep.

#include <string>
#include <vector>

#include "cli/command.hpp"

namespace ithaca {

/// `files` in any order, each with its journal beside it; all shards of one sweep.
Outcome merge_shards(const std::vector<std::string>& files, const std::string& into);

}  // namespace ithaca
