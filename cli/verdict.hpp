#pragma once
// What the report means, in sentences.

#include <string>
#include <vector>

#include "cli/report.hpp"
#include "model/uncertainty.hpp"

namespace ithaca {

/// One sentence or two an item: which strategy to take and by how much, Ulysses against Megatron-SP, what limits it,
/// who would use the idle GPUs; or why there is none to take.
std::vector<std::string> verdict(const Report& report);

/// " By the errors that are known A beats B with a probability of 93.2 %."
std::string how_sure(const TimeComparison& times, std::string_view first, std::string_view second);
/// How sure the verdict's comparisons are: the best row against the next one, Ulysses against Megatron-SP.
struct RowsCompared {
  const Row* first = nullptr;
  const Row* second = nullptr;
  TimeComparison times;
};
std::vector<RowsCompared> rows_compared(const Report& report);

/// Why a row does not fit: the GPU's memory, else the node's. "" where it fits.
std::string misfit(const MemoryLedger& ledger);

}  // namespace ithaca
