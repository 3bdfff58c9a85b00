#pragma once
// A network as Graphviz DOT, whole: servers are clusters, and a cable is one edge.

#include <string>

#include "model/fabric.hpp"

namespace ithaca {

std::string write_dot(const FabricGraph& graph);

}  // namespace ithaca
