#pragma once
// Collectives on a mesh of TCP connections, as plain as they come: blocking sockets, a thread for every message that
// moves beside others.

#include <vector>

#include "validate/tcp/mesh.hpp"

namespace ithaca {

/// Blocks by rank; they may differ in size, and those of a rank to itself are copied.
using Blocks = std::vector<std::vector<float>>;

/// All messages at once, or in ranks - 1 rounds of shifts by 1, 2, ...; `from` has its sizes already.
Trouble all_to_all(const Mesh& mesh, const Blocks& to, Blocks& from);
Trouble pairwise_all_to_all(const Mesh& mesh, const Blocks& to, Blocks& from);

/// Rings. `buffer` is one equal block a rank. all_gather: the rank's own block goes to all. reduce_scatter: the rank's
/// own block becomes the sum of all ranks'; the other blocks are used up.
Trouble all_gather(const Mesh& mesh, std::vector<float>& buffer);
Trouble reduce_scatter(const Mesh& mesh, std::vector<float>& buffer);
Trouble all_reduce(const Mesh& mesh, std::vector<float>& buffer);

/// Sends to the next rank and receives from the one before.
Trouble shift(const Mesh& mesh, std::span<const float> to, std::span<float> from);

/// Rank 0 sends to rank 1, which sends it back; the others do nothing.
Trouble ping_pong(const Mesh& mesh, std::vector<float>& buffer);

}  // namespace ithaca
