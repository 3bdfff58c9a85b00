#pragma once
// What a machine's own measurements say of its collectives: by how much they differ from NCCL's constants.

#include <cstdint>
#include <vector>

#include "model/quantity.hpp"

namespace ithaca {

enum class Op : std::uint8_t { all_gather, reduce_scatter, all_reduce, all_to_all, send_recv };

/// NCCL takes direct for all-to-all, ring, tree and nvls. The others are the event engine's (sim/schedule.hpp).
enum class Algorithm : std::uint8_t { direct, pairwise, hierarchical, bruck, ring, recursive, nvls, tree };

/// NCCL's ways to pass data on: the first two flag the data itself and so wait less, but fill less of the wire.
enum class Protocol : std::uint8_t { ll, ll128, simple };

/// Straight line of one protocol at one level: what to multiply the model's latency and transfer time by.
struct CollectiveRegime {
  Op op{};
  Algorithm algorithm{};
  Protocol protocol{};
  bool across_nodes = false;
  double latency = 1, transfer = 1;
  /// Of a tree across servers: each level keeps up to `held` bytes before it passes them on, `hop` times as long as
  /// they take through a server's NICs. NCCL's constants know no such wait.
  double hop = 0;
  Bytes held{};
};

/// What no straight line explains, for one size of group: measured time over that of the regimes, by the bytes of a
/// step (see step_bytes).
struct CollectiveCurve {
  struct Point {
    double bytes = 0, factor = 1;
  };
  Op op{};
  Algorithm algorithm{};
  bool across_nodes = false;
  int ranks = 0;
  std::vector<Point> points;  ///< by rising bytes; at least one
};

struct CollectiveProfile {
  std::vector<CollectiveRegime> regimes;
  std::vector<CollectiveCurve> curves;  ///< those of one op, algorithm and level side by side, by rising ranks
};

/// Bytes that a rank passes on at once, which is what networks react to: of rings and of all-to-all the part of one
/// rank; of send/recv, and of trees and NVLS, which cut the buffer by their own rules, all of `message`.
double step_bytes(Op op, Algorithm algorithm, Bytes message, int ranks);

struct Correction {
  double latency = 1, transfer = 1, hop = 0;
  Bytes held{};
  bool known = false;   ///< there is a curve for the op, algorithm and level
  bool inside = false;  ///< and it was measured for fewer and more ranks and bytes, or for as many
};
/// A tree by a protocol that was not measured keeps bytes as the others do. Between curves and points by straight lines
/// of the logarithms; beyond them by the last one, which fades from the largest message on until only the regime is
/// left.
Correction correction(const CollectiveProfile& profile, Op op, Algorithm algorithm, Protocol protocol,
                      bool across_nodes, int ranks, double step_bytes);

/// A collective by NCCL's constants, in the parts that a correction scales.
struct ConstantTimes {
  Seconds latency{}, transfer{};
  Seconds wire{};    ///< of a tree: `transfer` without NCCL's correction by size, which stands for waits at its levels
  Seconds levels{};  ///< of a tree: the whole message through a server's NICs at each level
};
struct CorrectedTimes {
  Seconds latency{}, transfer{};
};
CorrectedTimes corrected(const ConstantTimes& times, Bytes message, const Correction& by);

}  // namespace ithaca
