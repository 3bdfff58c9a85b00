#pragma once
// What a flow system must keep to before it is run.

#include <optional>
#include <string>

#include "model/flows.hpp"

namespace ithaca {

/// The first thing that is wrong, in words that name the link or flow by its index: arrays of unequal length, a
/// capacity or cap that is not above zero, a size or time below zero, what is not finite, links and flows that do not
/// exist, a link twice in a route, flows that wait for each other in a circle.
std::optional<std::string> check(const FlowSystem& system);

/// A flow that waits for itself, perhaps through others; every row of `after` must name existing flows.
std::optional<std::uint32_t> find_circle(const IndexRows& after);

}  // namespace ithaca
