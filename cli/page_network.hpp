#pragma once
// The page's picture of the network: one layer of the row to take, forward and backward, run through the event engine,
// and what that puts on every link.

#include <string>
#include <vector>

#include "configs/reader/load_hardware.hpp"
#include "model/compare.hpp"
#include "model/result.hpp"

namespace ithaca {

struct NetworkLoad {
  std::string title, layout;  ///< in words
  Routing routing{};
  FabricGraph graph;
  std::vector<Bytes> carried;      ///< by link of the graph
  std::vector<std::string> names;  ///< of the links
  Seconds time{};                  ///< of the layer
};

/// The reason where the event engine cannot run the layout, or it would take long.
Result<NetworkLoad, std::string> network_load(const Question& question, const Row& row, const LoadedCluster& cluster);

/// A figure of the page, or a paragraph with the reason.
std::string network_figure(const Result<NetworkLoad, std::string>& load);

}  // namespace ithaca
