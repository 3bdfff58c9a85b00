#pragma once
// A built network in words: its kind, nodes, tiers of links and bounds, as `ithaca inspect` shows it.

#include <string>
#include <vector>

#include "cli/section.hpp"
#include "model/fabric.hpp"
#include "sim/fabric.hpp"
#include "sim/fabric_bounds.hpp"

namespace ithaca {

struct FabricView {
  FabricKind kind{};
  Routing routing{};
  FabricGraph graph;
  FabricBounds bounds;
};
FabricView view_of(const Fabric& fabric, const FabricSpec& spec);

/// "rail_optimised, 64 GPUs in 8 servers"
std::string title_of(const FabricView& view);
Section describe(const FabricView& view);

}  // namespace ithaca
