#pragma once
// Resources that never hold a flow back, so that nobody has to look at them: all their flows cross another one as well,
// which is full no later.

#include <cstdint>
#include <span>
#include <vector>

#include "model/flows.hpp"
#include "sim/progressive_filling.hpp"

namespace ithaca {

/// By resource, 1 for yes. Of several that stand for each other the lowest is not spare; one that nobody crosses is.
std::vector<std::uint8_t> find_spare(std::span<const double> capacity, const IndexRows& route, Usage usage);

}  // namespace ithaca
