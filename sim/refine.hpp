#pragma once
// Finds which ranks, links and messages cannot be told apart, by colour refinement (1-dimensional Weisfeiler-Leman):
// what differs in its numbers, or in the colours of what it has to do with, gets a colour of its own, until no colour
// splits any more. Then every link of a colour is crossed by as many messages of each class as every other, so that
// max-min rates are the same for all members of a class; that is counted at the end. Messages are generated and routed
// each time they are looked at, and never stored.

#include <optional>
#include <string>

#include "model/result.hpp"
#include "sim/classes.hpp"
#include "sim/orbits.hpp"
#include "sim/run_program.hpp"

namespace ithaca {

/// None where so much differs that classes gain little, counting them takes more than half of `memory` bytes or
/// minutes, and where orbits are not what they were taken for. The error is a message that is wrong.
Result<std::optional<ProgramClasses>, std::string> refine(const Program& program, const Router& router,
                                                          const Slowdown& slowdown, const Orbits& orbits,
                                                          std::size_t memory);

}  // namespace ithaca
