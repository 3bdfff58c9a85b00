#pragma once
// What the links of a network allow a collective at best, whatever its algorithm and routing.

#include "model/collective.hpp"
#include "sim/fabric.hpp"

namespace ithaca {

/// Of all groups of `group` among the first `ranks` GPUs at once: bytes that must leave and enter each GPU through its
/// own links, and each server through the links that cross its border. `in_switch`: a switch may reduce.
Seconds collective_bound(const Fabric& fabric, Op op, Group group, int ranks, Bytes message, bool in_switch);

}  // namespace ithaca
