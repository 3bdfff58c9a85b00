#pragma once
// How often a kernel is called between two events, and over how many sets of buffers the calls take turns.

#include "model/quantity.hpp"

namespace ithaca {

/// Sets of buffers of `each` bytes, so that a set has left the L2 cache when its turn comes again: what the other sets
/// hold is twice the cache. At most what fits into `budget`; 0 if not even one does.
int buffer_sets(Bytes each, Bytes l2, Bytes budget);
/// Calls that together take 2 ms, beside which an event's own time (about 5 us) is nothing; 1 to 1000.
int calls_per_timing(Seconds one);

}  // namespace ithaca
