#pragma once
// Which wire sets the transfer time of a collective.

#include <string>
#include <vector>

#include "model/compare.hpp"

namespace ithaca {

/// Names of the limiting wires in the order of the estimate's collectives: "NVLink", "NICs", "tier above 256 GPUs";
/// empty where no wire limits.
struct LimitingWires {
  std::vector<std::string> forward, backward, parameters;
};

/// Found by estimating the step once more with each wire much faster: the one that shortens the transfer limits it.
LimitingWires limiting_wires(const Question& question, const Layout& layout);

}  // namespace ithaca
