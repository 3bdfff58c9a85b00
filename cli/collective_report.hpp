#pragma once
// What `ithaca simulate collective` found: a row a size, as nccl-tests prints them.

#include <optional>
#include <string>
#include <vector>

#include "cli/terminal.hpp"
#include "model/collective.hpp"
#include "sim/run_summary.hpp"
#include "sim/seeds.hpp"

namespace ithaca {

struct CollectiveRow {
  Bytes size{};  ///< as nccl-tests counts (model/collective.hpp)
  Algorithm algorithm{};
  std::optional<Protocol> protocol;    ///< where the algorithm is NCCL's
  std::vector<Seconds> by_seed;        ///< at least one
  Seconds bound{};                     ///< what the links allow
  std::optional<Seconds> closed_form;  ///< of the analytic model, which knows only NCCL's algorithms
  std::string busiest;                 ///< link; empty where nothing was sent
  LinkUse use;                         ///< of the busiest link
  std::uint32_t classes = 0;           ///< of ranks that cannot be told apart
  std::size_t flows = 0;
  double messages = 0;
  std::int64_t events = 0;

  Seconds time() const { return spread_of_seeds(0, by_seed).median.time; }
};

struct CollectiveReport {
  std::vector<std::string> argv;
  std::string cluster, cluster_file, cluster_source;
  std::string network;  ///< "rail_optimised, deterministic routing"
  Op op{};
  Group group;
  int gpus = 0;
  bool step_by_step = false, barrier = false;
  std::optional<Bytes> mtu;
  std::uint64_t first_seed = 1;
  std::vector<CollectiveRow> rows;
  std::vector<std::string> notices;
};

/// nccl-tests' bandwidths: size over time, and that times the share of the size that a ring passes through each port.
BytesPerSecond algorithm_bandwidth(const CollectiveRow& row);
BytesPerSecond bus_bandwidth(const CollectiveReport& report, const CollectiveRow& row);

/// No line is wider than `style.width`, which is at least 80.
std::string write_collective_table(const CollectiveReport& report, const Style& style);
std::string write_collective_json(const CollectiveReport& report);
std::string write_collective_csv(const CollectiveReport& report);

}  // namespace ithaca
