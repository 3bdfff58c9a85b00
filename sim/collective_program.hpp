#pragma once
// A collective alone, as a program.

#include "sim/schedule.hpp"

namespace ithaca {

/// One task for each round on one stream. With `barrier` all ranks wait for each other after each but the last.
Program collective_program(const std::vector<Round>& rounds, int ranks, bool barrier = false);

}  // namespace ithaca
