#pragma once
// Remarks on single rows of a report, each a sentence that opens with the strategy's name.

#include <string>
#include <vector>

#include "cli/report.hpp"

namespace ithaca {

/// Idle GPUs and what would use them (the best row's belong to the verdict), copied KV heads, padding, waiting ranks,
/// faster splits,
/// step times of the event engine that are more than 5 % from the closed form.
std::vector<std::string> remarks(const Report& report);
/// Idle GPUs of one row; empty if there are none.
std::string idle_remark(const Report& report, const Row& row);
/// Which frameworks run each row's split.
std::vector<std::string> framework_remarks(const Report& report);

/// "ulysses 32 x dp 2", "megatron_sp (tp 8)"
std::string row_words(const Row& row);

}  // namespace ithaca
