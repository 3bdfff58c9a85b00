#pragma once
// Collectives as rounds of messages, in all groups of a layout at once.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/collective.hpp"
#include "model/result.hpp"
#include "sim/program.hpp"

namespace ithaca {

/// Algorithms: of all-to-all direct, pairwise, hierarchical, bruck; of all-gather and reduce-scatter ring, recursive,
/// nvls; of all-reduce ring, tree, nvls; of send/recv ring.
/// `size` of a group and `stride` between its ranks; all groups among `ranks` ranks run at once.
struct CollectiveCall {
  Op op{};
  std::optional<Algorithm> algorithm;  ///< none: what NCCL takes
  Group group;
  int ranks = 0;
  Bytes message{};  ///< as nccl-tests counts (model/collective.hpp)
  /// All-to-all with shares of its own: what group member `from` sends to `to`. Empty: message / size.
  std::function<Bytes(int from, int to)> share;
  /// Rounds of a ring or tree one by one. Otherwise they run into each other as one stream: a message of the same bytes
  /// on every hop, after the latency of all rounds. Equal where all hops are.
  bool step_by_step = false;
};

struct Round {
  Exchange exchange;
  int repeat = 1;  ///< rounds in a row that send alike
};

/// The reason where the op has no such algorithm or the group does not allow it (recursive: a power of two).
/// Latencies and efficiencies are the cluster's and NCCL's, so that the rounds on an idle ideal fabric take what
/// model/collective.hpp says.
Result<std::vector<Round>, std::string> schedule(const Cluster& cluster, const CollectiveCall& call);

}  // namespace ithaca
