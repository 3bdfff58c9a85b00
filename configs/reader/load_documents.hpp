#pragma once
// Lengths of documents that are packed into sequences: a comma list as it is typed, or a file of them.

#include <cstdint>
#include <string>
#include <vector>

#include "configs/reader/diagnostic.hpp"
#include "model/result.hpp"

namespace ithaca {

/// "4Ki*8,32Ki" (eight of 4,096 tokens and one of 32,768) if it begins with a digit, else a file with the same words
/// divided by commas, spaces or lines, and comments behind '#'. In order; `flag` is what a list's mistakes are said of.
Result<std::vector<std::int64_t>, Diagnostics> load_documents(const std::string& flag, const std::string& given);

}  // namespace ithaca
