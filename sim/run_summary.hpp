#pragma once
// What a run of a program comes to: how long ranks compute, which links are busy.

#include <cstdint>
#include <vector>

#include "sim/program.hpp"
#include "sim/run_program.hpp"

namespace ithaca {

/// Of the rank that computes longest.
Seconds compute_time(const Program& program, const ProgramRun& run);

struct LinkUse {
  std::uint32_t link = 0;
  Bytes carried{};
  double utilisation = 0;  ///< share of what it could have carried in the makespan
};
/// The `most` links with the highest utilisation, busiest first, in the fabric's order where equal; none that carried
/// nothing.
std::vector<LinkUse> busiest_links(const Fabric& fabric, const ProgramRun& run, std::size_t most);

}  // namespace ithaca
