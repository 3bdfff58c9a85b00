#pragma once
// What ranks tell each other beside the collectives that they time: over the mesh, with rank 0 in the middle.

#include <string>
#include <vector>

#include "validate/tcp/mesh.hpp"

namespace ithaca {

/// What one rank brings to a round, and what all take home. A rank that failed says why, and then all know.
struct RankReport {
  double time = 0;             ///< seconds
  double clock_mhz = 0;        ///< 0: unknown
  std::uint64_t throttle = 0;  ///< reasons, a bit each
  Trouble trouble{};
};
struct Summary {
  double slowest = 0, mean = 0;
  double clock_mhz = 0;  ///< the lowest that is known
  std::uint64_t throttle = 0;
};

/// Of the first rank that failed or was lost.
struct Setback {
  std::string why;
  bool is_lost = false;  ///< a rank does not answer any more, so that nothing can follow
};

/// The same for all ranks that are left.
Result<Summary, Setback> summarise(const Mesh& mesh, const RankReport& mine);

/// Rank 0's bytes, at all ranks.
Trouble from_rank_0(const Mesh& mesh, std::span<std::byte> bytes);

/// Each rank's text by rank, cut to 127 bytes.
Result<std::vector<std::string>, std::string> everyones(const Mesh& mesh, const std::string& mine);

}  // namespace ithaca
