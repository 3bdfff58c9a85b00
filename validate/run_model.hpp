#pragma once
// The shape of a published run's model: what its source gives, and what its family means by what is left out.

#include <string>
#include <vector>

#include "configs/reader/load_runs.hpp"
#include "model/transformer.hpp"
#include "validate/run_machine.hpp"

namespace ithaca {

/// `positions` are the rows of a learned position table, where the family has one. Adds to `assumed`.
Result<Transformer, RunRefusal> run_model(const RunModel& given, std::int64_t positions,
                                          std::vector<std::string>& assumed);

}  // namespace ithaca
