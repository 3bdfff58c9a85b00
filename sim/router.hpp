#pragma once
// Which links a message between two GPUs crosses. GPUs pass nothing on for others, but for PXN's relay.

#include <cstdint>
#include <memory>
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
  /// `fabric` must stay. Refuses GPUs that cannot reach each other, naming two, and tables beyond `memory`.
  static Result<Router, std::string> make(const Fabric& fabric, Routing routing, std::uint64_t seed = 1);
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  const Fabric& fabric() const;
  Routing routing() const;

  /// Appends to `paths` a row of links for every path that an equal share of the message takes: one row but for
  /// Routing::spray. Ranks must differ. `channel` tells messages of the same pair apart (ECMP). Threads may share a
  /// router.
  void add_paths(std::uint32_t from, std::uint32_t to, std::uint32_t channel, IndexRows& paths) const;
  /// The same for routings with one path, appended to `links`: the hot path, without allocation once `links` is large.
  void add_path(std::uint32_t from, std::uint32_t to, std::uint32_t channel, std::vector<std::uint32_t>& links) const;
  /// The link between a GPU and its server's switch; none where it has no switch.
  std::optional<std::uint32_t> switch_link(std::uint32_t gpu, Leg leg) const;

 private:
  struct Tables;
  explicit Router(std::unique_ptr<const Tables> tables);
  std::unique_ptr<const Tables> tables_;
};

}  // namespace ithaca
