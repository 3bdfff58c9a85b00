#pragma once
// What a network can carry at best, from its graph alone.

#include "sim/fabric.hpp"

namespace ithaca {

struct FabricBounds {
  BytesPerSecond port{};       ///< out of a GPU or into it over all of its links; the least of all GPUs
  BytesPerSecond injection{};  ///< the same of a server and what stands around it; zero for a single one
  /// From the first half of the GPUs to the others or back at once, whatever the routing: the least cut between them.
  /// The middle one of an odd number is among the others.
  BytesPerSecond bisection{};
};

FabricBounds fabric_bounds(const Fabric& fabric);

/// No all-to-all of all GPUs in which each sends `pair` to each other takes less, whatever the routing: the largest of
/// what ports, servers and the bisection allow.
Seconds all_to_all_bound(const Fabric& fabric, const FabricBounds& bounds, Bytes pair);

}  // namespace ithaca
