#pragma once
// Symmetries of a program on its network: ways to rename ranks and links that change nothing. What they carry into each
// other is an orbit, and one member of it tells all about the others.

#include <cstdint>
#include <vector>

#include "sim/program.hpp"
#include "sim/router.hpp"
#include "sim/run_program.hpp"

namespace ithaca {

struct Orbits {
  std::vector<std::uint32_t> of_rank, of_link;  ///< numbered by first members
  std::vector<std::uint32_t> rank, link;        ///< by orbit: its first member
  std::vector<std::uint32_t> ranks, links;      ///< by orbit: how many
  /// By link: no message of an orbit's first rank may cross it, or the orbits are not to be used.
  std::vector<char> uncertain;
};

/// Every rank and link alone.
Orbits single_orbits(const Program& program, const Router& router);

/// Orbits under rotations: all ranks a place on within blocks, where a place is so many ranks and a block so many
/// places. Stages, loads, slowdowns, boxes, and the capacities and latencies of links are compared one by one; routes
/// for three destinations of every rank and for all messages of four; and what all ranks send, or four of them where
/// the exchange declares it (Exchange::likeness).
Orbits find_orbits(const Program& program, const Router& router, const Slowdown& slowdown);

}  // namespace ithaca
