#pragma once
// Which links a message between two GPUs crosses. Within a server (nodes of one host) it stays there if it can; beyond,
// it takes a shortest path by the cost of its links, and of several one that leaves the server soonest. Servers
// and their GPUs pass nothing on for others, but for PXN's relay.
//
// Where a shortest path can go on by n links, it takes the one with the number
//   deterministic: x mod n, in the order of the fabric's links, then x becomes x / n. x begins as the destination's
//     number among all doors into servers, switch by switch: D-mod-k in fat trees, where that is the destination's
//     rank.
//   ecmp: a hash of seed, source, destination, channel and place, so that switches choose independently.
//   polarised: the same without the place.
//   spray: all n, as long as that makes no more than kMostPaths rows; then as deterministic.
//   pxn: as deterministic, after NVLink to the GPU of the server that comes nearest to the destination's switch, if the
//     source does not come as near by itself.
// Among n NICs that serve equally, the GPUs of a server take one each, and a GPU takes turns as its peers or channels
// change.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/flows.hpp"
#include "model/result.hpp"
#include "sim/fabric.hpp"

namespace ithaca {

/// The whole way, or NVLS's halves: from a GPU into its server's NVSwitch and out of it.
enum class Leg : std::uint8_t { whole, into_switch, out_of_switch };

class Router {
 public:
  static constexpr std::uint32_t kMostPaths = 256;  ///< rows of one message with Routing::spray
  static constexpr double kMemory = 0x1p30;         ///< that tables may take, in bytes

  /// Why the tables of the cluster's fabric would be too large, where that is plain before it is built.
  static std::optional<std::string> check_size(const Cluster& cluster, const FabricSpec& spec, int gpus,
                                               double memory = kMemory);

  /// `fabric` must stay. Refuses GPUs that cannot reach each other, naming two, and tables beyond `memory` bytes.
  static Result<Router, std::string> make(const Fabric& fabric, Routing routing, std::uint64_t seed = 1,
                                          double memory = kMemory);
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  const Fabric& fabric() const;
  Routing routing() const;

  /// Appends to `paths` a row of links for every path that an equal share of the message takes: one row but for
  /// Routing::spray. Ranks must differ. `channel` tells messages of the same pair apart (ECMP). Threads may share a
  /// router.
  void add_paths(std::uint32_t from, std::uint32_t to, std::uint32_t channel, IndexRows& paths) const;
  /// One path, appended to `links`: the hot path, without allocation once `links` is large. With Routing::spray, the
  /// path that deterministic would take.
  void add_path(std::uint32_t from, std::uint32_t to, std::uint32_t channel, std::vector<std::uint32_t>& links) const;
  /// The link between a GPU and its server's NVSwitch, the first of several; none where it has no switch.
  std::optional<std::uint32_t> switch_link(std::uint32_t gpu, Leg leg) const;

 private:
  struct Tables;
  explicit Router(std::unique_ptr<const Tables> tables);
  std::unique_ptr<const Tables> tables_;
};

}  // namespace ithaca
